"""Checks of the clocks: whether this machine's clock is right, by the majority of other machines' clocks.

A reading of another clock is stored relative to this machine's steady clock, which is never set, so that a later
change of this machine's wall clock shows at once. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sre_space.domain.case import Case
from sre_space.domain.facts import OWNER

SECOND = 10**9
WRONG_NS = 10 * SECOND  # evidence counts for 5 s, and an HTTP date has whole seconds and a network delay
MAX_AGE_NS = 60 * SECOND  # of a reading of another clock
TOLERATED_NS = 5 * SECOND  # clocks with NTP differ by milliseconds


@dataclass(frozen=True)
class ClockReading:
    """A reading of another clock: `at` is its Unix time (ns), `heard` this machine's steady clock on reception (ns)."""

    at: int
    heard: int

    @property
    def ahead(self) -> int:
        """Return the other clock's Unix time when the steady clock was 0 (ns); network delay makes it too small."""
        return self.at - self.heard


@dataclass(frozen=True)
class ClockComparison:
    """The result of a comparison: what is wrong with this clock (`own`) and with `others`, "" for nothing.

    `offset` is this clock minus theirs (ns), 0 while this clock is right.
    """

    own: str = ""
    others: str = ""
    offset: int = 0


def recent_readings(readings: Sequence[ClockReading], steady: int) -> tuple[ClockReading, ...]:
    """Return the readings that are recent enough at a time of the steady clock (ns)."""
    return tuple(reading for reading in readings if steady - reading.heard <= MAX_AGE_NS)


def compare_clocks(readings: Mapping[str, Sequence[ClockReading]], wall: int, steady: int) -> ClockComparison:
    """Return the comparison of this machine's clock with the recent readings of the others, by name.

    `wall` and `steady` are this machine's clocks now (ns). Of each other clock, the reading with the least network
    delay counts (as in the clock filter of NTP, RFC 5905, section 10). This clock is wrong when it differs from more
    than half of the others by more than `WRONG_NS`; otherwise the others that differ are wrong.
    """
    ahead = {name: max(reading.ahead for reading in several) for name, several in readings.items() if several}
    offsets = {name: wall - steady - other for name, other in ahead.items()}
    off = {name: offset for name, offset in offsets.items() if abs(offset) > WRONG_NS}
    if 2 * len(off) <= len(offsets):
        others = "; ".join(f"the clock of {name} is {_shown(-offset)}" for name, offset in sorted(off.items()))
        return ClockComparison(others=others)
    middle = sorted(off.values())[len(off) // 2]
    return ClockComparison(f"this clock is {_shown(middle, ' of')} {_listed(sorted(off))}", offset=middle)


def _shown(offset: int, of: str = "") -> str:
    return f"{abs(offset) / SECOND:.0f} s {f'ahead{of}' if offset > 0 else 'behind'}"


def _listed(names: Sequence[str]) -> str:
    """Return the names joined by commas and "and"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def clock_differences(case: Case) -> str:
    """Return which agents' clocks differ and by how many seconds at least, as text; "" when the times are in order.

    A fact is always signed after the one that it follows.
    """
    pairs = [(entry.fact, following.fact) for entry, following in zip(case.chain, case.chain[1:], strict=False)]
    before, after = max(pairs, key=lambda pair: pair[0].at - pair[1].at, default=(case.last, case.last))
    ns = before.at - after.at
    if ns <= TOLERATED_NS:
        return ""
    return f"the clocks of {OWNER[before.step]} and {OWNER[after.step]} differ by {ns / 1e9:.0f} s or more"
