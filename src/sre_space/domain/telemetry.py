"""The application's spans and log records, as analysis and agents use them. Times are Unix nanoseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class SpanKind(StrEnum):
    """OpenTelemetry span kind; UNSPECIFIED when the telemetry does not say."""

    UNSPECIFIED = "unspecified"
    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class SpanStatus(StrEnum):
    """OpenTelemetry span status."""

    UNSET = "unset"
    OK = "ok"
    ERROR = "error"


@dataclass(frozen=True)
class Span:
    """One operation of one service. `parent_id` is "" for a root; ids are lower-case hex."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: SpanKind
    start: int
    end: int
    status: SpanStatus
    status_message: str = ""
    attributes: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    @property
    def duration(self) -> int:
        """Return the span's duration in nanoseconds, never negative."""
        return max(0, self.end - self.start)


@dataclass(frozen=True)
class LogRecord:
    """One log record of one service, with the trace that it belongs to ("" when none)."""

    at: int
    service: str
    severity: str
    body: str
    trace_id: str = ""
    span_id: str = ""
