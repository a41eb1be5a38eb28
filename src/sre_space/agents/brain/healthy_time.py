"""The time before an incident in which no other one was open. Used by the investigation for its baselines."""

from collections.abc import Iterable, Sequence

from sre_space.domain.case import Case
from sre_space.domain.facts import Step

SECOND = 10**9
STILL_OPEN = 2**63 - 1
MAX_LOOKBACK_NS = 180 * SECOND  # older telemetry says little about now, and its logs are many

Interval = tuple[int, int]


def incident_times(cases: Iterable[Case], besides: str) -> list[Interval]:
    """Return the time from first symptom to verified recovery of each incident except `besides` (Unix ns)."""
    return [(_start(case), _finish(case)) for case in cases if case.incident != besides]


def healthy_windows(end: int, length: int, count: int, unhealthy: Sequence[Interval]) -> tuple[Interval, ...]:
    """Return `count` windows of `length` ns before `end` that overlap no `unhealthy` interval, oldest first.

    They are as late as possible. When there are fewer, return those directly before `end`: a baseline that overlaps an
    incident is better than none.
    """
    windows: list[Interval] = []
    until = end
    while len(windows) < count and until - length >= end - MAX_LOOKBACK_NS:
        overlapping = [start for start, finish in unhealthy if start < until and until - length < finish]
        if overlapping:
            until = min(overlapping)
        else:
            windows.append((until - length, until))
            until -= length
    if len(windows) < count:
        windows = [(end - (number + 1) * length, end - number * length) for number in range(count)]
    return tuple(reversed(windows))


def _start(case: Case) -> int:
    return min(symptom.since for symptom in case.detection.symptoms)


def _finish(case: Case) -> int:
    if case.is_open and not case.recovered:
        return STILL_OPEN
    return (case.fact_of(Step.VERIFY) or case.last).at
