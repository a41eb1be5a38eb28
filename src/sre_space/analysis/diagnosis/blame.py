"""Whose fault is something that happened between two services: the end whose other ways are ill too.

A sick end makes all its ways sick; a healthy end only those to the sick one (the coverage idea of
spectrum analysis, MicroRank, Yu et al., WWW 2021, on the ends of calls).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

ALIKE = 10.0  # two ways are alike ill when their illness is of one order of magnitude
UNTOLD = 0.5  # how ill the other ways of an end are that has none


class NetworkHop(NamedTuple):
    """Calls from one service to another, and how ill each of them is (ns added, or failures per call)."""

    caller: str
    callee: str
    illness: float
    calls: int


class Ends(NamedTuple):
    """How ill the other ways of each end are beside this one, 0 to 1."""

    caller: float
    callee: float


def ends_of(hops: Sequence[NetworkHop]) -> Mapping[tuple[str, str], Ends]:
    """For each (caller, callee) what the other ways of its two ends say."""
    pairs = _by_pair(hops)
    return {pair: Ends(_alike(pairs, pair, 0), _alike(pairs, pair, 1)) for pair in pairs}


def _by_pair(hops: Sequence[NetworkHop]) -> dict[tuple[str, str], float]:
    """Mean illness per call."""
    total: dict[tuple[str, str], float] = defaultdict(float)
    calls: dict[tuple[str, str], int] = defaultdict(int)
    for way in hops:
        total[way.caller, way.callee] += max(0.0, way.illness) * way.calls
        calls[way.caller, way.callee] += way.calls
    return {pair: total[pair] / calls[pair] for pair in total}


def _alike(pairs: Mapping[tuple[str, str], float], here: tuple[str, str], end: int) -> float:
    ill = pairs[here]
    others = [other for pair, other in pairs.items() if pair[end] == here[end] and pair != here]
    shared = sum(min(1.0, ALIKE * other / ill) if ill > 0 else 0.0 for other in others)
    return (shared + UNTOLD) / (len(others) + 1)
