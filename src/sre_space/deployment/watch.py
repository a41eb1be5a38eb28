"""The loop that deploys whenever main of the forge moves: in the warden, and for `sre-space deploy --watch`.

It polls the forge every POLL_SECONDS, as a webhook or a message could be lost. A commit that cannot be deployed is
refused once; a deployment that failed because the forge or supervisord did not answer is tried again.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from sre_space.deployment.deploy import Deployer, Main, Undeployable
from sre_space.domain.errors import SpaceError

RETRY_S = 2.0
CHECK_EVERY_S = 30.0  # also while main does not move: the deployed files may have been damaged

log = logging.getLogger(__name__)


@dataclass
class MainFollower:
    """Follows main with a deployer; `polled` is called after each poll, whether or not the forge answered.

    `settled` is the commit that needs no further try, `deployable` whether it runs.
    """

    deployer: Deployer
    every_s: float
    polled: Callable[[], None] = lambda: None
    main: Main | None = None
    settled: str = ""
    deployable: bool = False
    next_check_at: float = 0.0
    failing: str = ""

    async def follow(self) -> None:
        """Deploy main whenever it moves, until cancelled."""
        while True:
            succeeded = await self._poll()
            self.polled()
            await asyncio.sleep(self.every_s if succeeded else max(self.every_s, RETRY_S))

    async def _poll(self) -> bool:
        """Deploy main when due; return False when that failed and is to be tried again."""
        try:
            head = await self.deployer.head()
            if head == self.settled and (not self.deployable or time.monotonic() < self.next_check_at):
                return True
            if self.main is None or self.main.commit != head:
                self.main = await self.deployer.main()
            self.next_check_at = time.monotonic() + CHECK_EVERY_S
            await self._deploy(self.main)
        except SpaceError as error:
            if self.failing != type(error).__name__:  # log each kind of error once, not at every try
                log.warning("not deployed yet: %s", error)
            self.failing = type(error).__name__
            return False
        self.failing = ""
        return True

    async def _deploy(self, main: Main) -> None:
        try:
            done = await self.deployer.deploy(main)
        except Undeployable as unfit:
            log.error("%s is not deployed: %s", unfit.commit[:12], unfit.reason)
            with contextlib.suppress(SpaceError):  # the space ends
                await self.deployer.publish_refusal(unfit)
            self.settled, self.deployable = unfit.commit, False
            return
        self.settled, self.deployable = done.commit, True
        if done.changes_something:
            restarted = ", ".join(done.restarted) or "nothing"
            log.info("deployed %s (%s); restarted: %s", done.commit[:12], done.subject, restarted)
        if done.failed:
            log.warning("after the deployment of %s %s does not serve", done.commit[:12], ", ".join(done.failed))
