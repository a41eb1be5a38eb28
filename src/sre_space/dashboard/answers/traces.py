"""The traces of an incident, from the store, or from the incident's bundle once the store has dropped them."""

from pydantic import Field

from sre_space.dashboard.answers.base import Answer, Model


class TraceRow(Model):
    """One trace in the list."""

    trace_id: str
    root: str = Field(description="service and operation of its first span")
    at: int
    duration_s: float
    spans: int
    errors: int
    services: tuple[str, ...]
    cited: bool = Field(description="the incident's facts cite it")


class Traces(Answer):
    """The traces of one incident. `source`: `store`, `bundle` or `gone`; `why` says so in words."""

    incident: int
    source: str
    why: str
    since: int
    until: int
    traces: tuple[TraceRow, ...]
    left_out: int = 0


class SpanRow(Model):
    """One span; times in microseconds from the trace's start. `own_us` is self time, `critical` on the critical path.

    `depth` and the order of the rows are those of the tree; `children` counts the spans right below.
    """

    id: str
    parent: str
    service: str
    name: str
    kind: str
    start_us: int
    duration_us: int
    own_us: int
    depth: int
    children: int
    error: bool
    message: str = ""
    critical: bool
    culprit: bool = False


class Waterfall(Answer):
    """One trace as a tree in rows, at most 20,000 (`left_out` counts the rest)."""

    trace_id: str
    source: str
    why: str
    began: int
    duration_us: int
    services: tuple[str, ...]
    spans: tuple[SpanRow, ...]
    errors: int
    left_out: int = 0


class SpanDetail(Answer):
    """One span's attributes, all as text that came from the application: data, never HTML."""

    trace_id: str
    span_id: str
    attributes: dict[str, str] = Field(description="at most 128, each cut to 2,000 characters")
