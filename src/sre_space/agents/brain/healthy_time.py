"""What health looked like: the time before an incident in which no other one was open. For the inquest."""

from collections.abc import Iterable, Sequence

from sre_space.domain.case import Case
from sre_space.domain.facts import Step

SECOND = 10**9
STILL_OPEN = 2**63 - 1
MAX_LOOKBACK_NS = 180 * SECOND  # back: what is older says little of now, and its logs are many

Interval = tuple[int, int]


def ill_times(cases: Iterable[Case], besides: str) -> list[Interval]:
    """From the first symptom to the measured recovery of every incident but one (Unix ns)."""
    return [(_begun(case), _over(case)) for case in cases if case.incident != besides]


def healthy_parts(end: int, length: int, count: int, ill: Sequence[Interval]) -> tuple[Interval, ...]:
    """So many windows of a length (ns) before `end` that no `ill` one touches, oldest first, as late as can be.

    Where there are not so many, those right before `end`: a baseline that is half ill is better than none.
    """
    parts: list[Interval] = []
    until = end
    while len(parts) < count and until - length >= end - MAX_LOOKBACK_NS:
        touching = [begin for begin, over in ill if begin < until and until - length < over]
        if touching:
            until = min(touching)
        else:
            parts.append((until - length, until))
            until -= length
    if len(parts) < count:
        parts = [(end - (number + 1) * length, end - number * length) for number in range(count)]
    return tuple(reversed(parts))


def _begun(case: Case) -> int:
    return min(symptom.since for symptom in case.detection.symptoms)


def _over(case: Case) -> int:
    if case.is_open and not case.recovered:
        return STILL_OPEN
    return (case.fact_of(Step.VERIFY) or case.last).at
