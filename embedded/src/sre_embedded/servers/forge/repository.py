"""The real git repository behind the forge, bare, through pygit2; people can clone it."""

from collections.abc import Collection
from pathlib import Path

import pygit2
from pygit2.enums import FileMode, ObjectType

from sre_embedded.servers.forge.objects import refuse_damaged
from sre_space.disk_errors import is_disk_error
from sre_space.domain.errors import Malformed, Missing

AUTHOR = ("sre-space", "sre-space@localhost")
SEEDED = ("deploy", "sre-space.yaml")
_DAMAGED = (KeyError, ValueError, OSError, pygit2.GitError)  # what pygit2 raises for missing or damaged objects


def open_repository(path: Path, seed: Path | None, desired: Collection[str] = ()) -> pygit2.Repository:
    """Open the repository; create it the first time, with `deploy/` and `sre-space.yaml` of the checkout `seed`.

    So are the files in `desired`, its desired state elsewhere. `Malformed` when it is damaged.
    """
    try:
        repository = _open(path)
        if not _has_commits(path):
            _seed(repository, seed, desired)
        _verify_main(repository)
    except _DAMAGED as error:
        if is_disk_error(error):  # a full disk has damaged nothing
            raise
        raise Malformed(
            f"{path} is damaged: {error}; put an intact copy in its place (a backup, or a clone made with `git clone "
            "--bare`); `git fsck` lists what is missing"
        ) from error
    return repository


def _open(path: Path) -> pygit2.Repository:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        _unlock(path)
        refuse_damaged(path)
        return pygit2.Repository(str(path))
    return pygit2.init_repository(str(path), bare=True, initial_head="main")


def _has_commits(path: Path) -> bool:
    """Return False only for a repository that was just created: one that lost its main is never seeded again."""
    return (path / "packed-refs").exists() or any((path / "objects").glob("[0-9a-f][0-9a-f]/*"))


def _verify_main(repository: pygit2.Repository) -> None:
    """Read main to the last file of its tree, which raises when any of it is damaged."""
    unread: list[pygit2.Object] = [repository.references["refs/heads/main"].peel(pygit2.Commit).tree]
    while unread:
        entry = unread.pop()
        unread += entry if isinstance(entry, pygit2.Tree) else []
        if isinstance(entry, pygit2.Blob):
            _ = entry.data


def _unlock(path: Path) -> None:
    """Remove the lock of a killed process on a ref; only this process serves the repository, so no lock is in use."""
    for lock in (*path.glob("*.lock"), *path.glob("refs/**/*.lock")):
        lock.unlink(missing_ok=True)


def _seed(repository: pygit2.Repository, seed: Path | None, desired: Collection[str]) -> None:
    index = pygit2.Index()
    for file in _files(seed, desired) if seed else ():
        blob = repository.create_blob(file.read_bytes())
        index.add(pygit2.IndexEntry(str(file.relative_to(seed or Path())), blob, pygit2.enums.FileMode.BLOB))
    readme = repository.create_blob(b"# Desired state\n\nWhat runs in the space. Changes arrive by pull request.\n")
    index.add(pygit2.IndexEntry("README.md", readme, pygit2.enums.FileMode.BLOB))
    tree = index.write_tree(repository)
    author = pygit2.Signature(*AUTHOR)
    repository.create_commit("refs/heads/main", author, author, "Desired state of the space", tree, [])


def _files(seed: Path, desired: Collection[str]) -> list[Path]:
    roots = {seed / name for name in (*SEEDED, *desired)}
    files = [file for root in roots for file in ([root] if root.is_file() else root.rglob("*"))]
    return sorted({file for file in files if file.is_file() and not file.is_symlink()})


def file_at(path: Path, file: str) -> bytes | None:
    """Return a file of main; None when main has none there, `Missing` when main cannot be read."""
    refuse_damaged(path)
    try:
        tree = pygit2.Repository(str(path)).references["refs/heads/main"].peel(pygit2.Commit).tree
        entry = tree[file] if file in tree else None  # noqa: SIM401 - a tree has no `get`
        return entry.data if isinstance(entry, pygit2.Blob) and entry.filemode != FileMode.LINK else None
    except _DAMAGED as error:
        raise Missing(f"the branch main of {path} cannot be read: {error}") from error


def files_at(path: Path, folder: str) -> tuple[str, str, dict[str, bytes]]:
    """Return main's commit id, its subject, and the files directly in a folder of it, by name.

    No files when there is no such folder; `Missing` when main cannot be read.
    """
    refuse_damaged(path)
    try:
        commit = pygit2.Repository(str(path)).references["refs/heads/main"].peel(pygit2.Commit)
        files = {str(entry.name): entry.data for entry in entries_of(commit, folder) if isinstance(entry, pygit2.Blob)}
    except _DAMAGED as error:
        raise Missing(f"the branch main of {path} cannot be read: {error}") from error
    return str(commit.id), commit.message.partition("\n")[0], files


def entries_of(commit: pygit2.Commit, folder: str) -> list[pygit2.Object]:
    """Return the entries directly in a folder; empty when there is no such folder."""
    try:
        entry = commit.tree[folder]
    except KeyError:
        return []
    return list(entry) if isinstance(entry, pygit2.Tree) else []


def read_path(repository: pygit2.Repository, path: str, ref: str) -> tuple[str, bytes | list[dict[str, object]]]:
    """Return the object id and a file's bytes or a folder's entries; `Missing` for an unknown ref or path."""
    try:
        commit = repository.revparse_single(ref or "main").peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise Missing(f"failed to get ref {ref!r}: 404 Not Found") from error
    entry: pygit2.Object = commit.tree
    inner_path = path.strip("/")
    if inner_path:
        try:
            entry = commit.tree[inner_path]
        except KeyError as error:
            raise Missing(f"failed to get file contents of {path!r}: 404 Not Found") from error
    if isinstance(entry, pygit2.Blob):
        return str(entry.id), entry.data
    return str(entry.id), [_entry(inner_path, child) for child in entry.peel(pygit2.Tree)]


def _entry(folder: str, entry: pygit2.Object) -> dict[str, object]:
    kind = "dir" if entry.type == ObjectType.TREE else "file"
    path = f"{folder}/{entry.name}" if folder else str(entry.name)
    size = entry.size if isinstance(entry, pygit2.Blob) else 0
    return {"type": kind, "name": entry.name, "path": path, "size": size, "sha": str(entry.id)}
