"""What a signed order `hold` says: `<since> <until> <services> <reason>`, times in Unix ns, services with commas.

The order is a comment on the hold's own issue and names that issue, so a copy on another issue counts for nothing.
"""

import re

from sre_space.domain.errors import Malformed
from sre_space.domain.holds import MAX_HOLD_NS, MAX_REASON, Hold

_HOLD = re.compile(r"(\d{1,20}) (\d{1,20}) ([^\s,]+(?:,[^\s,]+)*) (\S.*)", re.DOTALL)


def render_hold(hold: Hold) -> str:
    """Return the hold as the plan of an order."""
    return f"{hold.since} {hold.until} {','.join(sorted(hold.services))} {hold.reason[:MAX_REASON]}"


def parse_hold(plan: str, by: str, issue: int) -> Hold:
    """Return the hold that the plan of an order on an issue says; raise `Malformed`, also for more than a day."""
    match = _HOLD.fullmatch(plan)
    if match is None:
        raise Malformed("no hold: it says not from when until when it lasts, on what, and why")
    since, until = int(match[1]), int(match[2])
    if not 0 < until - since <= MAX_HOLD_NS:
        raise Malformed(f"no hold: it lasts {(until - since) / 3600e9:g} h, and at most 24 h are allowed")
    reason = " ".join(match[4].split())[:MAX_REASON]
    return Hold(frozenset(match[3].split(",")), since, until, reason, by, f"issue {issue}", issue)
