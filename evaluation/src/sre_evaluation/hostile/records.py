"""What a window leaves behind: spans, log lines, metric points, and what each customer got. Times are milliseconds."""

from dataclasses import dataclass, field

UNSET, ERROR = 0, 2
INFO, WARN, FAULT, DEBUG = "INFO", "WARN", "ERROR", "DEBUG"

Attributes = dict[str, str | int | float | bool]


@dataclass(slots=True)
class Span:
    """A span; `end` is -1 as long as it has not ended, and such a span is never exported."""

    trace: str
    id: str
    parent: str
    service: str
    instance: str
    name: str
    kind: int
    start: float
    end: float = -1.0
    attributes: Attributes = field(default_factory=dict)
    status: int = UNSET
    message: str = ""
    exceptions: list[tuple[float, str]] = field(default_factory=list)


@dataclass(slots=True)
class Log:
    """A line of a log, before its format."""

    at: float
    service: str
    instance: str
    level: str
    text: str
    trace: str = ""
    span: str = ""


@dataclass(slots=True, frozen=True)
class Point:
    """A metric's value at a time; `form` is gauge, counter, or histogram (then `value` is its sum)."""

    at: float
    service: str
    instance: str
    name: str
    value: float
    form: str = "gauge"
    attributes: tuple[tuple[str, str], ...] = ()
    count: int = 0
    unit: str = ""


@dataclass(slots=True, frozen=True)
class Served:
    """What one customer got: the kind of request, the answer, whether it was wrong in content, how long it took."""

    at: float
    operation: str
    code: int
    wrong: bool
    ms: float


@dataclass(slots=True, frozen=True)
class Answer:
    """How a piece of work ended: an HTTP status, and the message of a failure; `wrong` content fails no protocol."""

    code: int = 200
    message: str = ""
    wrong: bool = False

    @property
    def failed(self) -> bool:
        """Return True for an answer that is the server's fault."""
        return self.code >= 500


@dataclass(slots=True)
class Observed:
    """Everything of one window."""

    seconds: float
    spans: list[Span] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)
