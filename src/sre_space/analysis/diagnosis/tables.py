"""Telemetry as columns: what the readers in `codec/` fill and every analysis reads.

One numpy array a field and one row an observation; no Python object stands for a span. Text is
held once: a column of codes indexes `names`. Times are integer Unix nanoseconds.
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
    """A growing vocabulary: `names[text]` is the code of `text`, given at its first use."""

    def __init__(self, texts: Iterable[str] = ("",)) -> None:
        super().__init__((text, code) for code, text in enumerate(texts))

    def __missing__(self, text: str) -> int:
        """Codes count up from 0, which is ""."""
        code = self[text] = len(self)
        return code


@dataclass(frozen=True)
class Texts:
    """Many short texts as one string: text i ends at `ends[i]`; row r shows text `rows[r]`."""

    joined: str = ""
    ends: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    rows: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def __getitem__(self, row: int) -> str:
        """The text of one row."""
        text = int(self.rows[row])
        return self.joined[int(self.ends[text - 1]) if text else 0 : int(self.ends[text])]


@dataclass(frozen=True)
class SpanTable:
    """n spans, sorted by trace and then start. `parent` is a row, or ROOT when none is here.

    `orphan` marks spans that name a parent which is not here. `peer` names who a span called
    (peer.service, server.address, db.name ...); `statement` is SQL with its literals removed;
    `message` is what a failed span said. `code` is the HTTP status, 0 when not told.
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
        """Nanoseconds, never negative."""
        lengths: Ints = np.maximum(self.end - self.start, 0)
        return lengths

    def id_of(self, row: int) -> str:
        """`trace id/span id`, as evidence cites it."""
        return f"{self.trace_ids[self.trace[row]]}/{self.span_ids[row]}"


@dataclass(frozen=True)
class Series:
    """What one column of numbers measures; `version`, `source` and `destination` are "" when not told."""

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
        """For people and evidence ids."""
        place = f"{self.source}>{self.destination}" if self.source or self.destination else self.service
        detail = ",".join(f"{key}={value}" for key, value in self.attributes)
        parts = [place, self.name, self.instance if self.instance != self.service else "", detail]
        return "/".join(part for part in parts if part)


@dataclass(frozen=True)
class MetricTable:
    """Points of all series: `series` indexes `index`; sorted by series and then time."""

    series: Codes
    time: Ints
    value: Floats
    index: Sequence[Series] = ()

    def __len__(self) -> int:
        return len(self.series)


@dataclass(frozen=True)
class LogTable:
    """Log lines by time. `severity` is OTLP's number (17 and up is an error), 0 when not told."""

    time: Ints
    service: Codes
    severity: NDArray[np.int8]
    body: Codes
    names: Sequence[str] = ("",)

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True)
class SkippedInput:
    """Input that was skipped: where (file and line), and why."""

    place: str
    reason: str


@dataclass(frozen=True)
class Telemetry:
    """One window of a system's life; `whole` when no trace of it was left out, so that their number tells the load."""

    spans: SpanTable
    metrics: MetricTable
    logs: LogTable
    unreadable: tuple[SkippedInput, ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class Change:
    """Something that people or a pipeline changed; `service` is "" when nobody said where.

    `units` are the new units that a gradual release started, each with its time. A deployment was seen to begin at
    `applied` and to be in force from `settled` on (Unix ns); 0 when nobody said.
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
    """What the runtime and a probe said of one service when the incident was looked at.

    `ended`: its unit does not run; `starting`: it was started a moment ago; `answered`, `healthy`: the probe.
    `runtime` and `health` are their words, `runtime_id` names the life of the unit, `since` when that began or ended.
    `calls` are the services that it calls.
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
    def sick(self) -> bool:
        """Out on its own evidence; one that was started a moment ago is not judged yet."""
        return self.ended or not (self.healthy or self.starting)


@dataclass(frozen=True)
class Alert:
    """What paged: `fired_at` is 0 when not told, `services` are those that may be accused (none named: all).

    `ruled_out_causes` are causes of before whose cure was tried and did not help.
    """

    service: str = ""
    metric: str = ""
    summary: str = ""
    fired_at: int = 0
    services: tuple[str, ...] = ()
    ruled_out_causes: tuple[tuple[str, CauseKind], ...] = ()


def no_metrics() -> MetricTable:
    """A window without metrics."""
    return MetricTable(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0))


def no_logs() -> LogTable:
    """A window without logs."""
    codes = np.zeros(0, np.int32)
    return LogTable(np.zeros(0, np.int64), codes, np.zeros(0, np.int8), codes)
