"""Closes the issues of holds that are over, so that only what is held now is listed. Used by Fixer's process."""

import logging
from dataclasses import dataclass

from sre_space.domain.errors import SpaceError
from sre_space.loop.clock_check import ClockCheck
from sre_space.ports.clock import Clock
from sre_space.ports.forge import Forge
from sre_space.record.holds import HoldIssue, IssueHolds
from sre_space.text.holds import ended_note

log = logging.getLogger(__name__)

EVERY_S = 30.0
MARGIN_NS = 60 * 10**9  # closing an issue ends its hold, also for an agent whose clock is behind


@dataclass(frozen=True)
class HoldClosing:
    """Closes what an operator signed and whose time is over; what nobody signed, and incidents, are left alone."""

    holds: IssueHolds
    forge: Forge
    clock: Clock
    clock_check: ClockCheck

    async def close_forever(self) -> None:
        """Look every half a minute, until cancelled; what the forge does not take now is done the next time."""
        while True:
            try:
                await self.close()
            except SpaceError as error:
                log.warning("the issues of holds that are over cannot be closed: %s", error)
            await self.clock.sleep(EVERY_S)

    async def close(self) -> None:
        """Close each issue of a hold that is over, with one comment; raise `Unavailable` when the forge is away."""
        for found in await self.holds.issues() if not self.clock_check.wrong() else ():
            if found.ended(self.clock.now() - MARGIN_NS):
                await self._close(found)

    async def _close(self, found: HoldIssue) -> None:
        assert found.hold is not None
        note = ended_note(found.hold)
        if all(comment.body != note for comment in await self.forge.comments(found.number)):
            await self.forge.comment(found.number, note)
        await self.forge.close_issue(found.number)
