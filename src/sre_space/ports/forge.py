"""The forge: issues, comments and labels of one repository."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

MAX_COMMENTS = 5_000  # of an issue that are read: GitHub lets one account write as many in ten hours


@dataclass(frozen=True)
class Comment:
    """One comment. `id` grows with time inside an issue; times are Unix ns; edited means updated != created."""

    id: int
    author: str
    author_id: int
    body: str
    created: int
    updated: int


@dataclass(frozen=True)
class Issue:
    """One issue. `state` is "open" or "closed"; `comments` is the forge's count."""

    number: int
    title: str
    body: str
    state: Literal["open", "closed"]
    author: str
    labels: tuple[str, ...]
    comments: int
    created: int
    updated: int


class Forge(Protocol):
    """One repository, seen as one identity.

    Every method MUST raise `Unavailable` (with the forge's retry-after when it names one) for a
    forge that is down, slow or rate limiting, `Missing` for what does not exist, and `Refused`
    for a permission or validation error. No method retries by itself.
    """

    async def whoami(self) -> str:
        """The login of this identity."""
        ...

    async def open_issue(self, title: str, body: str, labels: Sequence[str]) -> int:
        """The new issue's number. NOT idempotent: a caller that lost the answer looks with `issues` first."""
        ...

    async def issue(self, number: int) -> Issue:
        """One issue, read after write by the same identity."""
        ...

    async def issues(self, *, state: Literal["open", "closed", "all"] = "open", since: int = 0) -> Sequence[Issue]:
        """All issues updated at or after `since` (Unix ns), oldest number first, over all pages."""
        ...

    async def comment(self, number: int, body: str) -> int:
        """Append a comment; its id. NOT idempotent."""
        ...

    async def comments(self, number: int) -> Sequence[Comment]:
        """The oldest comments of the issue in id order, over all pages; never more than `MAX_COMMENTS`."""
        ...

    async def set_labels(self, number: int, labels: Sequence[str]) -> None:
        """Replace the labels; missing label definitions MUST be created."""
        ...

    async def close_issue(self, number: int) -> None:
        """Close as completed; closing a closed issue MUST be a no-op."""
        ...

    async def close(self) -> None:
        """Release the connection; MUST be safe to call twice."""
        ...
