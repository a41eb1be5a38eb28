"""The port to the forge: issues, comments and labels of one repository."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

MAX_COMMENTS = 5_000  # read per issue: as many as GitHub lets one account write in ten hours


@dataclass(frozen=True)
class Comment:
    """One comment. `id` grows with time inside an issue; times are Unix ns; an edited one has updated != created."""

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
    """One repository, accessed as one account.

    Every method MUST raise `Unavailable` (with the forge's retry-after when it names one) for a
    forge that is down, slow or rate limiting, `Missing` for an object that does not exist, and `Refused`
    for a permission or validation error. No method retries by itself.
    """

    async def whoami(self) -> str:
        """Return the login of this account."""
        ...

    async def open_issue(self, title: str, body: str, labels: Sequence[str]) -> int:
        """Open an issue and return its number. NOT idempotent: a caller that lost the answer checks `issues` first."""
        ...

    async def issue(self, number: int) -> Issue:
        """Return one issue; an account MUST see its own writes."""
        ...

    async def issues(self, *, state: Literal["open", "closed", "all"] = "open", since: int = 0) -> Sequence[Issue]:
        """Return all issues updated at or after `since` (Unix ns), lowest number first, over all pages."""
        ...

    async def comment(self, number: int, body: str) -> int:
        """Append a comment and return its id. NOT idempotent."""
        ...

    async def comments(self, number: int) -> Sequence[Comment]:
        """Return the oldest comments of the issue in id order, over all pages; at most `MAX_COMMENTS`."""
        ...

    async def set_labels(self, number: int, labels: Sequence[str]) -> None:
        """Replace the labels; missing label definitions MUST be created."""
        ...

    async def close_issue(self, number: int) -> None:
        """Close an issue as completed; closing a closed issue MUST be a no-op."""
        ...

    async def close(self) -> None:
        """Release the connection; MUST be safe to call twice."""
        ...
