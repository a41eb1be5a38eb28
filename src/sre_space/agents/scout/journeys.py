"""The attempts of the critical user journeys (CUJ), read from the spans that they select. Used by Scout."""

from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from statistics import median

from sre_space.analysis.detection.thresholds import slow_over
from sre_space.domain.bounds import TOO_LARGE, cut
from sre_space.domain.event_time import MAX_AGE_NS, implausible_reason, implausible_span_reason
from sre_space.domain.facts import JourneyNumbers
from sre_space.domain.journeys import Journey, journey_of
from sre_space.domain.pauses import Pause
from sre_space.domain.symptoms import JourneyCount
from sre_space.domain.telemetry import Span

MAX_ATTEMPTS = 200_000  # the newest are kept: twice as many as a quarter of an hour of a busy day has
MIN_SILENCE_NS = 3 * 10**9  # telemetry comes every second or so
MAX_GAPS = 6  # usual ones without an attempt: where customers come by chance that is one gap in thousands
MAX_ID = 64  # characters of a span id or a trace id; real ones have 16 and 32


@dataclass(frozen=True)
class Attempt:
    """One attempt of the journey `of`. `journey` is the id of the visit; `start` (Unix ns), `took` (ns).

    `heard` is when its span arrived (Unix ns).
    """

    span_id: str
    journey: str
    start: int
    good: bool
    trace_id: str
    step: str
    took: int
    of: str = ""
    heard: int = 0


@dataclass
class JourneyBook:
    """Recent attempts by event time; an attempt counts once, however often its span is delivered.

    A span that several journeys select is an attempt of the first.
    `pauses` are those of this process: if its machine was suspended, the attempts in them were, too. `dropped` counts
    by reason the spans with an invalid time or id.
    """

    journeys: tuple[Journey, ...]
    attempts: deque[Attempt] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)
    dropped: Counter[str] = field(default_factory=Counter)
    pauses: tuple[Pause, ...] = ()

    def add(self, span: Span, now: int) -> Attempt | None:
        """Add a span that arrived at `now` (Unix ns) and return its attempt.

        Return None for a span that no journey selects, is invalid, or was added before.
        """
        journey = journey_of(span, self.journeys)
        if journey is None or span.span_id in self.seen:
            return None
        if reason := _why_invalid(span, now):
            self.dropped[reason] += 1
            return None
        self.seen.add(span.span_id)
        visit = cut(str(span.attributes.get(journey.visit, span.trace_id)))
        start, took = min(span.start, now), span.end - span.start
        attempt = Attempt(
            span.span_id, visit, start, journey.success.of(span), span.trace_id, span.name, took, journey.name, now
        )
        self.attempts.append(attempt)
        if len(self.attempts) % 1000 == 0:
            self._forget(now - MAX_AGE_NS)
        return attempt

    def only(self, journeys: Collection[Journey]) -> "JourneyBook":
        """Return a book of these journeys alone: this one when they are all, else a copy."""
        names = {journey.name for journey in journeys}
        if names >= {journey.name for journey in self.journeys}:
            return self
        kept = deque(attempt for attempt in self.attempts if attempt.of in names)
        return JourneyBook(tuple(journeys), kept, pauses=self.pauses)

    def count(self, since: int, until: int) -> JourneyCount:
        """Return how many attempts that began in [since, until) (Unix ns) were good and bad."""
        return _counted([attempt.good for attempt in self.attempts if since <= attempt.start < until], since, until)

    def count_visits(self, since: int, until: int) -> JourneyCount:
        """Return the good and bad attempts of visits that began in [since, until) (Unix ns), without interrupted ones.

        In a visit that began before a fault, a customer may still buy what was quoted before it. An attempt that a
        pause of this process interrupted says nothing about the application.
        """
        return _counted([attempt.good for attempt in self._of_visits(since, until)], since, until)

    def usual(self, since: int, until: int, inhibited: Callable[[int], bool]) -> Mapping[str, int]:
        """Return the median duration of each step in ns, over good attempts that began in [since, until) (Unix ns).

        Attempts that began at an `inhibited` time, in an incident or a deployment, are left out.
        """
        took: dict[str, list[int]] = {}
        for attempt in self.attempts:
            if attempt.good and since <= attempt.start < until and not inhibited(attempt.start):
                took.setdefault(attempt.step, []).append(attempt.took)
        return {step: int(median(durations)) for step, durations in took.items()}

    def count_quick(self, since: int, until: int, usual: Mapping[str, int]) -> JourneyCount:
        """Return the same as `count_visits`, of the steps in `usual` only, and with slow attempts counted as bad.

        `usual` is the usual duration of each step in ns.
        """
        attempts = (attempt for attempt in self._of_visits(since, until) if attempt.step in usual)
        return _counted(
            [attempt.good and attempt.took <= slow_over(usual[attempt.step]) for attempt in attempts], since, until
        )

    def numbers(self, since: int, until: int, usual: Mapping[str, int]) -> JourneyNumbers:
        """Return what a verdict compares, of visits that began in [since, until) (Unix ns).

        `usual` is the usual duration of each step in ns, for the steps whose durations matter.
        """
        quick = {step: self.count_quick(since, until, {step: took}) for step, took in usual.items()}
        pairs = {step: (count.good, count.bad) for step, count in quick.items()}
        return JourneyNumbers(self.count_visits(since, until), pairs)

    def reaches(self, since: int) -> bool:
        """Return True when the attempts since a Unix ns are known: this process has seen or read back older ones."""
        return min((attempt.start for attempt in self.attempts), default=since + 1) <= since

    def _of_visits(self, since: int, until: int) -> list[Attempt]:
        """Return the attempts before `until` of visits that began at or after `since`, without interrupted ones."""
        visit_starts = self._visit_starts()
        attempts = [
            attempt for attempt in self.attempts if since <= visit_starts[attempt.journey] and attempt.start < until
        ]
        return [attempt for attempt in attempts if not self._interrupted(attempt)]

    def _interrupted(self, attempt: Attempt) -> bool:
        return any(pause.since <= attempt.start + attempt.took and attempt.start < pause.until for pause in self.pauses)

    def _visit_starts(self) -> Mapping[str, int]:
        """Return when each visit began (Unix ns), by its id."""
        first: dict[str, int] = {}
        for attempt in self.attempts:
            first[attempt.journey] = min(attempt.start, first.get(attempt.journey, attempt.start))
        return first

    def good_visits(self, since: int) -> tuple[int, int]:
        """Return how many visits began after the last bad attempt, and from when on they are counted (Unix ns).

        Without a bad attempt since `since`, that is `since`.
        """
        last_bad = max(
            (attempt.start for attempt in self.attempts if not attempt.good and attempt.start >= since),
            default=since - 1,
        )
        return sum(start > last_bad for start in self._visit_starts().values()), last_bad + 1

    def bad_traces(self, since: int, limit: int = 3) -> tuple[str, ...]:
        """Return the trace ids of the newest bad attempts since `since` (Unix ns), at most `limit`."""
        bad = [attempt.trace_id for attempt in self.attempts if not attempt.good and attempt.start >= since]
        return tuple(bad[-limit:])

    def blind(self, now: int) -> bool:
        """Return True when no attempt arrived for much longer than usual: telemetry is missing, or customers are.

        That is a few seconds where attempts come often, and several minutes where they come once a minute.
        """
        silence = now - (self.attempts[-1].heard if self.attempts else 0)
        return silence > MIN_SILENCE_NS and silence > min(MAX_GAPS * self._usual_gap(), MAX_AGE_NS)

    def _usual_gap(self) -> int:
        """Return how long (ns) the gap between two arrivals is at half of all moments at most; 0 when not known.

        By moments and not by gaps: bursts have many short gaps, but nearly all the time lies in the long ones. And one
        long gap, in which telemetry was away, does not count as usual.
        """
        heard = [attempt.heard for attempt in self.attempts]
        recent = [at for at in heard if at > heard[-1] - MAX_AGE_NS]
        gaps = sorted(later - earlier for earlier, later in pairwise(recent))
        return next((gap for gap, passed in zip(gaps, accumulate(gaps), strict=True) if 2 * passed >= sum(gaps)), 0)

    def _forget(self, before: int) -> None:
        kept = [attempt for attempt in self.attempts if attempt.start >= before]
        self.attempts = deque(kept[-MAX_ATTEMPTS:])
        self.seen = {attempt.span_id for attempt in self.attempts}


def _why_invalid(span: Span, now: int) -> str:
    if max(len(span.span_id), len(span.trace_id)) > MAX_ID:
        return TOO_LARGE
    return implausible_span_reason(span.start, span.end, now) or implausible_reason(span.start, now)


def _counted(good: Sequence[bool], since: int, until: int) -> JourneyCount:
    return JourneyCount(sum(good), len(good) - sum(good), since, until)
