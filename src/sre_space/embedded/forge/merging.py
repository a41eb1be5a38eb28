"""Trees and commits made without a working copy: edits of whole files, and git's three-way merge by libgit2."""

from collections.abc import Mapping, Sequence

import pygit2
from pygit2.enums import FileMode

from sre_space.embedded.forge.answers import Refusal
from sre_space.embedded.forge.identities import Identity


def merged(repository: pygit2.Repository, base: pygit2.Commit, head: pygit2.Commit) -> str | None:
    """The tree of both, None when they conflict; `git merge-tree --write-tree` says the same (tests)."""
    index = repository.merge_commits(base.id, head.id)
    return None if index.conflicts is not None else str(index.write_tree(repository))


def edited(repository: pygit2.Repository, tree: pygit2.Tree, files: Mapping[str, bytes | None], doing: str) -> str:
    """A tree with files written (executable ones stay so) or, for None, taken away."""
    index = pygit2.Index()
    index.read_tree(tree)
    try:
        for path, content in files.items():
            if content is None:
                index.remove(path)
            else:
                index.add(pygit2.IndexEntry(path, repository.create_blob(content), mode_of(tree, path)))
        return str(index.write_tree(repository))
    except (OSError, ValueError, pygit2.GitError) as error:  # `..`, `.git`, an empty name
        raise Refusal(doing, 422, f"{', '.join(files)} cannot be written: {error}") from error


def mode_of(tree: pygit2.Tree, path: str) -> FileMode:
    """The mode of a file that is there, else a plain one's."""
    try:
        found = FileMode(tree[path].filemode)
    except (KeyError, ValueError):  # not there; no path at all
        return FileMode.BLOB
    return found if found in (FileMode.BLOB, FileMode.BLOB_EXECUTABLE, FileMode.LINK) else FileMode.BLOB


def committed(
    repository: pygit2.Repository, tree: str, message: str, parents: Sequence[str], *, author: Identity, by: Identity
) -> str:
    """A commit that no branch names yet."""
    wrote, made = signature(author), signature(by)
    return str(repository.create_commit(None, wrote, made, message, pygit2.Oid(hex=tree), list(parents)))


def signature(who: Identity) -> pygit2.Signature:
    """An account as git's author, now."""
    return pygit2.Signature(who.login, f"{who.login}@users.noreply.localhost")
