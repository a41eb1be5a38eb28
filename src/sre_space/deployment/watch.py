"""Deploys whenever main of the forge moves: the warden's second duty, and `sre-space deploy --watch`.

The forge is asked for its main every POLL_SECONDS; a webhook or the bus could be lost. A commit that cannot be deployed
is refused once; what only did not succeed (the forge or supervisord is away) is tried again.
"""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass

from sre_space.deployment.deploy import Deployer, Main, Unfit
from sre_space.domain.errors import SpaceError

AGAIN_S = 2.0
CHECK_EVERY_S = 30.0  # also while main stands still: what is deployed may have been damaged

log = logging.getLogger(__name__)


@dataclass
class Follower:
    """What a deployer has settled: the commit that needs no further try, and whether it is the one that runs."""

    deployer: Deployer
    every_s: float
    main: Main | None = None
    settled: str = ""
    fit: bool = False
    again_at: float = 0.0
    failing: str = ""

    async def follow(self) -> None:
        """Go on until cancelled."""
        while True:
            worked = await self._look()
            await asyncio.sleep(self.every_s if worked else max(self.every_s, AGAIN_S))

    async def _look(self) -> bool:
        """Deploy where that is due; False when it did not succeed."""
        try:
            head = await self.deployer.head()
            if head == self.settled and (not self.fit or time.monotonic() < self.again_at):
                return True
            if self.main is None or self.main.commit != head:
                self.main = await self.deployer.main()
            self.again_at = time.monotonic() + CHECK_EVERY_S
            await self._deploy(self.main)
        except SpaceError as error:
            if self.failing != type(error).__name__:  # once, not at every try
                log.warning("not deployed yet: %s", error)
            self.failing = type(error).__name__
            return False
        self.failing = ""
        return True

    async def _deploy(self, main: Main) -> None:
        try:
            done = await self.deployer.deploy(main)
        except Unfit as unfit:
            log.error("%s is not deployed: %s", unfit.commit[:12], unfit.reason)
            with contextlib.suppress(SpaceError):  # the space ends
                await self.deployer.tell_refused(unfit)
            self.settled, self.fit = unfit.commit, False
            return
        self.settled, self.fit = done.commit, True
        if done.changes_something:
            restarted = ", ".join(done.restarted) or "nothing"
            log.info("deployed %s (%s); restarted: %s", done.commit[:12], done.subject, restarted)
        if done.failed:
            log.warning("after the deployment of %s %s does not serve", done.commit[:12], ", ".join(done.failed))
