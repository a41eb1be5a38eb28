"""Opens incidents: the one step that has no case yet. Used by the process of Scout."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ulid import ULID

from sre_space.codec.footer import render, sign
from sre_space.domain.errors import Missing, SpaceError
from sre_space.domain.facts import Detection, Fact, Step
from sre_space.domain.labels import INCIDENT, INVESTIGATING
from sre_space.domain.snapshot import Snapshot
from sre_space.loop.clock_check import ClockCheck
from sre_space.loop.pager import Pager
from sre_space.ports.clock import Clock
from sre_space.ports.forge import Forge
from sre_space.ports.reporting import Reporter
from sre_space.ports.signing import Signer
from sre_space.record.incident_repository import IncidentRepository
from sre_space.text.prose import prose, title

log = logging.getLogger(__name__)


@dataclass
class Opener:
    """One open, unrecovered incident per symptom key.

    `opened` remembers the newest issue of each key: one that is not read back as its incident (a forge's clock, text
    that is altered on its way, a key that nobody trusts) is not followed by another one. `snapshot` tells how the
    services are at a Unix ns, from memory: an incident waits for nobody.
    """

    incidents: IncidentRepository
    forge: Forge
    signer: Signer
    clock: Clock
    reporter: Reporter
    pager: Pager
    clock_check: ClockCheck
    snapshot: Callable[[Detection, int], Snapshot | None] = lambda *_: None
    pending: dict[str, str] = field(default_factory=dict)
    opened: dict[str, int] = field(default_factory=dict)

    async def open_missing(self, detections: Sequence[Detection]) -> dict[int, Detection]:
        """Open what is not open yet, by the new issues' numbers. With the forge down: one pending detection per key.

        While this machine's clock is wrong nothing is opened: nobody would believe a record of another time.
        """
        if self.clock_check.wrong():
            return {}
        if not detections:
            self.pending.clear()
        opened, reason = await self._open_all(detections) if detections else ({}, "")
        left = [one for one in detections if reason and one not in opened.values()]
        self.pager.unrecorded(left, reason, self.clock.pauses().ran(0, self.clock.now()))
        return opened

    async def _open_all(self, detections: Sequence[Detection]) -> tuple[dict[int, Detection], str]:
        """What was opened, and why that ended early ("": it did not). What was seen before a pause is not opened."""
        opened: dict[int, Detection] = {}
        seen = self.clock.now()
        try:
            covered = {case.detection.key for case in await self.incidents.open_cases() if not case.recovered}
            missing = [one for one in detections if one.key not in covered]
            for one in missing:
                here = not await self._taken_over(one) and await self._over(one.key)
                if here and not self.clock.pauses().after(seen):
                    opened[await self._open(one)] = one
        except SpaceError as error:
            log.warning("an incident cannot be opened yet: %s", error)
            return opened, str(error)
        return opened, ""

    async def _taken_over(self, detection: Detection) -> bool:
        """True when a person closed the incident of this very outage: that is theirs now, not to be opened again."""
        since = detection.symptoms[0].since
        closed = [case for case in await self.incidents.touched(since) if not case.is_open and not case.recovered]
        return any(case.detection.key == detection.key and case.chain[0].fact.at >= since for case in closed)

    async def _over(self, key: str) -> bool:
        """True when what was opened for it before has ended, or nothing was."""
        if key not in self.opened:
            return True
        try:
            reading = await self.incidents.reading(await self.forge.issue(self.opened[key]))
        except Missing:
            return self._stuck(key, "it is not there any more")
        if reading.case is None:
            return self._stuck(
                key, next((void.reason for void in reading.void if void.place == 0), "no opening is in it")
            )
        return reading.case.recovered or not reading.case.is_open

    def _stuck(self, key: str, reason: str) -> bool:
        """A person is called, and nothing is opened."""
        log.warning("issue %d, opened for %s, is no incident: %s", self.opened[key], key, reason)
        self.pager.unreadable(self.opened[key], key, reason)
        return False

    async def _open(self, detection: Detection) -> int:
        """The same ULID is used until the issue is there: should an answer be lost, the lowest number wins."""
        incident = self.pending.setdefault(detection.key, str(ULID()))
        now = self.clock.now()
        told = replace(detection, snapshot=self.snapshot(detection, now))
        fact = Fact(incident, self.incidents.repository, 0, 0, "", Step.DETECT, 1, now, told)
        signed = sign(fact, self.signer)
        body = render(signed, prose(signed.fact.payload))
        number = await self.forge.open_issue(title(detection), body, (INCIDENT, INVESTIGATING))
        del self.pending[detection.key]
        self.opened[detection.key] = number
        self.reporter.recorded(fact, signed.digest, signed.digest, detection.symptoms[0].since)
        log.info("opened issue %d for %s", number, detection.key)
        return number
