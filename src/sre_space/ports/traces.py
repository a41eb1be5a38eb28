"""The trace store that the Brain reads."""

from collections.abc import Sequence
from typing import Protocol

from sre_space.domain.telemetry import Span


class TraceDocuments(Protocol):
    """The trace store's own answers, as they are kept and read again later."""

    async def document(self, service: str, since: int, until: int, limit: int) -> bytes:
        """Jaeger's query JSON of up to `limit` newest traces that touch `service` and start in [since, until) Unix ns.

        An unknown service is an answer without traces. MUST raise `Unavailable` when the store does not answer.
        """
        ...


class Traces(Protocol):
    """Stored spans, queried by time."""

    async def window(self, service: str, since: int, until: int, limit: int = 200) -> Sequence[Span]:
        """All spans of up to `limit` traces that touch `service` and start in [since, until) Unix ns.

        Newest traces first. Spans with a missing parent are kept. An unknown service is an empty answer.
        MUST raise `Unavailable` when the store does not answer.
        """
        ...

    async def close(self) -> None:
        """Release the connection; MUST be safe to call twice."""
        ...
