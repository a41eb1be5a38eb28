"""The port to desired state in Git, changed by pull requests only. Fixer proposes changes, Brain reads the history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Commit:
    """One commit. `files` are the paths it changed against its first parent (() in listings); `at` in Unix ns."""

    sha: str
    message: str
    author: str
    at: int
    parents: tuple[str, ...]
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Branch:
    """A branch and the commit that it points to."""

    name: str
    sha: str


@dataclass(frozen=True)
class PullRequest:
    """One pull request; `head_sha` follows its branch while it is open. `merge_sha` is "" unless it was merged."""

    number: int
    title: str
    body: str
    state: Literal["open", "closed"]
    author: str
    head: str
    head_sha: str
    base: str
    merged: bool
    merge_sha: str
    created: int


@dataclass(frozen=True)
class Checks:
    """The required checks of a head: `state` is their summary, `detail` names those that failed or are pending."""

    state: Literal["success", "pending", "failure"]
    detail: str


class GitOps(Protocol):
    """One repository, accessed as one account.

    Every method MUST raise `Unavailable` for a forge that is down, slow or rate limiting, `Missing` for an object that
    does not exist, `Conflict` where the base or the head moved or a merge conflicts, and `Refused` for a permission or
    validation error. No method retries by itself, none forces a push.
    """

    async def commits(self, path: str = "", ref: str = "main", since: int = 0) -> Sequence[Commit]:
        """Return commits reachable from `ref` that change `path`, at or after `since` (Unix ns), newest first."""
        ...

    async def commit(self, sha: str) -> Commit:
        """Return one commit with the files it changed; a branch's name stands for its head."""
        ...

    async def read_files(self, folder: str, ref: str = "main") -> Mapping[str, bytes]:
        """Return the files directly in a folder, by path, at a branch, tag or commit; empty without the folder."""
        ...

    async def read_file(self, path: str, ref: str = "main") -> bytes:
        """Return the bytes of one file at a branch, tag or commit; raise `Missing` without such a file or commit."""
        ...

    async def branches(self) -> Sequence[Branch]:
        """Return all branches."""
        ...

    async def create_branch(self, name: str, sha: str) -> None:
        """Create a branch at a commit of `main`; a no-op when it exists there, `Conflict` when it exists elsewhere."""
        ...

    async def commit_files(self, branch: str, files: Mapping[str, str], message: str, expected_head: str) -> str:
        """Commit whole files by path on a branch whose head is `expected_head`; return the new head.

        Of two concurrent commits one MUST raise `Conflict`; its commit MAY be on the branch nevertheless.
        """
        ...

    async def delete_branch(self, name: str) -> None:
        """Delete a branch other than the default one; a no-op when it does not exist."""
        ...

    async def open_pull(self, title: str, body: str, head: str, base: str = "main") -> int:
        """Open a pull request and return its number; that of an open one with the same head and base if it exists."""
        ...

    async def pull(self, number: int) -> PullRequest:
        """Return one pull request."""
        ...

    async def pulls(self, state: Literal["open", "closed", "all"] = "open") -> Sequence[PullRequest]:
        """Return all pull requests in this state, newest first."""
        ...

    async def pull_files(self, number: int) -> Sequence[str]:
        """Return the paths that it changes since its merge base with the base; both names of a renamed file."""
        ...

    async def checks(self, number: int) -> Checks:
        """Return the required checks of the pull request's head; success when none is required."""
        ...

    async def squash(self, number: int, expected_head: str, title: str, message: str) -> str:
        """Squash-merge if the head is still `expected_head`; return the commit on the base. Idempotent once merged."""
        ...

    async def close_pull(self, number: int) -> None:
        """Close a pull request without merging; closing a closed one MUST be a no-op."""
        ...
