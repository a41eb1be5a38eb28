"""Branches as compare-and-swap: a person may push with git at the same moment. Used by every tool that writes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pygit2

from sre_space.embedded.forge.answers import Refusal
from sre_space.embedded.forge.identities import Identity

DEFAULT = "main"
_SHA = re.compile(r"[0-9a-f]{4,40}")


class Moved(Exception):
    """The branch names another commit than it did."""


@dataclass(frozen=True)
class Refs:
    """The branches of a repository; `protected` ones are changed by a merge, or by an administrator."""

    repository: pygit2.Repository
    protected: frozenset[str] = frozenset({DEFAULT})

    def head(self, branch: str) -> str | None:
        """The commit that a branch names."""
        full = f"refs/heads/{branch}"
        if not pygit2.reference_is_valid_name(full) or full not in self.repository.references:
            return None
        return str(self.repository.references[full].target)

    def all(self) -> Iterator[tuple[str, str]]:
        """Every branch by name, and its commit."""
        for full in sorted(self.repository.references):
            branch = full.removeprefix("refs/heads/")
            head = self.head(branch) if branch != full else None
            if head is not None:
                yield branch, head

    def commit(self, name: str) -> pygit2.Commit:
        """The commit that a branch, a tag or a (shortened) id names; KeyError when there is none."""
        for full in (f"refs/heads/{name}", f"refs/tags/{name}", name):
            if full.startswith("refs/") and pygit2.reference_is_valid_name(full) and full in self.repository.references:
                return self.repository.references[full].peel(pygit2.Commit)
        if not _SHA.fullmatch(name):
            raise KeyError(name)
        try:
            return self.repository.revparse_single(name).peel(pygit2.Commit)
        except (ValueError, pygit2.GitError) as error:  # ambiguous; no commit
            raise KeyError(name) from error

    def create(self, branch: str, sha: str) -> None:
        """A new branch; `Refusal` in GitHub's words when it cannot be."""
        full = f"refs/heads/{branch}"
        if not pygit2.reference_is_valid_name(full):
            raise Refusal("create branch", 422, f"{full} is not a valid ref name")
        try:
            self.commit(sha)
            self.repository.references.create(full, sha)
        except KeyError as error:
            raise Refusal("create branch", 422, "Object does not exist") from error
        except (ValueError, OSError, pygit2.GitError) as error:  # there; `a` and `a/b` exclude each other
            raise Refusal("create branch", 422, "Reference already exists") from error

    def move(self, branch: str, before: str, after: str) -> None:
        """From one commit to another; `Moved` when it does not name `before`, or is being changed at this moment."""
        full = f"refs/heads/{branch}"
        try:
            reference = self.repository.references[full]
            if str(reference.target) != before:
                raise Moved(f"{branch} moved from {before[:12]} to {str(reference.target)[:12]}")
            reference.set_target(after)  # fails when somebody moved it since it was read
        except (KeyError, OSError, pygit2.GitError) as error:
            raise Moved(f"{branch} moved from {before[:12]}") from error

    def delete(self, branch: str) -> None:
        """Gone, if it was there; `Moved` when it is being changed at this moment."""
        try:
            self.repository.references.delete(f"refs/heads/{branch}")
        except KeyError:
            return
        except (OSError, pygit2.GitError) as error:
            raise Moved(f"{branch} is being changed") from error

    def keep(self, number: int, sha: str) -> None:
        """`refs/pull/N/head`, as GitHub has it: the head of a pull request outlives its branch."""
        full = f"refs/pull/{number}/head"
        if full not in self.repository.references or str(self.repository.references[full].target) != sha:
            self.repository.references.create(full, sha, force=True)

    def must_accept(self, branch: str, who: Identity, doing: str) -> None:
        """A protected branch takes no commit but a merge's, unless it is an administrator's."""
        if branch in self.protected and not who.may("admin"):
            raise Refusal(doing, 422, f"Changes of {branch} must be made through a pull request.")
