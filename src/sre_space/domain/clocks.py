"""Is this machine's clock right, and do the agents' clocks agree? A majority of the others' clocks decides.

A time that another one told is kept as its distance from this machine's steady clock, which nobody sets, so that a
clock that is set later shows at once. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sre_space.domain.case import Case
from sre_space.domain.facts import OWNER

SECOND = 10**9
WRONG_NS = 10 * SECOND  # evidence counts for 5 s, and an HTTP date has whole seconds and was under way
MAX_AGE_NS = 60 * SECOND  # of what another clock told
TOLERATED_NS = 5 * SECOND  # clocks that are kept by NTP differ by milliseconds


@dataclass(frozen=True)
class ClockReading:
    """A time that another clock told, in Unix ns, and when it was heard by the steady clock, in ns."""

    at: int
    heard: int

    @property
    def ahead(self) -> int:
        """Its Unix time when the steady clock was 0 (ns): what was under way for long makes it too small."""
        return self.at - self.heard


@dataclass(frozen=True)
class Opinion:
    """What is wrong with `own` clock and with those of `others`, "" for nothing; `offset` is own minus theirs (ns)."""

    own: str = ""
    others: str = ""
    offset: int = 0


def kept(told: Sequence[ClockReading], steady: int) -> tuple[ClockReading, ...]:
    """Return what still counts at a time of the steady clock (ns)."""
    return tuple(one for one in told if steady - one.heard <= MAX_AGE_NS)


def opinion(told: Mapping[str, Sequence[ClockReading]], wall: int, steady: int) -> Opinion:
    """Return what is to be thought at a moment of both own clocks (ns), by what each of the others told lately.

    Of each the answer that was the shortest time under way counts (as the clock filter of NTP, RFC 5905, section 10).
    Own is wrong when it differs from more than half of them; else those that differ from it are.
    """
    offsets = {name: wall - steady - max(one.ahead for one in several) for name, several in told.items() if several}
    off = {name: offset for name, offset in offsets.items() if abs(offset) > WRONG_NS}
    if 2 * len(off) <= len(offsets):
        others = "; ".join(f"the clock of {name} is {_told(-offset)}" for name, offset in sorted(off.items()))
        return Opinion(others=others)
    middle = sorted(off.values())[len(off) // 2]
    return Opinion(f"this clock is {_told(middle, ' of')} {_listed(sorted(off))}", offset=middle)


def _told(offset: int, of: str = "") -> str:
    return f"{abs(offset) / SECOND:.0f} s {f'ahead{of}' if offset > 0 else 'behind'}"


def _listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def apart(case: Case) -> str:
    """Return whose clocks differ and by how many seconds at least, in words; "" when a chain's times are in order.

    A fact is signed after the one that it follows.
    """
    pairs = [(one.fact, next_one.fact) for one, next_one in zip(case.chain, case.chain[1:], strict=False)]
    before, after = max(pairs, key=lambda pair: pair[0].at - pair[1].at, default=(case.last, case.last))
    ns = before.at - after.at
    if ns <= TOLERATED_NS:
        return ""
    return f"the clocks of {OWNER[before.step]} and {OWNER[after.step]} differ by {ns / 1e9:.0f} s or more"
