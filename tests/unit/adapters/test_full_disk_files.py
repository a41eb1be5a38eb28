"""Every file that the space writes, on a disk that takes nothing: nothing half written is left, and nothing is lost."""

import asyncio
import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from support.disks import SmallDisk, small_disk

from sre_embedded.servers.warden.memory import OomKill, Warden
from sre_space.adapters.bundle_folder import BundleFolder
from sre_space.adapters.disk import DiskFolder
from sre_space.adapters.halt_file import HaltFile
from sre_space.adapters.outbox_folder import OutboxFolder
from sre_space.bootstrap.space.state import SpaceState
from sre_space.deployment import journal as deploy_journal
from sre_space.deployment.journal import Deployment
from sre_space.domain.disk_space import DiskLevel
from sre_space.domain.errors import Unavailable
from sre_space.ports.outbox import Pending
from sre_space.state_files import append_line, write_private

Refusing = Callable[[], AbstractContextManager[None]]
PENDING = Pending(7, "01ABC", 3, "prev", "body " * 2000)


@contextmanager
def full(disk: SmallDisk) -> Iterator[None]:
    """No space."""
    disk.fill()
    yield
    disk.free()


@contextmanager
def read_only(disk: SmallDisk) -> Iterator[None]:
    """As after errors of the disk."""
    disk.read_only()
    yield
    disk.read_only(False)


@contextmanager
def too_large(_: SmallDisk) -> Iterator[None]:
    """No file may grow: what a quota does to its user, and `ulimit -f`."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Two megabytes."""
    with small_disk(tmp_path / "disk", 2) as found:
        yield found


@pytest.fixture(params=[full, read_only, too_large])
def refusing(request: pytest.FixtureRequest, disk: SmallDisk) -> Refusing:
    """Each way in which a disk takes nothing."""
    return lambda: request.param(disk)


def files(folder: Path) -> dict[str, bytes]:
    """Return the contents of the files below a folder by name, except of the file that fills the disk."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "filler"}


def test_a_fact_is_held_in_memory_and_written_when_there_is_room(disk: SmallDisk, refusing: Refusing) -> None:
    outbox = OutboxFolder(disk.root / "outbox")
    outbox.put(Pending(7, "01ABC", 2, "prev", "an older one"))
    before = files(disk.root)
    with refusing():
        outbox.put(PENDING)
        assert outbox.get("01ABC") == PENDING
        assert files(disk.root) == before
    assert outbox.get("01ABC") == PENDING

    assert OutboxFolder(disk.root / "outbox").get("01ABC") == PENDING
    outbox.drop("01ABC")
    assert outbox.get("01ABC") is None


def test_a_fact_that_was_posted_meanwhile_is_dropped_from_memory_too(disk: SmallDisk, refusing: Refusing) -> None:
    outbox = OutboxFolder(disk.root / "outbox")
    with refusing():
        outbox.put(PENDING)
        outbox.drop("01ABC")
        assert outbox.get("01ABC") is None
    assert files(disk.root) == {}


def test_a_held_fact_that_is_set_aside_is_told_whole_and_not_given(disk: SmallDisk, refusing: Refusing) -> None:
    told: list[str] = []
    outbox = OutboxFolder(disk.root / "outbox", told.append)
    with refusing():
        outbox.put(PENDING)
        outbox.set_aside("01ABC", "it is not signed")
        assert outbox.get("01ABC") is None

    assert outbox.get("01ABC") is None
    assert len(told) == 1
    assert PENDING.body in told[0]


def test_a_held_fact_that_is_set_aside_once_there_is_room_is_kept(disk: SmallDisk, refusing: Refusing) -> None:
    told: list[str] = []
    outbox = OutboxFolder(disk.root / "outbox", told.append)
    with refusing():
        outbox.put(PENDING)
    outbox.set_aside("01ABC", "it is not signed")

    assert [name.partition(".damaged-")[0] for name in files(disk.root)] == ["01ABC.json"]
    assert "it is kept as 01ABC.json.damaged-" in told[0]
    assert outbox.get("01ABC") is None


def test_of_an_older_file_and_a_held_fact_the_held_one_is_set_aside(disk: SmallDisk, refusing: Refusing) -> None:
    told: list[str] = []
    outbox = OutboxFolder(disk.root / "outbox", told.append)
    outbox.put(Pending(7, "01ABC", 2, "prev", "an older one"))
    with refusing():
        outbox.put(PENDING)
    outbox.set_aside("01ABC", "it is not signed")

    (name, content), *others = files(disk.root).items()
    assert not others
    assert name.startswith("01ABC.json.damaged-")
    assert PENDING.body in content.decode()
    assert outbox.get("01ABC") is None


def test_a_bundle_that_does_not_fit_leaves_nothing(disk: SmallDisk, refusing: Refusing) -> None:
    bundles, content = BundleFolder(disk.root / "bundles"), {"spans.json": os.urandom(100_000)}
    with refusing():
        with pytest.raises(Unavailable, match=r"the bundle cannot be written in .*bundles: "):
            asyncio.run(bundles.keep(content))
        assert files(disk.root) == {}

    assert asyncio.run(bundles.load(asyncio.run(bundles.keep(content)))) == content


def test_a_private_file_is_replaced_whole_or_stays(disk: SmallDisk, refusing: Refusing) -> None:
    path = disk.root / "space.json"
    write_private(path, "old")
    with refusing():
        with pytest.raises(Unavailable, match=r"space\.json cannot be written: "):
            write_private(path, "new" * 10_000)
        assert files(disk.root) == {"space.json": b"old"}

    write_private(path, "new")
    assert files(disk.root) == {"space.json": b"new"}


def test_a_deployment_that_cannot_be_recorded_counts_as_under_way(disk: SmallDisk, refusing: Refusing) -> None:
    state, done = SpaceState(disk.root), Deployment("abc", "x" * 10_000, ("a.env",), ("a",), 1)
    (disk.root / "deploy").mkdir()
    deploy_journal.begin(state, done)
    with refusing():
        with pytest.raises(Unavailable, match=r"deployments\.jsonl cannot be written: "):
            deploy_journal.record(state, done)
        assert deploy_journal.under_way(state, ("web",)) == done
        assert deploy_journal.last(state) is None

    deploy_journal.record(state, done)
    assert (deploy_journal.last(state), deploy_journal.under_way(state, ("web",))) == (done, None)


def test_the_warden_writes_down_later_whom_it_killed(disk: SmallDisk, refusing: Refusing) -> None:
    warden = Warden(disk.root / "space.env", disk.root / "warden.jsonl", dict)
    kills = [OomKill(1.0, "web" * 2000, 1, 2, 1), OomKill(2.0, "tax", 1, 2, 1)]
    with refusing():
        for kill in kills:
            warden._record(kill)
        assert not (disk.root / "warden.jsonl").exists() or files(disk.root) == {"warden.jsonl": b""}
    warden.tick(0.0)

    lines = [json.loads(line) for line in (disk.root / "warden.jsonl").read_text().splitlines()]
    assert [line["time"] for line in lines] == [1.0, 2.0]


def test_an_order_to_halt_holds_also_where_it_cannot_be_written(disk: SmallDisk) -> None:
    halt = HaltFile(disk.root / "halt")
    with read_only(disk):
        halt.halt()
        assert halt.halted()
    assert halt.halted()

    assert (disk.root / "halt").exists()
    (disk.root / "halt").unlink()
    assert not halt.halted()


def test_a_line_is_appended_whole_or_not_at_all(disk: SmallDisk) -> None:
    path = disk.root / "journal"
    append_line(path, "first")
    with full(disk):
        with pytest.raises(OSError, match="No space left"):
            append_line(path, "x" * 10_000)
        assert path.read_text() == "first\n"
    append_line(path, "second")

    assert path.read_text() == "first\nsecond\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_unit_is_started_on_a_disk_that_takes_nothing(disk: SmallDisk, refusing: Refusing) -> None:
    (disk.root / "run" / "env").mkdir(parents=True)
    (disk.root / "run" / "env" / "web.env").write_text("A=1\nSRE_SPACE_UNIT=web@0123456789ab\n")
    (disk.root / "run" / "env" / "web.running").write_text("what it was started with before\n")
    config = disk.root / "web.env"
    config.write_text("B=" + "2" * 5000 + "\n")
    before = files(disk.root)
    program = [sys.executable, "-c", "import os; print(os.environ['A'], os.environ['B'][:1])"]
    command = [sys.executable, "-m", "sre_embedded.launcher", "web", "--config", str(config), "--", *program]
    with refusing():
        done = subprocess.run(
            command, env={**os.environ, "SRE_SPACE_STATE": str(disk.root)}, capture_output=True, text=True, check=False
        )
        after = files(disk.root)

    assert done.stdout == "1 2\n", done.stderr
    assert "launcher: web is started anyway: " in done.stderr or after != before
    assert after["web.running"] in (before["web.running"], files(disk.root)["web.running"])


def test_the_room_is_measured_and_what_cannot_be_written_is_said(disk: SmallDisk, refusing: Refusing) -> None:
    measure = DiskFolder(disk.root).measure
    before = measure()
    assert 1_500_000 < before.free < 2_200_000
    with refusing():
        room = measure()
        assert (room.level, bool(room.refused)) == (DiskLevel.FULL, True)
        assert room.refused in room.description
    assert not measure().refused
    assert files(disk.root) == {}


def test_the_room_for_files_is_measured(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 400, inodes=50) as disk:
        room = DiskFolder(disk.root).measure()

    assert room.files is not None
    assert room.files < 50
    assert (room.level, "more files" in room.description) == (DiskLevel.FULL, True)


def test_a_folder_that_is_not_there_yet_has_the_room_of_the_one_above_it(tmp_path: Path) -> None:
    assert DiskFolder(tmp_path / "a" / "b").measure().free > 0
