"""What one operation did in one second, in constant space: counts, errors, latencies, a few trace ids.

Written by `codec/sketches.py` straight from OTLP, read by every detector. Latencies are kept in
logarithmic buckets (DDSketch: Masson, Rim and Lee, VLDB 2019): a quantile is off by at most 2 % of
itself, and sketches of parts merge to exactly the sketch of the whole, in any order and grouping.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import log
from typing import NamedTuple

from sre_space.domain.telemetry import SpanKind

RELATIVE_ERROR = 0.02
GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)  # bucket i holds [GAMMA**i, GAMMA**(i + 1)) ns
MIN_DURATION_NS, MAX_DURATION_NS = 10_000, 1_000 * 10**9  # beyond them all durations share the outermost bucket
EXEMPLARS = 3

_PER_LOG = 1 / log(GAMMA)
MIN_BUCKET, MAX_BUCKET = int(log(MIN_DURATION_NS) * _PER_LOG), int(log(MAX_DURATION_NS) * _PER_LOG)


class Operation(NamedTuple):
    """The operation that a sketch describes; `peer` is the `host:port` that a client span called.

    `peer` is "" for spans without one and for an own database.
    A tuple, not a dataclass, because it is hashed for every span.
    """

    service: str
    kind: SpanKind
    name: str
    peer: str = ""

    @property
    def label(self) -> str:
        """Return the operation's name for people, as in `client POST to 10.0.0.7:5432`."""
        return f"{self.kind} {self.name}{f' to {self.peer}' if self.peer else ''}"


class Exemplar(NamedTuple):
    """One example trace: its duration in ns and its id (16 bytes). Tuples sort by duration."""

    duration: int
    trace_id: bytes


def bucket_of(duration: int) -> int:
    """Return the bucket of a duration in ns."""
    return min(MAX_BUCKET, max(MIN_BUCKET, int(log(duration) * _PER_LOG))) if duration > MIN_DURATION_NS else MIN_BUCKET


def middle_of(bucket: int) -> float:
    """Return the duration in ns that is within 2 % of every duration in the bucket."""
    return float(GAMMA**bucket * 2 * GAMMA / (1 + GAMMA))


@dataclass
class Durations:
    """A histogram of durations in ns; at most 461 buckets, however many durations were added."""

    count: int = 0
    total: int = 0
    buckets: dict[int, int] = field(default_factory=dict)

    def add(self, duration: int) -> None:
        """Add one duration in ns."""
        bucket = bucket_of(duration)
        self.count += 1
        self.total += duration
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def merge(self, other: "Durations") -> None:
        """Add all durations of another histogram."""
        self.count += other.count
        self.total += other.total
        for bucket, number in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + number

    def remove(self, other: "Durations") -> None:
        """Subtract, exactly, a histogram that was merged before; subtracting any other is a bug of the caller."""
        self.count -= other.count
        self.total -= other.total
        for bucket, number in other.buckets.items():
            left = self.buckets[bucket] - number
            if left:
                self.buckets[bucket] = left
            else:
                del self.buckets[bucket]

    def bucket_at(self, share: float) -> int:
        """Return the bucket of the quantile `share` (0 to 1); raise `ValueError` when nothing was added."""
        if not self.count:
            raise ValueError("no quantile of nothing")
        order = sorted(self.buckets)
        rank = share * (self.count - 1)
        reached = accumulate(self.buckets[bucket] for bucket in order)
        return next(bucket for bucket, seen in zip(order, reached, strict=True) if seen > rank)

    def quantile(self, share: float) -> float:
        """Return the quantile in ns, within 2 % of the true one between 10 us and 1000 s."""
        return middle_of(self.bucket_at(share))

    def above(self, bucket: int) -> int:
        """Return how many durations lie in higher buckets: exact, since thresholds are bucket bounds."""
        return sum(number for at, number in self.buckets.items() if at > bucket)

    @property
    def mean(self) -> float:
        """Return the exact mean in ns; 0 when nothing was added."""
        return self.total / self.count if self.count else 0.0


@dataclass
class Sketch:
    """The spans of one operation in one second (or in any merged stretch of time)."""

    durations: Durations = field(default_factory=Durations)
    errors: int = 0
    slowest: tuple[Exemplar, ...] = ()
    failed: tuple[Exemplar, ...] = ()

    @property
    def count(self) -> int:
        """Return the number of spans."""
        return self.durations.count

    def add(self, duration: int, failed: bool, trace_id: bytes) -> None:
        """Add one span with its duration in ns."""
        self.durations.add(duration)
        if len(self.slowest) < EXEMPLARS or duration >= self.slowest[-1].duration:
            self.slowest = _slowest([*self.slowest, Exemplar(duration, trace_id)])
        if failed:
            self.errors += 1
            if len(self.failed) < EXEMPLARS or trace_id <= self.failed[-1].trace_id:
                self.failed = _sampled([*self.failed, Exemplar(duration, trace_id)])

    def merge(self, other: "Sketch") -> None:
        """Add the spans of another sketch; associative and commutative, so the order of merging does not matter."""
        self.durations.merge(other.durations)
        self.errors += other.errors
        if other.slowest and (len(self.slowest) < EXEMPLARS or other.slowest[0] >= self.slowest[-1]):
            self.slowest = _slowest([*self.slowest, *other.slowest])
        if other.failed and (len(self.failed) < EXEMPLARS or other.failed[0].trace_id <= self.failed[-1].trace_id):
            self.failed = _sampled([*self.failed, *other.failed])


def examples_of(sketches: Sequence[Sketch]) -> Sketch:
    """Return the exemplars of merged sketches, without their counts and durations."""
    return Sketch(
        slowest=_slowest(exemplar for sketch in sketches for exemplar in sketch.slowest),
        failed=_sampled(exemplar for sketch in sketches for exemplar in sketch.failed),
    )


def _slowest(exemplars: Iterable[Exemplar]) -> tuple[Exemplar, ...]:
    """Return the slowest traces, each once."""
    return tuple(sorted(_longest_of_each(exemplars), reverse=True)[:EXEMPLARS])


def _sampled(exemplars: Iterable[Exemplar]) -> tuple[Exemplar, ...]:
    """Return the traces with the smallest ids: ids are random, so this is a fair sample that merges."""
    return tuple(sorted(_longest_of_each(exemplars), key=lambda exemplar: exemplar.trace_id)[:EXEMPLARS])


def _longest_of_each(exemplars: Iterable[Exemplar]) -> list[Exemplar]:
    """Return one exemplar a trace, with its longest duration."""
    longest: dict[bytes, int] = {}
    for duration, trace_id in exemplars:
        longest[trace_id] = max(duration, longest.get(trace_id, 0))
    return [Exemplar(duration, trace_id) for trace_id, duration in longest.items()]
