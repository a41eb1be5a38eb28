"""The port to the outbox of facts that are signed but not yet on the forge, so that none is lost while it is down."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Pending:
    """One comment to post: the fact number `seq` of its incident, which follows the fact with the digest `prev`."""

    issue: int
    incident: str
    seq: int
    prev: str
    body: str


class Outbox(Protocol):
    """A durable store of at most one pending fact per incident."""

    def put(self, pending: Pending) -> None:
        """Replace the incident's pending fact; MUST be on disk on return, or in memory while the disk fails."""
        ...

    def get(self, incident: str) -> Pending | None:
        """Return the pending fact of an incident, None without one; an unreadable fact MUST be set aside."""
        ...

    def set_aside(self, incident: str, why: str) -> None:
        """Keep an invalid pending fact for a person to inspect, and notify people; `get` MUST NOT return it."""
        ...

    def drop(self, incident: str) -> None:
        """Delete the pending fact of an incident; an unknown incident MUST be a no-op."""
        ...
