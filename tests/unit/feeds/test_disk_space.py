"""When people hear that the disk is full: once when it becomes so, and not again until it was well."""

import asyncio
import logging
import os

import pytest

from sre_embedded.storing import RESOLVED_AFTER_S, StorageStatus, describe_error
from sre_space.domain.disk_space import FULL_BYTES, FULL_FILES, LOW_BYTES, LOW_FILES, DiskLevel, DiskSpace
from sre_space.domain.pauses import ClockPair, Pauses
from sre_space.feeds.disk_space import DiskSpaceMonitor
from sre_space.ports.notifier import Note

WELL, LOW, FULL = (DiskSpace("/state", free) for free in (LOW_BYTES, LOW_BYTES - 1, FULL_BYTES - 1))


class People:
    """Whom notes reach."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    def notify(self, note: Note) -> None:
        """Remember it."""
        self.notes.append(note)


class Looks:
    """What is seen, look by look; its clock ends the watch after the last one."""

    def __init__(self, *rooms: DiskSpace) -> None:
        self.rooms = list(rooms)

    async def room(self) -> DiskSpace:
        """Return the next reading."""
        return self.rooms.pop(0)

    def now(self) -> int:
        """Nobody asks."""
        return 0

    async def sleep(self, seconds: float) -> None:
        """Until the next look."""
        if not self.rooms:
            raise EOFError(seconds)

    def pauses(self) -> Pauses:
        """None."""
        return Pauses.of_start(ClockPair(0, 0))


def heard(*rooms: DiskSpace) -> list[Note]:
    """Return the notes that people receive over these readings."""
    people, looks = People(), Looks(*rooms)
    with pytest.raises(EOFError):
        asyncio.run(DiskSpaceMonitor(looks, people, looks).watch_forever())
    return people.notes


@pytest.mark.parametrize(
    ("room", "level"),
    [
        (WELL, DiskLevel.ENOUGH),
        (LOW, DiskLevel.LOW),
        (FULL, DiskLevel.FULL),
        (DiskSpace("/state", LOW_BYTES, LOW_FILES), DiskLevel.ENOUGH),
        (DiskSpace("/state", LOW_BYTES, LOW_FILES - 1), DiskLevel.LOW),
        (DiskSpace("/state", LOW_BYTES, FULL_FILES - 1), DiskLevel.FULL),
        (DiskSpace("/state", 10**12, None, "Read-only file system"), DiskLevel.FULL),
    ],
)
def test_bytes_files_and_refusals_decide(room: DiskSpace, level: DiskLevel) -> None:
    assert room.level is level


def test_a_person_is_called_once_with_the_path_and_what_is_left() -> None:
    (note,) = heard(WELL, LOW, FULL, FULL, FULL)

    assert note.title == "the disk is full: 49 MB free in /state"
    assert "Free some space there" in note.text


def test_a_person_is_called_again_after_it_was_better() -> None:
    assert len(heard(FULL, LOW, FULL, WELL, FULL)) == 3


def test_a_quota_and_an_error_of_the_disk_are_told_as_they_are() -> None:
    (note,) = heard(WELL, DiskSpace("/state", 10**9, None, "Disk quota exceeded"))

    assert "1000 MB free in /state; nothing can be written: Disk quota exceeded" in note.title


def test_the_log_tells_each_change_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert heard(WELL, LOW, LOW, WELL, WELL) == []

    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "the disk is nearly full",
        "the disk has enough space again",
    ]


def test_a_server_says_once_that_it_cannot_store_and_once_that_it_was_well_for_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    now = [0.0]
    storing = StorageStatus("the bus stores no records in /bus", lambda: now[0])
    for step in range(5):
        now[0] = step
        storing.failed(OSError(28, "No space left on device"))
        storing.worked()  # a small record fits
    now[0] += RESOLVED_AFTER_S + 1
    storing.worked()
    storing.worked()

    assert [record.getMessage() for record in caplog.records] == [
        "the bus stores no records in /bus: No space left on device (free some space or inodes); "
        "it resumes by itself when there is room",
        "there is room again; resolved: the bus stores no records in /bus",
    ]


@pytest.mark.parametrize(
    ("number", "told"),
    [(28, "free some space"), (122, "quota"), (30, "read-only: look"), (5, "kernel's log"), (13, "Permission denied")],
)
def test_each_error_of_a_disk_has_its_remedy(number: int, told: str) -> None:
    assert told in describe_error(OSError(number, os.strerror(number)))
