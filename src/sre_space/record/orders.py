"""Reads what people ordered on an issue. Used by Fixer's process.

A comment by an account that any agent uses is only ever a fact: whoever has posted a fact on the issue that verifies,
the issue's own author, and this process's own account are agents. With a person's token all of them are that person,
and then comments order nothing; signed orders still do.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.codec.footer import parse_footer
from sre_space.domain.errors import Malformed
from sre_space.ports.forge import Comment, Forge
from sre_space.ports.orders import Order, Writers
from sre_space.ports.signing import TrustStore
from sre_space.record.order import SignedOrder, parse_command, parse_order

log = logging.getLogger(__name__)

OPERATOR = "operator"


@dataclass(frozen=True)
class IssueOrders:
    """Fulfils `ports.orders.Orders` over the comments of an issue."""

    forge: Forge
    trust: TrustStore
    writers: Writers
    repository: str

    async def given(self, issue: int) -> Sequence[Order]:
        """Oldest first; what does not verify is text."""
        comments = await self.forge.comments(issue)
        agents = {comment.author for comment in comments if self._is_fact(comment)}
        agents |= {(await self.forge.issue(issue)).author, await self.forge.whoami()}
        found = []
        asked: dict[str, bool] = {}
        for comment in comments:
            order = self._signed(issue, comment) or await self._commanded(comment, agents, asked)
            found += [order] if order else []
        return found

    def _is_fact(self, comment: Comment) -> bool:
        try:
            signed = parse_footer(comment.body)
        except Malformed:
            return False
        if signed is None:
            return False
        return self.trust.owner(signed.key_id, signed.message, signed.signature, signed.fact.at) is not None

    def _signed(self, issue: int, comment: Comment) -> Order | None:
        """A signature counts whoever posted it, and on the issue that it names."""
        try:
            order = parse_order(comment.body)
        except Malformed as error:
            log.warning("comment %d: %s", comment.id, error)
            return None
        if (
            order is None
            or (order.repository, order.issue) != (self.repository, issue)
            or not self._ours(order, comment)
        ):
            return None
        return Order(order.verb, order.plan, OPERATOR, comment.id)

    def _ours(self, order: SignedOrder, comment: Comment) -> bool:
        """An order names no time of its own: the forge says when it was given."""
        return self.trust.owner(order.key_id, order.message, order.signature, comment.created) == OPERATOR

    async def _commanded(self, comment: Comment, agents: set[str], asked: dict[str, bool]) -> Order | None:
        """An unedited comment that is nothing but a command, by somebody who may write to the repository.

        Each author is asked about once (`asked`), however many commands he wrote.
        """
        command = parse_command(comment.body)
        if command is None or comment.author in agents or comment.updated != comment.created:
            return None
        if comment.author not in asked:
            asked[comment.author] = await self.writers.may_write(comment.author)
            if not asked[comment.author]:
                log.warning("comment %d: %s may not order anything here", comment.id, comment.author)
        if not asked[comment.author]:
            return None
        return Order(command[0], command[1], comment.author, comment.id)
