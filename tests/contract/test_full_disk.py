"""The embedded servers and the runtime on a disk that is really full: they live on, say so, and lose nothing."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.disks import SmallDisk, small_disk
from support.servers import command_of, module, serving
from support.spans import new_span, resource_spans
from support.waiting import free_port, until

from sre_embedded.bootstrap import chroma
from sre_embedded.databases import damage_of
from sre_embedded.servers.bus.offsets import Offsets
from sre_embedded.servers.bus.topics import PARTITIONS
from sre_embedded.servers.forge.identities import write_identities
from sre_embedded.servers.forge.store import Store
from sre_embedded.servers.telemetry.store import Export, connect, set_damaged_aside, store, waiting
from sre_embedded.space.ports import is_free
from sre_space.adapters.github_mcp import GithubMcpForge
from sre_space.bootstrap.space import supervisor as space_supervisor
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

    def start(self, name: str) -> None:
        """Start a unit."""
        space_supervisor.start(str(self.socket), name)

    def pid(self, name: str = "talker") -> int:
        """Of a unit, 0 when it has none."""
        try:
            return next(one.pid for one in space_supervisor.units(str(self.socket)) if one.name == name)
        except Unavailable:
            return 0


@pytest.fixture
def supervised(tmp_path: Path, disk: SmallDisk) -> Iterator[Supervised]:
    """Its logs are on the small disk."""
    found = Supervised(tmp_path, disk.root)
    command = [*module("sre_embedded.supervisor"), "-n", "-c", str(found.conf)]
    with serving(command, {"PYTHONWARNINGS": "ignore"}, lambda: bool(found.pid()), disk.root / "start.log") as server:
        yield found
        server.kill(signal.SIGTERM)


def takes_nothing(disk: SmallDisk, log: Path) -> bool:
    """Fill the disk again, for a rotation frees the oldest log; True when the log's last page is full."""
    disk.fill()
    size = log.stat().st_size
    return size > 0 and size % 4096 == 0


def test_units_live_and_are_started_on_a_full_disk_and_logs_go_on_when_there_is_room(
    supervised: Supervised, disk: SmallDisk
) -> None:
    log, pid = disk.root / "talker.log", supervised.pid()
    until(lambda: log.exists() and log.stat().st_size > 0, "the unit has said something")
    until(lambda: takes_nothing(disk, log), "its last page is full, too")
    supervised.start("later")
    os.kill(supervised.pid("later"), signal.SIGKILL)  # its end is told in the log, too
    until(lambda: not supervised.pid("later"), "the other unit has ended")
    supervised.start("later")

    assert supervised.pid() == pid
    disk.free()

    told = b"bytes of this log were dropped: No space left on device)\n"
    until(
        lambda: any(told in path.read_bytes() for path in disk.root.glob("talker.log*")), "the log says what it lacks"
    )
    assert supervised.pid() == pid


def test_a_log_that_cannot_be_made_stops_no_unit(supervised: Supervised, disk: SmallDisk) -> None:
    """No inodes; a folder in place of the file."""
    (disk.root / "later.log").mkdir()
    disk.use_all_inodes()

    supervised.start("later")
    assert until(lambda: supervised.pid("later"), "it runs")


def test_a_log_is_rotated_to_one_older_file(supervised: Supervised, disk: SmallDisk) -> None:
    until((disk.root / "talker.log.1").exists, "the log is rotated")

    assert 50_000 <= (disk.root / "talker.log.1").stat().st_size < 60_000


def produced(address: str, value: bytes) -> str:
    """Send one record, without trying again; the error's name, "" when it was stored."""
    told: list[str] = []
    producer = Producer({"bootstrap.servers": address, "retries": 0, "message.timeout.ms": 120_000, "log_level": 0})
    producer.produce("events", value, on_delivery=lambda error, _: told.append(error.name() if error else ""))
    producer.flush(120)
    return told[0]


def records(address: str) -> list[bytes]:
    """Everything in the topic."""
    found: list[bytes] = []
    settings = {"bootstrap.servers": address, "group.id": "any", "enable.partition.eof": True, "log_level": 0}
    consumer = Consumer(settings)
    consumer.assign([TopicPartition("events", number, 0) for number in range(PARTITIONS)])
    ended: set[int | None] = set()
    while len(ended) < PARTITIONS:
        message = consumer.poll(120)
        assert message is not None
        if message.error() is None:
            found.append(message.value() or b"")
        else:
            ended.add(message.partition())
    consumer.close()
    return found


def test_the_bus_answers_as_kafka_does_stores_no_half_batch_and_goes_on(disk: SmallDisk) -> None:
    port = free_port()
    environment, address = {"BUS_PORT": str(port), "SRE_SPACE_STATE": str(disk.root)}, f"127.0.0.1:{port}"
    log = disk.root.parent / "bus.log"
    command = command_of("bus")
    with serving(command, environment, lambda: not is_free(port), log) as server:
        assert produced(address, b"before") == ""
        disk.fill()
        refused = {produced(address, os.urandom(20_000)) for _ in range(5)}
        assert "KAFKA_STORAGE_ERROR" in refused
        server.kill()
        server.start()  # on a disk that is full
        disk.free()
        assert produced(address, b"after") == ""
        server.kill()
        server.start()

        assert {b"before", b"after"} <= set(records(address))
    assert log.read_text().count("the bus stores no records") == 1
    assert "No space left on device (free some space or inodes)" in log.read_text()


def many_commits(offsets: Offsets) -> None:
    """Commit the offsets 2 to 9,999 of one partition, one after the other."""
    for number in range(2, 10_000):
        offsets.commit("g", "t", 0, number, "")


def test_a_committed_offset_that_does_not_fit_is_not_committed(disk: SmallDisk) -> None:
    offsets = Offsets(disk.root / "offsets.jsonl")
    offsets.commit("g", "t", 0, 1, "")
    disk.fill()
    with pytest.raises(OSError, match="No space left"):
        many_commits(offsets)
    stored, _ = offsets.committed["g"]["t", 0]
    assert stored > 1
    disk.free()
    offsets.commit("g", "t", 1, 7, "")

    assert Offsets(disk.root / "offsets.jsonl").committed["g"] == {("t", 0): (stored, ""), ("t", 1): (7, "")}


async def many_comments(forge: GithubMcpForge, issue: int) -> None:
    """More than a full disk has room for in the blocks that its files have already."""
    for _ in range(1000):
        await forge.comment(issue, "x" * 5000)


async def test_the_forge_refuses_to_write_in_one_sentence_still_reads_and_goes_on(disk: SmallDisk) -> None:
    port = free_port()
    who = write_identities(disk.root / "forge" / "identities.json", {"sre-scout": "write"})[0]
    environment = {"FORGE_PORT": str(port), "SRE_SPACE_STATE": str(disk.root)}
    log = disk.root.parent / "forge.log"

    with serving(command_of("forge"), environment, lambda: not is_free(port), log):
        forge, reader, later = (
            GithubMcpForge(f"http://127.0.0.1:{port}/mcp", who.token, "local", "cloud-insurance") for _ in range(3)
        )  # one that was refused leaves the forge alone for a moment
        number = await forge.open_issue("title", "body", ())
        disk.fill()
        with pytest.raises(Unavailable, match=r"add issue comment: 507 the forge cannot store it: .*full"):
            await many_comments(forge, number)
        told = len(await reader.comments(number))
        disk.free()
        await later.comment(number, "there is room")
        assert len(await later.comments(number)) == told + 1
        for one in (forge, reader, later):
            await one.close()
    assert log.read_text().count("the forge records nothing") == 1


def exported(address: str, megabytes: float) -> int:
    """Send spans; HTTP's status."""
    span = new_span("x" * int(megabytes * 1e6), time.time_ns())
    request = ExportTraceServiceRequest(resource_spans=[resource_spans("web", [span])]).SerializeToString()
    headers = {"content-type": "application/x-protobuf"}
    return httpx.post(f"{address}/v1/traces", content=request, headers=headers, timeout=120).status_code


def test_telemetry_refuses_what_it_cannot_store_and_goes_on(disk: SmallDisk) -> None:
    ports = {name: free_port() for name in ("OTLP_GRPC_PORT", "OTLP_HTTP_PORT", "JAEGER_PORT")}
    environment = {
        **{name: str(port) for name, port in ports.items()},
        "SRE_SPACE_STATE": str(disk.root),
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
    }
    http, log = f"http://127.0.0.1:{ports['OTLP_HTTP_PORT']}", disk.root.parent / "telemetry.log"
    with serving(command_of("telemetry"), environment, lambda: not any(map(is_free, ports.values())), log) as server:
        assert exported(http, 0.001) == 200
        disk.fill()
        statuses = [exported(http, 0.1) for _ in range(3)]
        disk.free()

        assert statuses[-1] == 503
        assert exported(http, 0.001) == 200
        assert server.process is not None
        assert server.process.poll() is None
    assert log.read_text().count("are not stored in") == 1


@pytest.mark.parametrize("name", ["forge", "telemetry"])
def test_a_server_that_cannot_start_for_want_of_room_says_so_in_one_line(disk: SmallDisk, name: str) -> None:
    write_identities(disk.root / "forge" / "identities.json", {"sre-scout": "write"})
    ports = {one: str(free_port()) for one in ("FORGE_PORT", "OTLP_GRPC_PORT", "OTLP_HTTP_PORT", "JAEGER_PORT")}
    disk.fill()
    command = command_of(name)
    done = subprocess.run(
        command,
        env={**os.environ, **ports, "SRE_SPACE_STATE": str(disk.root)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith(f"{name}: the disk cannot be written: ")


FULL = {"bytes": SmallDisk.fill, "inodes": SmallDisk.use_all_inodes}


@pytest.mark.parametrize("full", FULL.values(), ids=FULL)
def test_spans_on_a_full_disk_are_no_damaged_spans(disk: SmallDisk, full: Callable[[SmallDisk], None]) -> None:
    path = disk.root / "telemetry" / "spans.db"
    before = connect(path)
    store(before, [Export("otlp_logs", [b"not yet on the bus"], ())], ())
    before.close()
    full(disk)

    assert not set_damaged_aside(path)
    disk.free()

    assert [body for _, _, body in waiting(connect(path), 0)] == [b"not yet on the bus"]


@pytest.mark.parametrize("full", FULL.values(), ids=FULL)
def test_the_forge_on_a_full_disk_does_not_say_that_its_record_is_damaged(
    disk: SmallDisk, full: Callable[[SmallDisk], None]
) -> None:
    path = disk.root / "forge" / "forge.db"
    before = Store(path)
    before.create_issue("title", "body", (), "sre-scout")
    before.db.close()
    full(disk)

    with pytest.raises(sqlite3.OperationalError, match=r"disk I/O|unable to open|full"):
        Store(path)
    disk.free()

    assert [issue.title for issue in Store(path).issues()] == ["title"]


def test_an_index_of_chroma_in_wal_mode_is_kept_on_a_full_disk(disk: SmallDisk) -> None:
    path = disk.root / "chroma" / chroma.DATABASE
    connect(path).close()
    disk.fill()
    chroma.set_damaged_index_aside(path.parent)
    disk.free()

    assert path.is_file()
    assert not damage_of(path)
