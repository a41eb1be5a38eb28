"""Do the agents' clocks agree? Read off the times in a chain: a fact is signed after the one that it follows."""

from sre_space.domain.case import Case
from sre_space.domain.facts import OWNER

TOLERATED_NS = 5 * 10**9  # clocks that are kept by NTP differ by milliseconds


def apart(case: Case) -> str:
    """Whose clocks differ and by how many seconds at least, in words; "" when the times of the facts are in order."""
    pairs = [(one.fact, next_one.fact) for one, next_one in zip(case.chain, case.chain[1:], strict=False)]
    before, after = max(pairs, key=lambda pair: pair[0].at - pair[1].at, default=(case.last, case.last))
    ns = before.at - after.at
    if ns <= TOLERATED_NS:
        return ""
    return f"the clocks of {OWNER[before.step]} and {OWNER[after.step]} differ by {ns / 1e9:.0f} s or more"
