"""The journey book: attempts of the critical user journey, as their callers' root spans tell them."""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from sre_space.analysis.detection.thresholds import slow_over
from sre_space.analysis.statistics.effect import Effect, by_step, effect
from sre_space.domain.bounds import TOO_LARGE, cut
from sre_space.domain.event_time import MAX_AGE_NS, why_no_span, why_not
from sre_space.domain.pauses import Pause
from sre_space.domain.space_config import Journey
from sre_space.domain.symptoms import JourneyCount
from sre_space.domain.telemetry import Span, SpanStatus

MAX_ATTEMPTS = 200_000  # remembered, the newest: twice a busy day's quarter of an hour
MAX_ID = 64  # characters of a span's and of a trace's; real ones have 16 and 32


@dataclass(frozen=True)
class Attempt:
    """One attempt to quote or to buy; `journey` groups the attempts of one customer's visit, `took` is in ns."""

    span_id: str
    journey: str
    start: int
    good: bool
    trace_id: str
    step: str
    took: int


@dataclass
class JourneyBook:
    """Recent attempts by event time, each counted once however often its span is delivered.

    `pauses` are those of this process; with its whole machine, the attempts in them stood still, too.
    `dropped` counts by reason what claims a time or an id that none can have.
    """

    journey: Journey
    attempts: deque[Attempt] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)
    heard_at: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    pauses: tuple[Pause, ...] = ()

    def add(self, span: Span, now: int) -> Attempt | None:
        """Take in a span that was heard of at `now` (Unix ns).

        Anything but a root span of the journey's caller is ignored, and so is a repeated one.
        """
        ours = span.service == self.journey.caller and span.name in self.journey.steps and not span.parent_id
        if not ours or span.span_id in self.seen:
            return None
        if reason := _why_none(span, now):
            self.dropped[reason] += 1
            return None
        self.heard_at = max(self.heard_at, now)
        self.seen.add(span.span_id)
        good = span.status is not SpanStatus.ERROR
        visit = cut(str(span.attributes.get("journey.id", span.trace_id)))
        start, took = min(span.start, now), span.end - span.start
        attempt = Attempt(span.span_id, visit, start, good, span.trace_id, span.name, took)
        self.attempts.append(attempt)
        if len(self.attempts) % 1000 == 0:
            self._forget(now - MAX_AGE_NS)
        return attempt

    def count(self, since: int, until: int) -> JourneyCount:
        """Good and bad attempts that began in [since, until) Unix ns."""
        return _counted([one.good for one in self.attempts if since <= one.start < until], since, until)

    def count_visits(self, since: int, until: int) -> JourneyCount:
        """As `count`, of visits that began at or after `since`, and not of attempts that a pause interrupted.

        What was priced before a fault may still be bought.
        """
        return _counted([one.good for one in self._of_visits(since, until)], since, until)

    def usual(self, since: int, until: int, excused: Callable[[int], bool]) -> Mapping[str, int]:
        """How long each step took (ns), the median over good attempts that began in [since, until) Unix ns.

        Those that began at an `excused` time were of an incident or a deployment.
        """
        took: dict[str, list[int]] = {}
        for one in self.attempts:
            if one.good and since <= one.start < until and not excused(one.start):
                took.setdefault(one.step, []).append(one.took)
        return {step: int(median(all_)) for step, all_ in took.items()}

    def count_quick(self, since: int, until: int, usual: Mapping[str, int]) -> JourneyCount:
        """As `count_visits`, but of the steps in `usual`, and good are only those that were not slow against that."""
        attempts = (one for one in self._of_visits(since, until) if one.step in usual)
        return _counted([one.good and one.took <= slow_over(usual[one.step]) for one in attempts], since, until)

    def effect_on_speed(self, before: tuple[int, int], after: tuple[int, int], usual: Mapping[str, int]) -> Effect:
        """What became of the share of quick attempts from one time to another, each [since, until) Unix ns."""
        whole, *steps = (
            effect(self.count_quick(*before, some), self.count_quick(*after, some))
            for some in (usual, *({step: took} for step, took in usual.items()))
        )
        return by_step(whole, steps)

    def _of_visits(self, since: int, until: int) -> list[Attempt]:
        begun = self._begun()
        found = [one for one in self.attempts if since <= begun[one.journey] and one.start < until]
        return [one for one in found if not self._interrupted(one)]

    def _interrupted(self, attempt: Attempt) -> bool:
        return any(one.since <= attempt.start + attempt.took and attempt.start < one.until for one in self.pauses)

    def _begun(self) -> Mapping[str, int]:
        """When each visit began (Unix ns)."""
        first: dict[str, int] = {}
        for attempt in self.attempts:
            first[attempt.journey] = min(attempt.start, first.get(attempt.journey, attempt.start))
        return first

    def good_visits(self, since: int) -> tuple[int, int]:
        """Visits begun after the last bad attempt and after `since`: how many, and that moment (Unix ns)."""
        last_bad = max((a.start for a in self.attempts if not a.good and a.start >= since), default=since - 1)
        return sum(start > last_bad for start in self._begun().values()), last_bad + 1

    def bad_traces(self, since: int, limit: int = 3) -> tuple[str, ...]:
        """Trace ids of the newest bad attempts."""
        bad = [attempt.trace_id for attempt in self.attempts if not attempt.good and attempt.start >= since]
        return tuple(bad[-limit:])

    def blind(self, now: int, patience_ns: int = 3 * 10**9) -> bool:
        """True when no attempt was heard of lately: the telemetry is blind, or nobody travels."""
        return now - self.heard_at > patience_ns

    def _forget(self, before: int) -> None:
        kept = [attempt for attempt in self.attempts if attempt.start >= before]
        self.attempts = deque(kept[-MAX_ATTEMPTS:])
        self.seen = {attempt.span_id for attempt in self.attempts}


def _why_none(span: Span, now: int) -> str:
    if max(len(span.span_id), len(span.trace_id)) > MAX_ID:
        return TOO_LARGE
    return why_no_span(span.start, span.end, now) or why_not(span.start, now)


def _counted(good: Sequence[bool], since: int, until: int) -> JourneyCount:
    return JourneyCount(sum(good), len(good) - sum(good), since, until)
