"""Opens incidents, the one step that has no case yet. Used by Scout's process."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ulid import ULID

from sre_space.codec.footer import render, sign
from sre_space.domain.contacts import Contact, contacts_of
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
    """Opens one incident for each symptom key that has no open, unrecovered one.

    `opened` is the newest issue of each key: while it cannot be read back as its incident (wrong clock of the forge,
    altered text, untrusted key), no other one is opened. `pending` are the incident ids (ULIDs) of issues whose
    creation is not confirmed. `snapshot` returns the state of the services at a time (Unix ns) from memory, so that
    nothing delays an incident. `contacts` are the people of all services, `dashboard` is where people
    reach the dashboard ("": nowhere).
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
    contacts: Sequence[Contact] = ()
    dashboard: str = ""

    async def open_missing(self, detections: Sequence[Detection]) -> dict[int, Detection]:
        """Open an issue for each detection that has none, and return the detections by the new issues' numbers.

        With the forge away, the detections wait. While this machine's clock is wrong nothing is opened: the other
        agents would not accept a record with another time.
        """
        if self.clock_check.wrong():
            return {}
        if not detections:
            self.pending.clear()
        opened, reason = await self._open_all(detections) if detections else ({}, "")
        left = [detection for detection in detections if reason and detection not in opened.values()]
        self.pager.unrecorded(left, reason, self.clock.pauses().ran(0, self.clock.now()))
        return opened

    async def _open_all(self, detections: Sequence[Detection]) -> tuple[dict[int, Detection], str]:
        """Return what was opened, and the error that stopped it early ("": none).

        What was seen before a pause of this process is not opened.
        """
        opened: dict[int, Detection] = {}
        seen = self.clock.now()
        try:
            covered = {case.detection.key for case in await self.incidents.open_cases() if not case.recovered}
            missing = [detection for detection in detections if detection.key not in covered]
            for detection in missing:
                due = not await self._taken_over(detection) and await self._may_reopen(detection.key)
                if due and not self.clock.pauses().after(seen):
                    opened[await self._open(detection)] = detection
        except SpaceError as error:
            log.warning("an incident cannot be opened yet: %s", error)
            return opened, str(error)
        return opened, ""

    async def _taken_over(self, detection: Detection) -> bool:
        """Return True when a person has closed an incident of this very outage: it is not opened again."""
        since = detection.symptoms[0].since
        closed = [case for case in await self.incidents.touched(since) if not case.is_open and not case.recovered]
        return any(case.detection.key == detection.key and case.chain[0].fact.at >= since for case in closed)

    async def _may_reopen(self, key: str) -> bool:
        """Return True when no issue was opened for this key before, or its incident has ended."""
        if key not in self.opened:
            return True
        try:
            reading = await self.incidents.reading(await self.forge.issue(self.opened[key]))
        except Missing:
            return self._unreadable(key, "it does not exist any more")
        if reading.case is None:
            return self._unreadable(
                key, next((void.reason for void in reading.void if void.place == 0), "it contains no opening fact")
            )
        return reading.case.recovered or not reading.case.is_open

    def _unreadable(self, key: str, reason: str) -> bool:
        """Page a person about an issue that cannot be read back, and return False."""
        log.warning("issue %d, opened for %s, cannot be read back as an incident: %s", self.opened[key], key, reason)
        self.pager.unreadable(self.opened[key], key, reason)
        return False

    async def _open(self, detection: Detection) -> int:
        """Open the issue and return its number.

        Every attempt uses the same ULID, so that of duplicates, after a lost answer, only the lowest number counts.
        """
        incident = self.pending.setdefault(detection.key, str(ULID()))
        now = self.clock.now()
        about = [symptom.service for symptom in detection.symptoms]
        with_snapshot = replace(
            detection,
            snapshot=self.snapshot(detection, now),
            contacts=contacts_of(self.contacts, about),
            page=f"{self.dashboard.rstrip('/')}/incidents/{incident}" if self.dashboard else "",
        )
        fact = Fact(incident, self.incidents.repository, 0, 0, "", Step.DETECT, 1, now, with_snapshot)
        signed = sign(fact, self.signer)
        body = render(signed, prose(signed.fact.payload))
        number = await self.forge.open_issue(title(detection), body, (INCIDENT, INVESTIGATING))
        del self.pending[detection.key]
        self.opened[detection.key] = number
        self.reporter.recorded(fact, signed.digest, signed.digest, detection.symptoms[0].since)
        log.info("opened issue %d for %s", number, detection.key)
        return number
