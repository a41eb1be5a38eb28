"""The embedded servers and the runtime on a disk that is really full: they live on, say so, and lose nothing."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.disks import SmallDisk, small_disk
from support.servers import module, serving
from support.waiting import until

from sre_space.bootstrap import space_supervisor
from sre_space.domain.errors import Unavailable

TALKER = "import time\nwhile True:\n    print('x' * 200, flush=True)\n    time.sleep(0.01)\n"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Two megabytes."""
    with small_disk(tmp_path / "disk", 2, inodes=100) as found:
        yield found


class Supervised:
    """A supervisord with one unit that talks, and one that does nothing yet."""

    def __init__(self, folder: Path, logs: Path) -> None:
        self.socket, self.logs = folder / "s.sock", logs
        (folder / "talk.py").write_text(TALKER)
        self.conf = folder / "s.conf"
        programs = "".join(
            f"[program:{name}]\ncommand={sys.executable} {folder}/talk.py\nstartsecs=0\nautostart={start}\n"
            f"autorestart=false\nredirect_stderr=true\nstdout_logfile={logs}/{name}.log\n"
            "stdout_logfile_maxbytes=50KB\nstdout_logfile_backups=1\n"
            for name, start in (("talker", "true"), ("later", "false"))
        )
        self.conf.write_text(
            f"[supervisord]\nnodaemon=true\nsilent=true\nlogfile={logs}/s.log\npidfile={folder}/s.pid\n"
            f"[unix_http_server]\nfile={self.socket}\n[rpcinterface:supervisor]\n"
            f"supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n{programs}"
        )

    def call(self, method: str, *words: object) -> Any:
        """One question."""
        return space_supervisor.call(str(self.socket), method, *words)

    def pid(self, name: str = "talker") -> int:
        """Of a unit, 0 when it has none."""
        try:
            return int(self.call("getProcessInfo", name)["pid"])
        except Unavailable:
            return 0


@pytest.fixture
def supervised(tmp_path: Path, disk: SmallDisk) -> Iterator[Supervised]:
    """Its logs are on the small disk."""
    found = Supervised(tmp_path, disk.root)
    command = [*module("sre_space.embedded.supervisor"), "-n", "-c", str(found.conf)]
    with serving(command, {"PYTHONWARNINGS": "ignore"}, lambda: bool(found.pid()), disk.root / "start.log") as server:
        yield found
        server.kill(signal.SIGTERM)


def test_units_live_and_are_started_on_a_full_disk_and_logs_go_on_when_there_is_room(
    supervised: Supervised, disk: SmallDisk
) -> None:
    log, pid = disk.root / "talker.log", supervised.pid()
    until(log.exists, "the unit has said something")
    disk.fill()
    until(lambda: log.stat().st_size % 4096 == 0, "its last page is full, too")
    assert supervised.call("startProcess", "later", False)
    os.kill(supervised.pid("later"), signal.SIGKILL)  # its end is told in the log, too
    until(lambda: not supervised.pid("later"), "the other unit has ended")
    assert supervised.call("startProcess", "later", False)

    assert supervised.pid() == pid
    disk.free()

    until(lambda: b"No space left on device" in log.read_bytes(), "the log says what it lacks")
    assert b"bytes of this log were dropped" in log.read_bytes()
    assert supervised.pid() == pid


def test_a_log_that_cannot_be_made_stops_no_unit(supervised: Supervised, disk: SmallDisk) -> None:
    """No inodes; a folder in place of the file."""
    (disk.root / "later.log").mkdir()
    disk.use_all_inodes()

    assert supervised.call("startProcess", "later", False)
    assert until(lambda: supervised.pid("later"), "it runs")


def test_a_log_is_rotated_to_one_older_file(supervised: Supervised, disk: SmallDisk) -> None:
    until((disk.root / "talker.log.1").exists, "the log is rotated")

    assert 50_000 <= (disk.root / "talker.log.1").stat().st_size < 60_000
