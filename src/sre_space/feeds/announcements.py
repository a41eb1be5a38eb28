"""Announced deployments, from the topic `changes`: each counts once Git confirms it. Wired by Scout's process.

Until Git confirms an announcement, it inhibits nothing: it only holds back incidents of the services that it names, and
that at most once a minute. They are held back until Git answers, which takes a moment, and for `HELD_NS` at most while
the forge is slow or away. Without the forge no incident could be opened anyway, so this keeps a deployment from being
mistaken for an outage and gains an attacker nothing. A window that is confirmed late still begins when it was
announced.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sre_space.agents.scout.deployment_verifier import UNTOUCHED, ConfirmedDeployment, DeploymentVerifier, due
from sre_space.agents.scout.inhibitions import Inhibitions
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
DEPLOYMENT_NS = 30 * SECOND  # at most, if its end is never announced
SETTLED_NS = SECOND  # after its end, for requests in progress and a probe
HELD_NS = 5 * SECOND  # at most, while Git does not answer
HELD_AGAIN_NS = 60 * SECOND  # until an announcement may hold back incidents again, unless the last one was confirmed
RETRY_S = 0.5
MAX_WAITING = 100  # announcements that wait for Git; more are dismissed
TOO_MANY = "one of too many announcements"


@dataclass(frozen=True)
class Hint:
    """An unconfirmed announcement: from when it counts, when it arrived (Unix ns), and the window it holds back."""

    deployment: AnnouncedDeployment
    since: int
    heard: int
    held: Inhibition | None = None


@dataclass
class Announcements:
    """The announced deployments; `latest` is the newest one that Git confirmed, `waiting` are those not yet checked."""

    verifier: DeploymentVerifier
    inhibitions: Inhibitions
    reporter: Reporter
    clock: Clock
    latest: ConfirmedDeployment | None = None
    waiting: deque[Hint] = field(default_factory=deque)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    seen: deque[tuple[int, int, int]] = field(default_factory=lambda: deque(maxlen=1000))
    next_hold_at: int = 0
    processes: Processes = field(default_factory=Processes)

    def take(self, record: Record) -> None:
        """Take in a record that arrived now, whatever time it claims; raise `Malformed` when it does not parse."""
        announcement, now = self._new_announcement(record), self.clock.now()
        if announcement is None:
            return
        hint = Hint(announcement, min(max(record.at, now - DEPLOYMENT_NS), now), now)
        if len(self.waiting) >= MAX_WAITING:
            self._dismiss(hint, TOO_MANY)
            return
        self.waiting.append(self._holding(hint))
        self.news.set()

    async def confirm_forever(self) -> None:
        """Check announcements in Git in the order of their arrival, main once for all that wait; never return."""
        while True:
            await self.news.wait()
            self.news.clear()
            await self.confirm()

    async def confirm(self) -> None:
        """Check the announcements that wait now, and those that arrive meanwhile."""
        await self._confirm(self.waiting)

    async def recall(self, records: Iterable[Record]) -> None:
        """Check the announcements from before this process began, in order of time.

        To be done before telemetry from that time is evaluated.
        """
        hints = deque[Hint]()
        for record in records:
            try:
                announcement = self._new_announcement(record)
            except Malformed:  # reported when the record is taken in like all others
                continue
            if announcement is not None:
                hints.append(Hint(announcement, record.at, record.at))
        await self._confirm(hints)

    def _new_announcement(self, record: Record) -> AnnouncedDeployment | None:
        """Return the announcement in a record; None for another phase, and for a record that was delivered before."""
        announcement, place = deployment_of(record.value), (record.partition, record.offset, record.at)
        if announcement.phase not in (STARTED, DONE) or place in self.seen:
            return None
        self.seen.append(place)
        return announcement

    def _holding(self, hint: Hint) -> Hint:
        """Return the hint with the window in which incidents of its services wait for Git.

        It has no window when an announcement that was not confirmed had one in the last minute.
        """
        services = self.verifier.services.intersection(hint.deployment.services)
        if hint.deployment.phase != STARTED or not services or hint.heard < self.next_hold_at:
            return hint
        self.next_hold_at = hint.heard + HELD_AGAIN_NS
        held = Inhibition(hint.since, hint.heard + HELD_NS, services, confirmed=False)
        self.inhibitions.put(held)
        return replace(hint, held=held)

    async def _confirm(self, hints: deque[Hint]) -> None:
        """Check and remove all hints; read main again after an error, and for hints that arrived since."""
        main: tuple[Commit, ...] = ()
        current = 0
        while hints:
            try:
                if not current:
                    current, main = len(hints), tuple(await self.verifier.main(min(hint.since for hint in hints)))
                await self._check(hints[0], main)
            except SpaceError as error:
                log.warning("announced deployments wait for Git: %s", error)
                current = 0
                await self.clock.sleep(RETRY_S)
            else:
                hints.popleft()
                current -= 1

    async def _check(self, hint: Hint, main: tuple[Commit, ...]) -> None:
        if hint.deployment.phase == DONE:
            self._finish(hint)
            return
        base, reason = due(hint.deployment, main, self.latest, hint.heard)
        touched = await self.verifier.touched(base, hint.deployment, main) if base else frozenset()
        if base and (touched or not hint.deployment.services):
            self._accept(hint, base, touched)
        if reason or touched != frozenset(hint.deployment.services):
            self._dismiss(hint, reason or UNTOUCHED)
        if hint.held is not None:
            self.inhibitions.remove(hint.held)

    def _accept(self, hint: Hint, base: str, services: frozenset[str]) -> None:
        """Record a confirmed deployment; one that a restarted deployer announces again does not become longer."""
        before = self.latest if self.latest and self.latest.commit == hint.deployment.commit else None
        if before is None:
            window, self.next_hold_at = Inhibition(hint.since, hint.heard + DEPLOYMENT_NS, services), 0
        else:
            window = replace(before.window, services=before.window.services | services)
        self.inhibitions.put(window, before.window if before else None)
        self.latest = ConfirmedDeployment(hint.deployment.commit, base, window)
        self.processes.runs(dict.fromkeys(services, Deployed(hint.deployment.commit, hint.since)))
        log.info(
            "%s is deployed: %s",
            hint.deployment.commit[:12],
            ", ".join(sorted(window.services)) or "no service restarts",
        )

    def _finish(self, hint: Hint) -> None:
        """Record the end of the latest deployment; the end of any other is only logged."""
        if self.latest is None or hint.deployment.commit != self.latest.commit:
            log.info("ignored: the end of a deployment of %r, which is not in progress", hint.deployment.commit[:40])
            return
        until = min(self.inhibitions.extended(self.latest.window).until, hint.since + SETTLED_NS)
        window = replace(self.latest.window, until=until, done=True)
        self.inhibitions.put(window, self.latest.window)
        self.latest = replace(self.latest, window=window, done=True)

    def _dismiss(self, hint: Hint, reason: str) -> None:
        announcement = hint.deployment
        log.warning(
            "the announced deployment of %r to %.200r is ignored: %s",
            announcement.commit[:40],
            announcement.services,
            reason,
        )
        self.reporter.dismissed(reason)
