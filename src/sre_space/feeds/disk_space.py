"""Watches the free space of the disk that holds the space's files, and pages a person. Run by Scout's process."""

import logging
from dataclasses import dataclass

from sre_space.domain.disk_space import DiskLevel, DiskSpace
from sre_space.ports.clock import Clock
from sre_space.ports.notifier import Note, Notifier
from sre_space.ports.storage import Storage

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0


@dataclass
class DiskSpaceMonitor:
    """Watches one folder. Each change for the worse is reported once: low space in the log, a full disk to a person."""

    storage: Storage
    notifier: Notifier
    clock: Clock
    level: DiskLevel = DiskLevel.ENOUGH

    async def watch_forever(self) -> None:
        """Check the disk every few seconds; never return."""
        while True:
            self.report_change(await self.storage.room())
            await self.clock.sleep(LOOK_EVERY_S)

    def report_change(self, room: DiskSpace) -> None:
        """Report a change of the level since the last check."""
        before, self.level = self.level, room.level
        if self.level is DiskLevel.FULL and before is not DiskLevel.FULL:
            self.notifier.notify(_note(room))
        elif self.level > before:
            log.warning("the disk is nearly full: %s", room.description)
        elif self.level is DiskLevel.ENOUGH and before is not DiskLevel.ENOUGH:
            log.warning("the disk has enough space again: %s", room.description)


def _note(room: DiskSpace) -> Note:
    title = f"the disk is full: {room.description}"
    return Note(
        title,
        f"{title}\n\nThe application goes on; incidents cannot be recorded, and nothing is repaired without a record. "
        "Free some space there: what waits in memory is recorded then, and nothing needs to be started again.",
    )
