"""Deploys whenever main of the embedded forge moves: the warden's second duty, and `sre-space deploy --watch`.

Reading one reference four times a second costs nothing; a webhook or the bus could be lost. A commit that cannot be
deployed is refused once; what only did not succeed (supervisord is away) is tried again.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from sre_space.bootstrap.deploy import Unfit, deploy, repository, tell_refused
from sre_space.bootstrap.space_state import State
from sre_space.domain.errors import SpaceError
from sre_space.embedded.forge.repository import main_at

PERIOD_S = 0.25
AGAIN_S = 2.0
CHECK_EVERY_S = 30.0  # also while main stands still: what is deployed may have been damaged

log = logging.getLogger(__name__)


def follow(state: State, stopped: Callable[[float], bool]) -> None:
    """Until `stopped(seconds)`, which waits, says so."""
    settled, fit, again_at = "", False, 0.0
    while not stopped(PERIOD_S):
        running = state.record()
        head = main_at(repository(state, running)) if running is not None else ""
        if head == "" or (head == settled and (not fit or time.monotonic() < again_at)):
            continue
        again_at = time.monotonic() + CHECK_EVERY_S
        found, fit = _settled(state)
        settled = found or settled
        if not found and stopped(AGAIN_S):
            return


def _settled(state: State) -> tuple[str, bool]:
    """The commit that needs no further try, "" when it does; and whether it is the one that runs."""
    try:
        done = asyncio.run(deploy(state))
    except Unfit as unfit:
        log.error("%s is not deployed: %s", unfit.commit[:12], unfit.reason)
        with contextlib.suppress(SpaceError):  # the space ends
            asyncio.run(tell_refused(state, unfit))
        return unfit.commit, False
    except SpaceError as error:
        log.warning("not deployed yet: %s", error)
        return "", False
    if done.changes_something:
        log.info(
            "deployed %s (%s); restarted: %s", done.commit[:12], done.subject, ", ".join(done.restarted) or "nothing"
        )
    if done.failed:
        log.warning("after the deployment of %s %s does not serve", done.commit[:12], ", ".join(done.failed))
    return done.commit, True
