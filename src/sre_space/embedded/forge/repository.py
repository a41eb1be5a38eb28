"""The real git repository behind the forge, bare, by pygit2; a person can clone it."""

from pathlib import Path

import pygit2
from pygit2.enums import ObjectType

from sre_space.domain.errors import Malformed, Missing
from sre_space.embedded.forge.objects import refuse_damaged
from sre_space.embedded.storing import is_of_disk

AUTHOR = ("sre-space", "sre-space@localhost")
SEEDED = ("deploy", "sre-space.yaml")
_DAMAGED = (KeyError, ValueError, OSError, pygit2.GitError)  # what pygit2 says of what is not there or no Git


def open_repository(path: Path, seed: Path | None) -> pygit2.Repository:
    """Open it; the first time make it, with `deploy/` and the chart of the checkout `seed` as the first commit."""
    try:
        repository = _opened(path)
        if not _has_commits(path):
            _seed(repository, seed)
        _read_whole(repository)
    except _DAMAGED as error:
        if is_of_disk(error):  # a full one has damaged nothing
            raise
        raise Malformed(
            f"{path} is damaged: {error}; put a good copy in its place (a backup, or a clone made with `git clone "
            "--bare`); `git fsck` tells what is missing"
        ) from error
    return repository


def _opened(path: Path) -> pygit2.Repository:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        _unlock(path)
        refuse_damaged(path)
        return pygit2.Repository(str(path))
    return pygit2.init_repository(str(path), bare=True, initial_head="main")


def _has_commits(path: Path) -> bool:
    """False only for a repository that was just made: one whose main is lost is never begun anew."""
    return (path / "packed-refs").exists() or any((path / "objects").glob("[0-9a-f][0-9a-f]/*"))


def _read_whole(repository: pygit2.Repository) -> None:
    """Raises for a main that cannot be read, to the last file of its tree."""
    left: list[pygit2.Object] = [repository.references["refs/heads/main"].peel(pygit2.Commit).tree]
    while left:
        found = left.pop()
        left += found if isinstance(found, pygit2.Tree) else []
        if isinstance(found, pygit2.Blob):
            _ = found.data


def _unlock(path: Path) -> None:
    """A process that was killed leaves its lock on a ref; nobody else serves this repository, so none is in use."""
    for lock in (*path.glob("*.lock"), *path.glob("refs/**/*.lock")):
        lock.unlink(missing_ok=True)


def _seed(repository: pygit2.Repository, seed: Path | None) -> None:
    index = pygit2.Index()
    for file in _files(seed) if seed else ():
        blob = repository.create_blob(file.read_bytes())
        index.add(pygit2.IndexEntry(str(file.relative_to(seed or Path())), blob, pygit2.enums.FileMode.BLOB))
    readme = repository.create_blob(b"# Desired state\n\nWhat runs in the space. Changes arrive by pull request.\n")
    index.add(pygit2.IndexEntry("README.md", readme, pygit2.enums.FileMode.BLOB))
    tree = index.write_tree(repository)
    who = pygit2.Signature(*AUTHOR)
    repository.create_commit("refs/heads/main", who, who, "Desired state of the space", tree, [])


def _files(seed: Path) -> list[Path]:
    roots = [seed / name for name in SEEDED]
    found = [file for root in roots for file in ([root] if root.is_file() else root.rglob("*"))]
    return sorted(file for file in found if file.is_file() and not file.is_symlink())


def files_at(path: Path, folder: str) -> tuple[str, str, dict[str, bytes]]:
    """Main's commit id, its subject, and the files that lie in a folder of it, by name; none without the folder."""
    refuse_damaged(path)
    try:
        commit = pygit2.Repository(str(path)).references["refs/heads/main"].peel(pygit2.Commit)
        found = {str(entry.name): entry.data for entry in entries_of(commit, folder) if isinstance(entry, pygit2.Blob)}
    except _DAMAGED as error:
        raise Missing(f"{path} has no main that can be read: {error}") from error
    return str(commit.id), commit.message.partition("\n")[0], found


def entries_of(commit: pygit2.Commit, folder: str) -> list[pygit2.Object]:
    """What lies directly in a folder; nothing when there is no such folder."""
    try:
        found = commit.tree[folder]
    except KeyError:
        return []
    return list(found) if isinstance(found, pygit2.Tree) else []


def read_path(repository: pygit2.Repository, path: str, ref: str) -> tuple[str, bytes | list[dict[str, object]]]:
    """The object id and a file's bytes, or a folder's entries; `Missing` for an unknown ref or path."""
    try:
        commit = repository.revparse_single(ref or "main").peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise Missing(f"failed to get ref {ref!r}: 404 Not Found") from error
    found: pygit2.Object = commit.tree
    wanted = path.strip("/")
    if wanted:
        try:
            found = commit.tree[wanted]
        except KeyError as error:
            raise Missing(f"failed to get file contents of {path!r}: 404 Not Found") from error
    if isinstance(found, pygit2.Blob):
        return str(found.id), found.data
    return str(found.id), [_entry(wanted, entry) for entry in found.peel(pygit2.Tree)]


def _entry(folder: str, entry: pygit2.Object) -> dict[str, object]:
    kind = "dir" if entry.type == ObjectType.TREE else "file"
    path = f"{folder}/{entry.name}" if folder else str(entry.name)
    size = entry.size if isinstance(entry, pygit2.Blob) else 0
    return {"type": kind, "name": entry.name, "path": path, "size": size, "sha": str(entry.id)}
