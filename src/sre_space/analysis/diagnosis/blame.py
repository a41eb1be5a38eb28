"""Which of two services is to blame for what happened between them: the one whose other hops suffer too.

An affected service shows on all of its hops; a healthy one only on those to the affected one (the coverage
idea of spectrum analysis, MicroRank, Yu et al., WWW 2021, on the ends of calls).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

ALIKE = 10.0  # two hops suffer alike when their excess is of one order of magnitude
NO_OTHER_HOPS = 0.5  # the share for an end that has no other hops


class NetworkHop(NamedTuple):
    """Calls from one service to another, and the excess of each of them (ns added, or failures per call)."""

    caller: str
    callee: str
    excess: float
    calls: int


class Ends(NamedTuple):
    """For both ends of a hop, the share (0 to 1) of their other hops that suffer as much as this one."""

    caller: float
    callee: float


def ends_of(hops: Sequence[NetworkHop]) -> Mapping[tuple[str, str], Ends]:
    """Return, for each (caller, callee), how alike the other hops of its caller, and of its callee, are slowed down."""
    pairs = _by_pair(hops)
    return {pair: Ends(_alike(pairs, pair, 0), _alike(pairs, pair, 1)) for pair in pairs}


def _by_pair(hops: Sequence[NetworkHop]) -> dict[tuple[str, str], float]:
    """Return the mean excess per call of each pair."""
    total: dict[tuple[str, str], float] = defaultdict(float)
    calls: dict[tuple[str, str], int] = defaultdict(int)
    for hop in hops:
        total[hop.caller, hop.callee] += max(0.0, hop.excess) * hop.calls
        calls[hop.caller, hop.callee] += hop.calls
    return {pair: total[pair] / calls[pair] for pair in total}


def _alike(pairs: Mapping[tuple[str, str], float], here: tuple[str, str], end: int) -> float:
    """Return the share (0 to 1) of the end's other hops that are of this hop's order of magnitude."""
    excess = pairs[here]
    others = [other for pair, other in pairs.items() if pair[end] == here[end] and pair != here]
    shared = sum(min(1.0, ALIKE * other / excess) if excess > 0 else 0.0 for other in others)
    return (shared + NO_OTHER_HOPS) / (len(others) + 1)
