"""Branches, changed by compare-and-swap because people may push with git meanwhile. Used by every tool that writes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pygit2

from sre_embedded.servers.forge.answers import Refusal
from sre_space.identities import Identity

DEFAULT = "main"
_SHA = re.compile(r"[0-9a-f]{4,40}")


class Moved(Exception):
    """The branch no longer points to the expected commit."""


@dataclass(frozen=True)
class Refs:
    """The branches of a repository; only a merge or an administrator changes those in `protected`."""

    repository: pygit2.Repository
    protected: frozenset[str] = frozenset({DEFAULT})

    def head(self, branch: str) -> str | None:
        """Return the id of a branch's head, None when there is no such branch."""
        full = f"refs/heads/{branch}"
        if not pygit2.reference_is_valid_name(full) or full not in self.repository.references:
            return None
        return str(self.repository.references[full].target)

    def all(self) -> Iterator[tuple[str, str]]:
        """Yield every branch and the id of its head, by name."""
        for full in sorted(self.repository.references):
            branch = full.removeprefix("refs/heads/")
            head = self.head(branch) if branch != full else None
            if head is not None:
                yield branch, head

    def commit(self, name: str) -> pygit2.Commit:
        """Return the commit of a branch, a tag or a (shortened) id; KeyError when there is none."""
        for full in (f"refs/heads/{name}", f"refs/tags/{name}", name):
            if full.startswith("refs/") and pygit2.reference_is_valid_name(full) and full in self.repository.references:
                return self.repository.references[full].peel(pygit2.Commit)
        if not _SHA.fullmatch(name):
            raise KeyError(name)
        try:
            return self.repository.revparse_single(name).peel(pygit2.Commit)
        except (ValueError, pygit2.GitError) as error:  # ambiguous; not a commit
            raise KeyError(name) from error

    def create(self, branch: str, sha: str) -> None:
        """Create a branch; `Refusal` in GitHub's words when that is impossible."""
        full = f"refs/heads/{branch}"
        if not pygit2.reference_is_valid_name(full):
            raise Refusal("create branch", 422, f"{full} is not a valid ref name")
        try:
            self.commit(sha)
            self.repository.references.create(full, sha)
        except KeyError as error:
            raise Refusal("create branch", 422, "Object does not exist") from error
        except (ValueError, OSError, pygit2.GitError) as error:  # the branch exists; `a` and `a/b` exclude each other
            raise Refusal("create branch", 422, "Reference already exists") from error

    def move(self, branch: str, before: str, after: str) -> None:
        """Move a branch from one commit to another.

        `Moved` when the branch does not point to `before`, or another process is changing it.
        """
        full = f"refs/heads/{branch}"
        try:
            reference = self.repository.references[full]
            if str(reference.target) != before:
                raise Moved(f"{branch} moved from {before[:12]} to {str(reference.target)[:12]}")
            reference.set_target(after)  # fails when the branch was moved since it was read
        except (KeyError, OSError, pygit2.GitError) as error:
            raise Moved(f"{branch} moved from {before[:12]}") from error

    def delete(self, branch: str) -> None:
        """Delete a branch if it exists; `Moved` when another process is changing it."""
        try:
            self.repository.references.delete(f"refs/heads/{branch}")
        except KeyError:
            return
        except (OSError, pygit2.GitError) as error:
            raise Moved(f"{branch} is being changed") from error

    def keep_pull_head(self, number: int, sha: str) -> None:
        """Set `refs/pull/N/head`, as GitHub does, so that the head of a pull request outlives its branch."""
        full = f"refs/pull/{number}/head"
        if full not in self.repository.references or str(self.repository.references[full].target) != sha:
            self.repository.references.create(full, sha, force=True)

    def require_push_access(self, branch: str, caller: Identity, action: str) -> None:
        """Raise `Refusal` when the branch is protected and the account is not an administrator."""
        if branch in self.protected and not caller.may("admin"):
            raise Refusal(action, 422, f"Changes of {branch} must be made through a pull request.")
