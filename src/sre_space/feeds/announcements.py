"""Announced deployments, from the topic `changes`: Scout believes one when Git confirms it. Wired by Scout's process.

An announcement that Git has not confirmed yet excuses nothing: it only holds back the incidents of the services that it
names, and that once a minute. Held back is until Git answers, a moment, and for `HELD_NS` at most while the forge is
slow or away; without the forge no incident could be opened anyway, so that a deployment is not mistaken for an outage
and a forged one gains nothing. Believed late, a window still begins when it was announced.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sre_space.agents.scout.deployment_verifier import UNTOUCHED, Confirmed, DeploymentVerifier, due
from sre_space.agents.scout.open_incidents import OpenIncidents
from sre_space.agents.scout.processes import Deployed, Processes
from sre_space.analysis.detection.inhibition import Inhibition
from sre_space.codec.changes import AnnouncedDeployment, deployment_of
from sre_space.domain.errors import Malformed, SpaceError
from sre_space.ports.bus import Record
from sre_space.ports.clock import Clock
from sre_space.ports.gitops import Commit
from sre_space.ports.reporting import Reporter

log = logging.getLogger(__name__)

SECOND = 10**9
STARTED, DONE = "started", "done"
DEPLOYMENT_NS = 30 * SECOND  # at most, should nobody say that it is done
SETTLED_NS = SECOND  # after it is done: requests that were under way, and a probe
HELD_NS = 5 * SECOND  # without an answer of Git
HELD_AGAIN_NS = 60 * SECOND  # after an announcement that was not confirmed
AGAIN_S = 0.5
MAX_WAITING = 100  # that wait: the others are noise
TOO_MANY = "one of too many announcements"


@dataclass(frozen=True)
class Hint:
    """An announcement: since when it counts, and when it was heard (Unix ns); what it holds back, None for nothing."""

    told: AnnouncedDeployment
    since: int
    heard: int
    held: Inhibition | None = None


@dataclass
class Announcements:
    """`latest` is the newest deployment that Git confirmed: what runs."""

    verifier: DeploymentVerifier
    open_incidents: OpenIncidents
    reporter: Reporter
    clock: Clock
    latest: Confirmed | None = None
    waiting: deque[Hint] = field(default_factory=deque)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    seen: deque[tuple[int, int, int]] = field(default_factory=lambda: deque(maxlen=1000))
    held_again: int = 0
    processes: Processes = field(default_factory=Processes)

    def take(self, record: Record) -> None:
        """An announcement that was heard just now, whatever time its record claims; `Malformed` when it is none."""
        told, now = self._told(record), self.clock.now()
        if told is None:
            return
        hint = Hint(told, min(max(record.at, now - DEPLOYMENT_NS), now), now)
        if len(self.waiting) >= MAX_WAITING:
            self._dismiss(hint, TOO_MANY)
            return
        self.waiting.append(self._holding(hint))
        self.news.set()

    async def confirm_for_ever(self) -> None:
        """Ask Git about what was heard, in its order, with one look at main for all that waits."""
        while True:
            await self.news.wait()
            self.news.clear()
            await self.confirm()

    async def confirm(self) -> None:
        """What waits now, and what comes meanwhile."""
        await self._confirm(self.waiting)

    async def recall(self, records: Iterable[Record]) -> None:
        """What was announced before this process began, in the order of time; then what is heard may be judged."""
        hints = deque[Hint]()
        for record in records:
            try:
                told = self._told(record)
            except Malformed:  # told when the record is taken in like all others
                continue
            if told is not None:
                hints.append(Hint(told, record.at, record.at))
        await self._confirm(hints)

    def _told(self, record: Record) -> AnnouncedDeployment | None:
        """None for another phase, and for a record that was delivered before."""
        told, place = deployment_of(record.value), (record.partition, record.offset, record.at)
        if told.phase not in (STARTED, DONE) or place in self.seen:
            return None
        self.seen.append(place)
        return told

    def _holding(self, hint: Hint) -> Hint:
        """The incidents that it could excuse wait for Git, unless an announcement of a minute ago was false."""
        services = self.verifier.services.intersection(hint.told.services)
        if hint.told.phase != STARTED or not services or hint.heard < self.held_again:
            return hint
        self.held_again = hint.heard + HELD_AGAIN_NS
        held = Inhibition(hint.since, hint.heard + HELD_NS, services)
        self.open_incidents.hold(held)
        return replace(hint, held=held)

    async def _confirm(self, hints: deque[Hint]) -> None:
        """Empties `hints`; main is looked at anew after an error, and for what came since the last look."""
        main: tuple[Commit, ...] = ()
        known = 0
        while hints:
            try:
                if not known:
                    known, main = len(hints), tuple(await self.verifier.main(min(hint.since for hint in hints)))
                await self._judge(hints[0], main)
            except SpaceError as error:
                log.warning("announced deployments wait for Git: %s", error)
                known = 0
                await self.clock.sleep(AGAIN_S)
            else:
                hints.popleft()
                known -= 1

    async def _judge(self, hint: Hint, main: tuple[Commit, ...]) -> None:
        if hint.told.phase == DONE:
            self._finish(hint)
            return
        base, reason = due(hint.told, main, self.latest, hint.heard)
        touched = await self.verifier.touched(base, hint.told, main) if base else frozenset()
        if base and (touched or not hint.told.services):
            self._believe(hint, base, touched)
        if reason or touched != frozenset(hint.told.services):
            self._dismiss(hint, reason or UNTOUCHED)
        if hint.held is not None:
            self.open_incidents.release(hint.held)

    def _believe(self, hint: Hint, base: str, services: frozenset[str]) -> None:
        """A deployer that was killed tells of its deployment again: that makes it no longer."""
        before = self.latest if self.latest and self.latest.commit == hint.told.commit else None
        if before is None:
            window, self.held_again = Inhibition(hint.since, hint.heard + DEPLOYMENT_NS, services), 0
        else:
            window = replace(before.window, services=before.window.services | services)
        self.open_incidents.announce(window, before.window if before else None)
        self.latest = Confirmed(hint.told.commit, base, window)
        self.processes.runs(dict.fromkeys(services, Deployed(hint.told.commit, hint.since)))
        log.info("%s is deployed: %s", hint.told.commit[:12], ", ".join(sorted(window.services)) or "nobody restarts")

    def _finish(self, hint: Hint) -> None:
        """Only what was announced can be over."""
        if self.latest is None or hint.told.commit != self.latest.commit:
            log.info("the end of %r, which is not under way", hint.told.commit[:40])
            return
        until = min(self.open_incidents.lengthened(self.latest.window).until, hint.since + SETTLED_NS)
        window = replace(self.latest.window, until=until, done=True)
        self.open_incidents.announce(window, self.latest.window)
        self.latest = replace(self.latest, window=window, done=True)

    def _dismiss(self, hint: Hint, reason: str) -> None:
        told = hint.told
        log.warning("the deployment of %r to %.200r is not believed: %s", told.commit[:40], told.services, reason)
        self.reporter.dismissed(reason)
