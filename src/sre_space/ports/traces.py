"""The port to the trace store that Brain reads."""

from collections.abc import Sequence
from typing import Protocol

from sre_space.domain.telemetry import Span


class TraceDocuments(Protocol):
    """The trace store's raw answers, which are stored in bundles and parsed again later."""

    async def document(self, service: str, since: int, until: int, limit: int) -> bytes:
        """Return Jaeger's query JSON of up to `limit` newest traces with a span of `service` in [since, until) Unix ns.

        For an unknown service the answer has no traces. MUST raise `Unavailable` when the store does not answer.
        """
        ...


class Traces(Protocol):
    """The stored spans, queried by time."""

    async def window(self, service: str, since: int, until: int, limit: int = 200) -> Sequence[Span]:
        """Return all spans of up to `limit` traces that involve `service` and start in [since, until) Unix ns.

        Newest traces first. Spans with a missing parent are kept. For an unknown service the answer is empty.
        MUST raise `Unavailable` when the store does not answer.
        """
        ...

    async def close(self) -> None:
        """Release the connection; MUST be safe to call twice."""
        ...


class TraceById(Traces, Protocol):
    """A trace store that also gives one trace by its id."""

    async def trace(self, trace_id: str) -> Sequence[Span]:
        """Return the spans of a trace, () when the store has none; raise `Unavailable` when it does not answer."""
        ...
