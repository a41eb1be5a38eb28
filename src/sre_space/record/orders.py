"""Reads the orders that people gave on an issue. Used by Fixer's process.

Comments by an account that an agent uses are never orders: agents are the authors of valid facts on the issue, the
issue's own author, and this process's own account. With a person's token all of them are that person, and comments
order nothing; signed orders still do.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.codec.footer import parse_footer
from sre_space.domain import people
from sre_space.domain.errors import Malformed
from sre_space.ports.forge import Comment, Forge
from sre_space.ports.orders import Order, Writers
from sre_space.ports.signing import TrustStore
from sre_space.record.order_format import SignedOrder, parse_command, parse_order

log = logging.getLogger(__name__)

OPERATOR = people.OPERATOR


@dataclass(frozen=True)
class IssueOrders:
    """Implements `ports.orders.Orders` with the comments of an issue."""

    forge: Forge
    trust: TrustStore
    writers: Writers
    repository: str

    async def given(self, issue: int) -> Sequence[Order]:
        """Return the valid orders on an issue, oldest first; raise `Unavailable` when the forge does not answer."""
        comments = await self.forge.comments(issue)
        agents = {comment.author for comment in comments if self._is_fact(comment)}
        agents |= {(await self.forge.issue(issue)).author, await self.forge.whoami()}
        orders = []
        may_write: dict[str, bool] = {}
        for comment in comments:
            order = self._signed(issue, comment) or await self._commanded(comment, agents, may_write)
            orders += [order] if order else []
        return orders

    def _is_fact(self, comment: Comment) -> bool:
        try:
            signed = parse_footer(comment.body)
        except Malformed:
            return False
        if signed is None:
            return False
        return self.trust.owner(signed.key_id, signed.message, signed.signature, signed.fact.at) is not None

    def _signed(self, issue: int, comment: Comment) -> Order | None:
        """Return the order if an operator's key signed it for this issue, whoever posted it; else None."""
        try:
            order = parse_order(comment.body)
        except Malformed as error:
            log.warning("comment %d: %s", comment.id, error)
            return None
        if order is None or (order.repository, order.issue) != (self.repository, issue):
            return None
        owner = self._owner(order, comment)
        if owner is None or not people.may_order(owner, order.verb):
            return None
        return Order(order.verb, order.plan, owner, comment.id)

    def _owner(self, order: SignedOrder, comment: Comment) -> str | None:
        """Return whose key, valid as the comment was created, signed: an order itself has no time."""
        return self.trust.owner(order.key_id, order.message, order.signature, comment.created)

    async def _commanded(self, comment: Comment, agents: set[str], may_write: dict[str, bool]) -> Order | None:
        """Return the order in an unedited comment that is nothing but a command; None for other comments.

        Its author must have write permission and be no agent. `may_write` caches the permission, so that the forge is
        asked once about each author.
        """
        command = parse_command(comment.body)
        if command is None or comment.author in agents or comment.updated != comment.created:
            return None
        if comment.author not in may_write:
            may_write[comment.author] = await self.writers.may_write(comment.author)
            if not may_write[comment.author]:
                log.warning("comment %d: %s may not order anything here", comment.id, comment.author)
        if not may_write[comment.author]:
            return None
        return Order(command[0], command[1], comment.author, comment.id)
