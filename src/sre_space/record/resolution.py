"""What a person reported as the resolution of an escalated incident. Used by the post-mortem and by Memory.

It is data: it is scrubbed, cut, shown and embedded, and never becomes a remedy.
"""

from collections.abc import Sequence

from sre_space.domain.bounds import cut
from sre_space.domain.case import Case
from sre_space.ports.orders import Order, Orders, Resolution
from sre_space.text.plain_text import plain
from sre_space.text.prose import quotable, scrub

MAX_TEXT, MAX_NAME = 400, 60  # characters


async def read_resolution(case: Case, orders: Orders) -> Resolution | None:
    """Return what a person reported as the resolution; the forge is asked only about an escalated incident."""
    return resolution_of(case, await orders.given(case.issue)) if case.escalated else None


def resolution_of(case: Case, orders: Sequence[Order]) -> Resolution | None:
    """Return the newest `resolved` after the escalation, or else the newest restart by a person; None without either.

    `orders` contain only what people with the permission to give orders wrote.
    """
    later = [order for order in orders if case.escalated and order.place > case.escalated]
    for verb, words in (("resolved", "{}"), ("restart", "restarted {}")):
        newest = next((order for order in reversed(later) if order.verb == verb), None)
        if newest is not None:
            text, by = _harmless(words.format(newest.plan), MAX_TEXT), _harmless(newest.by, MAX_NAME)
            return Resolution(text, by, newest.place)
    return None


def _harmless(text: str, limit: int) -> str:
    return cut(scrub(quotable(plain(text))), limit)
