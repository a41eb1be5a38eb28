"""What a person said ended a case that was left to one: for other people. Used by Brain's post-mortem and by Memory.

It is data: shown and embedded, scrubbed and cut, and no remedy ever comes of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.domain.bounds import cut
from sre_space.domain.case import Case
from sre_space.ports.orders import Order, Orders
from sre_space.wire.plain_text import plain
from sre_space.wire.prose import quiet, scrub

MAX_TEXT, MAX_NAME = 400, 60  # characters


@dataclass(frozen=True)
class Said:
    """The words, one line that cannot end a quotation, and who wrote them, in which comment (`place`)."""

    text: str
    by: str
    place: int


async def said_on(case: Case, orders: Orders) -> Said | None:
    """Return what a person said on the case; asks for the orders only where it was left to one."""
    return said(case, await orders.given(case.issue)) if case.escalated else None


def said(case: Case, orders: Sequence[Order]) -> Said | None:
    """Return the newest `resolved` after the escalation, or else the newest restart by a person; None without either.

    `orders` hold only what people said who may order something here.
    """
    later = [order for order in orders if case.escalated and order.place > case.escalated]
    for verb, words in (("resolved", "{}"), ("restart", "restarted {}")):
        newest = next((order for order in reversed(later) if order.verb == verb), None)
        if newest is not None:
            return Said(_harmless(words.format(newest.plan), MAX_TEXT), _harmless(newest.by, MAX_NAME), newest.place)
    return None


def _harmless(text: str, most: int) -> str:
    return cut(scrub(quiet(plain(text))), most)
