"""Telemetry as columns: filled by the readers in `codec/`, read by every analysis.

One numpy array a field and one row an observation; no Python object stands for a span. Each text is
stored once: a column of codes indexes `names`. Times are integer Unix nanoseconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sre_space.domain.diagnosis import CauseKind

Codes = NDArray[np.int32]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NONE = 0  # the code of "" in every vocabulary
ROOT = -1  # the parent row of a span that has none here

UNSPECIFIED, INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(6)  # SpanKind numbers of OTLP
UNSET, OK, ERROR = range(3)  # Status codes of OTLP


class Names(dict[str, int]):
    """A growing vocabulary: `names[text]` is the code of `text`, assigned at its first use."""

    def __init__(self, texts: Iterable[str] = ("",)) -> None:
        super().__init__((text, code) for code, text in enumerate(texts))

    def __missing__(self, text: str) -> int:
        """Assign the next code to a new text and return it; codes count up from 0, which is ""."""
        code = self[text] = len(self)
        return code


@dataclass(frozen=True)
class Texts:
    """Many short texts as one string: text i ends at `ends[i]`; row r shows text `rows[r]`."""

    joined: str = ""
    ends: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    rows: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def __getitem__(self, row: int) -> str:
        """Return the text of one row."""
        text = int(self.rows[row])
        return self.joined[int(self.ends[text - 1]) if text else 0 : int(self.ends[text])]


@dataclass(frozen=True)
class SpanTable:
    """n spans, sorted by trace and then start. `parent` is a row, or ROOT when the parent is not in the table.

    `orphan` marks spans that name a parent which is not in the table. `peer` names the callee of a span
    (peer.service, server.address, db.name ...); `statement` is SQL with its literals removed;
    `message` is the status message of a failed span. `code` is the HTTP status, 0 when unknown.
    """

    trace: Codes
    parent: Codes
    orphan: Flags
    service: Codes
    instance: Codes
    operation: Codes
    statement: Codes
    peer: Codes
    message: Codes
    kind: NDArray[np.int8]
    status: NDArray[np.int8]
    code: NDArray[np.int16]
    start: Ints
    end: Ints
    names: Sequence[str] = ("",)
    span_ids: Texts = field(default_factory=Texts)
    trace_ids: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.trace)

    @property
    def duration(self) -> Ints:
        """Return the durations in nanoseconds, never negative."""
        lengths: Ints = np.maximum(self.end - self.start, 0)
        return lengths

    def id_of(self, row: int) -> str:
        """Return `trace id/span id`, as evidence cites the span."""
        return f"{self.trace_ids[self.trace[row]]}/{self.span_ids[row]}"


@dataclass(frozen=True)
class Series:
    """The measure of one metric series; `version`, `source` and `destination` are "" when unknown."""

    service: str
    instance: str
    name: str
    version: str = ""
    source: str = ""
    destination: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    cumulative: bool = False

    @property
    def label(self) -> str:
        """Return the name of the series for people and for evidence ids."""
        place = f"{self.source}>{self.destination}" if self.source or self.destination else self.service
        detail = ",".join(f"{key}={value}" for key, value in self.attributes)
        parts = [place, self.name, self.instance if self.instance != self.service else "", detail]
        return "/".join(part for part in parts if part)


@dataclass(frozen=True)
class MetricTable:
    """The points of all series: `series` indexes `index`; sorted by series and then time."""

    series: Codes
    time: Ints
    value: Floats
    index: Sequence[Series] = ()

    def __len__(self) -> int:
        return len(self.series)


@dataclass(frozen=True)
class LogTable:
    """Log lines by time. `severity` is OTLP's number (17 and up is an error), 0 when unknown.

    `trace` and `span` are codes of `ids`, the ids that the lines bear; both are empty where no line bears any.
    """

    time: Ints
    service: Codes
    severity: NDArray[np.int8]
    body: Codes
    names: Sequence[str] = ("",)
    trace: Codes = field(default_factory=lambda: np.zeros(0, np.int32))
    span: Codes = field(default_factory=lambda: np.zeros(0, np.int32))
    ids: Sequence[str] = ("",)

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True)
class SkippedInput:
    """Input that was skipped: where (file and line), why, and how many items of it."""

    place: str
    reason: str
    count: int = 1


@dataclass(frozen=True)
class Telemetry:
    """The telemetry of one window of time.

    `whole`: the window holds every trace, so that their number shows the load.
    """

    spans: SpanTable
    metrics: MetricTable
    logs: LogTable
    unreadable: tuple[SkippedInput, ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class Change:
    """A change by people or by a pipeline; `service` is "" when it is unknown.

    `units` are the new units that a gradual release started, each with its start. A deployment was seen to begin at
    `applied` and to be in force from `settled` on (Unix ns); 0 when unknown.
    """

    id: str
    time: int
    service: str
    kind: str
    summary: str
    diff: str
    units: tuple[tuple[str, int], ...] = ()
    applied: int = 0
    settled: int = 0


@dataclass(frozen=True)
class ServiceState:
    """The state of one service at the time of the diagnosis, according to the runtime and a probe.

    `ended`: its unit does not run; `starting`: it was started a moment ago; `answered`, `healthy`: the probe.
    `runtime` and `health` are their descriptions, `runtime_id` names the incarnation of the unit, `since` is when that
    began or ended (Unix ns). `calls` are the services that it calls.
    """

    service: str
    ended: bool
    runtime: str
    runtime_id: str
    answered: bool
    healthy: bool
    health: str
    starting: bool = False
    since: int = 0
    calls: tuple[str, ...] = ()

    @property
    def unhealthy(self) -> bool:
        """Return True when the service is out on its own evidence; never for one that was started a moment ago."""
        return self.ended or not (self.healthy or self.starting)


@dataclass(frozen=True)
class Alert:
    """The alert that paged: `fired_at` (Unix ns) is 0 when unknown; only `services` may be accused (all, when empty).

    `ruled_out_causes` are earlier causes whose remedy was tried and did not help.
    """

    service: str = ""
    metric: str = ""
    summary: str = ""
    fired_at: int = 0
    services: tuple[str, ...] = ()
    ruled_out_causes: tuple[tuple[str, CauseKind], ...] = ()


def no_metrics() -> MetricTable:
    """Return an empty metric table."""
    return MetricTable(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0))


def no_logs() -> LogTable:
    """Return an empty log table."""
    codes = np.zeros(0, np.int32)
    return LogTable(np.zeros(0, np.int64), codes, np.zeros(0, np.int8), codes)
