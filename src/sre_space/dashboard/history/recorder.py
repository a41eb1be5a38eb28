"""Keeps the numbers of Scout's reports: fills the present blocks, and stores them every few seconds."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from sre_space.codec.symptom_report import SymptomReport
from sre_space.dashboard.answers.now import Spark
from sre_space.dashboard.history.lines import (
    JOURNEY,
    KEPT_S,
    MINUTES,
    POINTS,
    SECONDS,
    Floats,
    empty,
    subject,
    summary,
    unpacked,
)
from sre_space.dashboard.reading.known import Counted
from sre_space.domain.detectors import DetectorReport, DetectorsReport, DetectorState, JourneyReport
from sre_space.domain.symptoms import SymptomKind
from sre_space.ports.blocks import Blocks, StoredBlock

SECOND = 10**9
MAX_APART_NS = 5 * SECOND  # between two reports whose difference is that second's counts
SPARK_POINTS, SPARK_S = 60, 10
JUDGED = (DetectorState.OK, DetectorState.FIRING, DetectorState.LEARNING)


@dataclass(frozen=True)
class Increment:
    """The counts of one journey in one second."""

    second: int
    good: int
    bad: int
    asked: int
    bought: int


@dataclass
class Recorder:
    """The present minute and hour of every subject; `recent` are the increments of the last hour by journey."""

    blocks: Blocks
    present: dict[tuple[str, int], tuple[int, Floats]] = field(default_factory=dict)
    dirty: set[tuple[str, int]] = field(default_factory=set)
    done: list[StoredBlock] = field(default_factory=list)
    counts: dict[str, tuple[int, JourneyReport]] = field(default_factory=dict)
    recent: dict[str, deque[Increment]] = field(default_factory=dict)
    sparks: dict[str, deque[tuple[int, float | None, float | None]]] = field(default_factory=dict)
    newest: int = 0

    async def resume(self, now: int) -> None:
        """Take up the blocks of the present minute and hour, and the counts of the last hour, from the store."""
        second = now // SECOND
        for step in (SECONDS, MINUTES):
            start = _start(second, step)
            for block in await self.blocks.at(step, start):
                self.present[block.subject, step] = start, unpacked(block.subject, block.values)
        for start in range(_start(second, SECONDS) - KEPT_S[SECONDS], second + 1, POINTS):
            for block in await self.blocks.at(SECONDS, start):
                self._recall(block)

    def _recall(self, block: StoredBlock) -> None:
        kind, _, name = block.subject.partition("/")
        values = unpacked(block.subject, block.values)
        if kind == "journey":
            rows = values[[JOURNEY.index(line) for line in ("good", "bad", "asked", "bought")]]
            for place in map(int, np.flatnonzero(~np.isnan(rows).all(axis=0))):
                good, bad, asked, bought = (int(value) for value in np.nan_to_num(rows[:, place]))
                self._recent(name).append(Increment(block.start + place, good, bad, asked, bought))
        else:
            for first in range(0, POINTS, SPARK_S):
                tenth = summary(block.subject, values[:, first : first + SPARK_S])
                if (rate := _number(tenth[0])) is not None:
                    self._spark(name).append(((block.start + first) // SPARK_S, rate, _number(tenth[1])))

    def take(self, message: SymptomReport) -> None:
        """Add the numbers of a report; one that is older than the newest changes nothing."""
        report, second = message.report, message.at // SECOND
        if report is None or second <= self.newest:
            return
        self.newest = second
        for journey in report.journeys:
            increment = self._increment(journey, message.at)
            self._put(
                subject("journey", journey.journey), second, _of_journey(report, journey, increment, message.blind)
            )
        for service in report.services:
            numbers = {"rate": service.rate, "errors": service.errors, "p95_s": service.p95, "memory": service.memory}
            blind = {"blind": float(message.blind)}
            hidden = dict.fromkeys(numbers) if message.blind else numbers
            self._put(subject("service", service.service), second, hidden | blind)
            if second // SPARK_S != (self._spark(service.service) or [(0, None, None)])[-1][0]:
                self._spark(service.service).append((second // SPARK_S, hidden["rate"], hidden["errors"]))

    def _increment(self, now: JourneyReport, at: int) -> Increment | None:
        """Return what was added since the report before; None when that was too long ago or of another Scout."""
        before = self.counts.get(now.journey)
        self.counts[now.journey] = at, now
        if before is None or before[1].since != now.since or at - before[0] > MAX_APART_NS:
            return None
        then = before[1]
        counts = (now.good - then.good, now.bad - then.bad, now.asked - then.asked, now.bought - then.bought)
        if min(counts) < 0:
            return None
        increment = Increment(at // SECOND, *counts)
        self._recent(now.journey).append(increment)
        return increment

    def _recent(self, journey: str) -> deque[Increment]:
        return self.recent.setdefault(journey, deque(maxlen=KEPT_S[SECONDS]))

    def _spark(self, service: str) -> deque[tuple[int, float | None, float | None]]:
        return self.sparks.setdefault(service, deque(maxlen=SPARK_POINTS))

    def _put(self, of: str, second: int, numbers: Mapping[str, float | None]) -> None:
        column = np.array([np.nan if one is None else one for one in numbers.values()], dtype=np.float32)
        block = self._block(of, SECONDS, second)
        block[:, second % POINTS] = column
        minutes = self._block(of, MINUTES, second)
        minutes[:, second // MINUTES % POINTS] = summary(of, block)

    def _block(self, of: str, step: int, second: int) -> Floats:
        """Return the present block; one that is over is stored with the next batch."""
        key, start = (of, step), _start(second, step)
        held = self.present.get(key)
        if held is None or held[0] != start:
            if held is not None and key in self.dirty:
                self.done.append(StoredBlock(of, step, held[0], held[1].tobytes()))
            held = self.present[key] = start, empty(of)
        self.dirty.add(key)
        return held[1]

    async def store(self, now: int) -> None:
        """Store what is new, and forget what is too old; raise `Unavailable` when the disk cannot be written."""
        batch = [*self.done, *self._changed()]
        if batch:
            await self.blocks.put(batch)
        del self.done[:]
        self.dirty.clear()
        for step, kept in KEPT_S.items():
            await self.blocks.forget(step, now // SECOND - kept - step * POINTS)

    def _changed(self) -> Iterator[StoredBlock]:
        for of, step in self.dirty:
            start, values = self.present[of, step]
            yield StoredBlock(of, step, start, values.tobytes())

    def unstored(self, of: str) -> list[tuple[int, int, Floats]]:
        """Return the blocks of a subject that are not stored yet: resolution, begin (Unix s), numbers."""
        waiting = [(block.step, block.start, unpacked(of, block.values)) for block in self.done if block.subject == of]
        present = [(step, held[0], held[1]) for (its, step), held in self.present.items() if its == of]
        return waiting + present

    def counted(self, journey: str, since: int, until: int) -> Counted | None:
        """Return the counts in [since, until) (Unix ns), from when they are known; None when nothing is."""
        known = self.recent.get(journey)
        if not known:
            return None
        rows = [one for one in known if since <= one.second * SECOND < until]
        begun = max(since, known[0].second * SECOND)
        sums = (sum(one.good for one in rows), sum(one.bad for one in rows))
        return Counted(begun, until, *sums, sum(one.asked for one in rows), sum(one.bought for one in rows))

    def sparklines(self, now: int) -> dict[str, Spark]:
        """Return the sparkline of each service; a tenth of a minute without a report is a gap."""
        newest = now // SECOND // SPARK_S
        return {name: _sparkline(rows, newest) for name, rows in self.sparks.items()}


def _start(second: int, step: int) -> int:
    return second - second % (step * POINTS)


def _of_journey(
    report: DetectorsReport, journey: JourneyReport, increment: Increment | None, blind: bool
) -> Mapping[str, float | None]:
    conversion = report.of(SymptomKind.CONVERSION, journey.journey)
    shown = conversion if conversion and conversion.state in JUDGED and not blind else None
    counts = (increment.good, increment.bad, increment.asked, increment.bought) if increment else (None,) * 4
    numbers = (shown.value if shown else _success(increment, conversion), *_limits(shown), *counts, float(blind))
    return dict(zip(JOURNEY, numbers, strict=True))


def _limits(shown: DetectorReport | None) -> tuple[float | None, float | None]:
    return (shown.threshold, shown.baseline) if shown else (None, None)


def _success(increment: Increment | None, conversion: DetectorReport | None) -> float | None:
    """Return the share of good attempts of a journey that declares no conversion; None otherwise."""
    total = increment.good + increment.bad if increment and conversion is None else 0
    return increment.good / total if increment and total else None


def _number(value: np.float32) -> float | None:
    return None if np.isnan(value) else float(value)


def _sparkline(rows: Iterable[tuple[int, float | None, float | None]], newest: int) -> Spark:
    known = {place: (rate, errors) for place, rate, errors in rows}
    places = range(newest - SPARK_POINTS + 1, newest + 1)
    pairs = [known.get(place, (None, None)) for place in places]
    return Spark(
        until=(newest + 1) * SPARK_S * 1000,
        step_s=SPARK_S,
        rate=tuple(rate for rate, _ in pairs),
        errors=tuple(errors for _, errors in pairs),
    )
