"""GitOps: the desired state in Git, changed by pull requests alone. Fixer proposes, Brain reads the history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Commit:
    """One commit. `files` are the paths it touched against its first parent (() in listings); `at` in Unix ns."""

    sha: str
    message: str
    author: str
    at: int
    parents: tuple[str, ...]
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Branch:
    """A branch and the commit that it names."""

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
    """The required checks of a head: `state` sums them up, `detail` names those that fail or are awaited."""

    state: Literal["success", "pending", "failure"]
    detail: str


class GitOps(Protocol):
    """One repository, seen as one identity.

    Every method MUST raise `Unavailable` for a forge that is down, slow or rate limiting, `Missing` for what does not
    exist, `Conflict` where the base or the head moved or a merge conflicts, and `Refused` for a permission or
    validation error. No method retries by itself, none forces a push.
    """

    async def commits(self, path: str = "", ref: str = "main", since: int = 0) -> Sequence[Commit]:
        """Commits reachable from `ref` that touch `path` and are not older than `since` (Unix ns), newest first."""
        ...

    async def commit(self, sha: str) -> Commit:
        """One commit, with the files it touched; a branch's name stands for its head."""
        ...

    async def read_files(self, folder: str, ref: str = "main") -> Mapping[str, bytes]:
        """The files directly in a folder, by path, at a branch, tag or commit; empty when there is no such folder."""
        ...

    async def read_file(self, path: str, ref: str = "main") -> bytes:
        """Return the bytes of one file at a branch, tag or commit; `Missing` when there is no such file or commit."""
        ...

    async def branches(self) -> Sequence[Branch]:
        """All branches."""
        ...

    async def create_branch(self, name: str, sha: str) -> None:
        """A branch at a commit of `main`; a no-op when it is there at that commit, else `Conflict`."""
        ...

    async def commit_files(self, branch: str, files: Mapping[str, str], message: str, expected_head: str) -> str:
        """One commit of whole files by path on a branch whose head is `expected_head`; the new head.

        Of two who commit at once one MUST be told `Conflict`; its commit MAY be on the branch nevertheless.
        """
        ...

    async def delete_branch(self, name: str) -> None:
        """Delete a branch other than the default one; a no-op when it is gone."""
        ...

    async def open_pull(self, title: str, body: str, head: str, base: str = "main") -> int:
        """The number; that of the open pull request of the same head and base when there is one."""
        ...

    async def pull(self, number: int) -> PullRequest:
        """One pull request."""
        ...

    async def pulls(self, state: Literal["open", "closed", "all"] = "open") -> Sequence[PullRequest]:
        """All pull requests, newest first."""
        ...

    async def pull_files(self, number: int) -> Sequence[str]:
        """The paths that it changes, a renamed file under both names: since its branch left the base as it is now."""
        ...

    async def checks(self, number: int) -> Checks:
        """The required checks of its head; success when none is required."""
        ...

    async def squash(self, number: int, expected_head: str, title: str, message: str) -> str:
        """Squash-merge when its head is still `expected_head`; the commit on the base. Idempotent once merged."""
        ...

    async def close_pull(self, number: int) -> None:
        """Close without merging; closing a closed one MUST be a no-op."""
        ...
