"""Trees and commits made without a working copy: edits of whole files, and git's three-way merge through libgit2."""

from collections.abc import Mapping, Sequence

import pygit2
from pygit2.enums import FileMode

from sre_embedded.servers.forge.answers import Refusal
from sre_space.identities import Identity


def merge_trees(repository: pygit2.Repository, base: pygit2.Commit, head: pygit2.Commit) -> str | None:
    """Return the merged tree, None when there are conflicts; tests compare it with `git merge-tree --write-tree`."""
    index = repository.merge_commits(base.id, head.id)
    return None if index.conflicts is not None else str(index.write_tree(repository))


def edit_tree(repository: pygit2.Repository, tree: pygit2.Tree, files: Mapping[str, bytes | None], action: str) -> str:
    """Return a tree with `files` written, or deleted where the content is None; executable files stay so.

    `Refusal` 422 for a path that git does not allow.
    """
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
        raise Refusal(action, 422, f"{', '.join(files)} cannot be written: {error}") from error


def mode_of(tree: pygit2.Tree, path: str) -> FileMode:
    """Return the mode of an existing file, else that of a plain file."""
    try:
        mode = FileMode(tree[path].filemode)
    except (KeyError, ValueError):  # no such file; not a path
        return FileMode.BLOB
    return mode if mode in (FileMode.BLOB, FileMode.BLOB_EXECUTABLE, FileMode.LINK) else FileMode.BLOB


def create_commit(
    repository: pygit2.Repository, tree: str, message: str, parents: Sequence[str], *, author: Identity, by: Identity
) -> str:
    """Create a commit that no branch points to yet; return its id."""
    author_signature, committer_signature = signature(author), signature(by)
    return str(
        repository.create_commit(
            None, author_signature, committer_signature, message, pygit2.Oid(hex=tree), list(parents)
        )
    )


def signature(identity: Identity) -> pygit2.Signature:
    """Return an account as a git signature with the current time."""
    return pygit2.Signature(identity.login, f"{identity.login}@users.noreply.localhost")
