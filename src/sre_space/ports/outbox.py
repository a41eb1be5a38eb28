"""Facts that are signed but not yet on the forge: no record is lost with the forge down."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Pending:
    """One comment to post: it follows the link `prev` as number `seq`."""

    issue: int
    incident: str
    seq: int
    prev: str
    body: str


class Outbox(Protocol):
    """At most one pending fact per incident, durable."""

    def put(self, pending: Pending) -> None:
        """Replace the incident's pending fact; MUST be on disk on return, or in memory while the disk takes nothing."""
        ...

    def get(self, incident: str) -> Pending | None:
        """The pending fact of an incident; one that cannot be read MUST be set aside."""
        ...

    def set_aside(self, incident: str, why: str) -> None:
        """Keep a pending fact that is no signed fact (any more) for a person, and call one; `get` MUST NOT give it."""
        ...

    def drop(self, incident: str) -> None:
        """Forget it; an unknown incident MUST be a no-op."""
        ...
