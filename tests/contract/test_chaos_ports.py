"""The ports by which faults are injected, each over its adapters: the embedded space's, and those of containers."""

import contextlib
import json
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest
from support.docker_doors import open_door
from support.docker_engine import DockerEngine
from support.runtimes import UNIT, supervisord
from support.servers import ForgeServer, command_of, serving
from support.waiting import free_port, until

from sre_chaos.adapters.docker import DockerDoor
from sre_chaos.adapters.forge_tools import ForgeTools
from sre_chaos.adapters.git_program import GitProgram
from sre_chaos.adapters.links import Links
from sre_chaos.adapters.mcp import McpServer
from sre_chaos.adapters.postgresql import PostgresDatabase
from sre_chaos.adapters.sqlite import SqliteFile
from sre_chaos.adapters.supervisord import Supervisord
from sre_chaos.errors import NoTarget, Unreachable
from sre_chaos.ports import Database, Repository, Runtime

# --- the runtime


@dataclass(frozen=True)
class Machine:
    """A runtime in which UNIT runs, and whether its processes are stopped, as the machine itself says."""

    runtime: Runtime
    is_frozen: Callable[[], bool]


@pytest.fixture(params=["supervisord", "docker"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    """Yield a runtime: a supervisord, or Docker behind the door of the faults."""
    if request.param == "supervisord":
        with supervisord(tmp_path):
            runtime = Supervisord(str(tmp_path / "s.sock"))
            yield Machine(runtime, lambda: psutil.Process(runtime.living(UNIT)).status() == psutil.STATUS_STOPPED)
        return
    engine: DockerEngine = request.getfixturevalue("docker")
    id = engine.run(UNIT)
    with open_door(tmp_path, "chaos", engine.address, DOCKER_PROXY_SERVICES=UNIT) as door:
        yield Machine(DockerDoor(door.address), lambda: bool(engine.state(id)["Paused"]))
    engine.clear()


def test_a_killed_unit_is_down_at_once_and_another_process_after_its_start(machine: Machine) -> None:
    runtime = machine.runtime
    before = runtime.living(UNIT)

    assert runtime.kill(UNIT) == before
    assert runtime.living(UNIT) == 0
    runtime.start(UNIT)
    after = until(lambda: runtime.living(UNIT), "it runs again")
    runtime.start(UNIT)

    assert before != after == runtime.living(UNIT)


def test_a_frozen_unit_lives_until_it_is_thawed(machine: Machine) -> None:
    runtime = machine.runtime
    pid = runtime.freeze(UNIT)

    assert runtime.living(UNIT) == pid
    assert until(machine.is_frozen, "it is stopped")
    runtime.thaw(UNIT, pid + 1)  # it was another process's
    assert machine.is_frozen()
    runtime.thaw(UNIT, pid)
    assert until(lambda: not machine.is_frozen(), "it goes on")


def test_what_does_not_run_cannot_be_hit_and_what_does_not_exist_is_named(machine: Machine) -> None:
    runtime = machine.runtime
    runtime.kill(UNIT)

    for hit in (runtime.kill, runtime.freeze, runtime.reload):
        with pytest.raises(NoTarget, match="does not run; there is nothing to hit"):
            hit(UNIT)
    with pytest.raises(NoTarget, match=r"no (service|container of the service) 'nobody'"):
        runtime.kill("nobody")


def test_a_door_that_is_away_is_one_sentence() -> None:
    with pytest.raises(Unreachable, match=r"the door to Docker at tcp://127\.0\.0\.1:1 does not answer"):
        DockerDoor("tcp://127.0.0.1:1").living(UNIT)


def test_what_the_door_lets_nobody_hit_is_refused_with_its_sentence(docker: DockerEngine, tmp_path: Path) -> None:
    docker.run("scout")
    with (
        open_door(tmp_path, "chaos", docker.address, DOCKER_PROXY_SERVICES=UNIT) as door,
        pytest.raises(NoTarget, match="refused: scout is not among the services that this door changes"),
    ):
        DockerDoor(door.address).kill("scout")
    docker.clear()


# --- the database


@dataclass(frozen=True)
class Served:
    """A service's database as faults reach it, and how the service inserts a row (whether it was taken)."""

    database: Database
    insert: Callable[[], bool]
    count: Callable[[], int]


@pytest.fixture(params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """Yield a database with the table that faults know."""
    if request.param == "sqlite":
        yield _sqlite(tmp_path / "policy-service.db")
    else:
        yield from _postgresql()


def _sqlite(path: Path) -> Served:
    def connected() -> contextlib.closing[sqlite3.Connection]:
        return closing(sqlite3.connect(path, 20, isolation_level=None))

    def insert() -> bool:
        with connected() as database:
            try:
                database.execute("INSERT INTO assessments (score) VALUES (1)")
            except sqlite3.IntegrityError:
                return False
            return True

    def count() -> int:
        with connected() as database:
            return int(database.execute("SELECT count(*) FROM assessments").fetchone()[0])

    with connected() as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE assessments (id INTEGER PRIMARY KEY, score INTEGER)")
    return Served(SqliteFile("policy-service", path), insert, count)


def _postgresql() -> Iterator[Served]:
    """Start a server on a free port, as the user `postgres` when the tests run as root, which it refuses."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [Path(shutil.which("initdb") or "/").parent]
    if not (programs[-1] / "initdb").exists():
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    user = "postgres" if os.getuid() == 0 else None
    folder, port = Path(tempfile.mkdtemp(prefix="faults-")), free_port()
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    initdb, server = (str(programs[-1] / name) for name in ("initdb", "postgres"))
    data = ["-D", str(folder / "data")]
    make = [initdb, *data, "-A", "trust", "-U", "owner", "-N", "-E", "UTF8"]
    serve = [server, *data, "-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
    subprocess.run(make, user=user, cwd=folder, check=True, capture_output=True)
    with subprocess.Popen(serve, user=user, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: _roles_made(port), "PostgreSQL serves")
            yield _served(port)
        finally:
            process.terminate()
    shutil.rmtree(folder)


def _roles_made(port: int) -> bool:
    """Make the roles and the database as the stack's roles.sql does."""
    try:
        with psycopg.connect(f"postgresql://owner@127.0.0.1:{port}/postgres", autocommit=True) as database:
            database.execute("CREATE ROLE policy_service LOGIN")
            database.execute("CREATE DATABASE policy_service OWNER policy_service")
            database.execute("REVOKE CONNECT ON DATABASE policy_service FROM PUBLIC")
            database.execute("CREATE ROLE reporting LOGIN IN ROLE policy_service")
    except psycopg.OperationalError:
        return False
    return True


def _served(port: int) -> Served:
    url = f"127.0.0.1:{port}/policy_service"

    def asked(statement: str) -> object:
        with psycopg.connect(f"postgresql://policy_service@{url}", autocommit=True) as database:
            done = database.execute(statement)
            return done.fetchone() if done.description else None

    def insert() -> bool:
        try:
            asked("INSERT INTO assessments (score) VALUES (1)")
        except psycopg.errors.RaiseException:
            return False
        return True

    def count() -> int:
        row = asked("SELECT count(*) FROM assessments")
        assert isinstance(row, tuple)
        return int(row[0])

    asked("CREATE TABLE assessments (id SERIAL PRIMARY KEY, score INTEGER)")
    return Served(PostgresDatabase("policy-service", f"postgresql://reporting@{url}"), insert, count)


def test_three_of_ten_inserts_are_refused_by_the_database_itself_until_it_stops(served: Served) -> None:
    served.database.require()
    served.database.refuse_inserts(30)
    served.database.refuse_inserts(30)  # twice is once
    taken = sum(served.insert() for _ in range(200))
    served.database.stop_refusing()
    served.database.stop_refusing()

    assert 100 < taken < 180
    assert all(served.insert() for _ in range(20))
    assert served.count() == taken + 20


def test_while_writes_are_held_readers_go_on_and_writers_wait(served: Served) -> None:
    holding = threading.Thread(target=served.database.hold_writes, args=(1.5,))
    rows, waited = served.count(), 0.0
    holding.start()
    while holding.is_alive() and waited < 0.3:
        begun = time.monotonic()
        assert served.insert()
        waited, rows = time.monotonic() - begun, rows + 1
    reads = served.count()
    holding.join()

    assert waited >= 0.3
    assert reads == served.count() == rows


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoTarget, match="policy-service has no SQLite database"):
        SqliteFile("policy-service", tmp_path / "none.db").require()
    with pytest.raises(NoTarget, match="the database of policy-service does not answer"):
        PostgresDatabase("policy-service", f"postgresql://reporting@127.0.0.1:{free_port()}/x").require()


# --- the network


def test_a_link_to_another_host_holds_bytes_back_for_as_long_as_it_is_told(tmp_path: Path) -> None:
    port, key = free_port(), tmp_path / "network.key"
    key.write_text("s" * 32)
    with socket.create_server(("127.0.0.2", 0)) as service:
        environment = {
            "NETWORK_LINKS": f"policy-service={port}:127.0.0.2:{service.getsockname()[1]}",
            "NETWORK_SOCKET": str(tmp_path / "n.sock"), "NETWORK_SECRET_FILE": str(key),
        }  # fmt: skip
        links = Links(tmp_path / "n.sock", key)
        with serving(command_of("network"), environment, (tmp_path / "n.sock").exists, tmp_path / "log"):
            links.delay("policy-service", 300)
            slow = _seconds(port, service)
            links.delay("policy-service", 0)
            fast = _seconds(port, service)
            with pytest.raises(NoTarget, match="the space's network refused: there are links to policy-service"):
                links.delay("nobody", 1)

    assert slow >= 0.3
    assert fast < slow


def _seconds(port: int, service: socket.socket) -> float:
    """Return how long a byte takes through a link."""
    with socket.create_connection(("127.0.0.1", port)) as caller:
        callee, _ = service.accept()
        with callee:
            begun = time.monotonic()
            caller.sendall(b"x")
            assert callee.recv(1) == b"x"
            return time.monotonic() - begun


# --- the repository


@pytest.fixture(params=["git", "tools"])
def repository(request: pytest.FixtureRequest, forge_to_change: ForgeServer, tmp_path: Path) -> Repository:
    """Return the repository on our forge, by git or by the forge's tools."""
    token = forge_to_change.identities["operator"].token
    if request.param == "tools":
        return ForgeTools(McpServer(f"{forge_to_change.url}/mcp", token), "local/cloud-insurance", tmp_path)
    (tmp_path / "forge").mkdir()
    (tmp_path / "forge" / "identities.json").write_text(json.dumps([{"login": "operator", "token": token}]))
    return GitProgram(f"{forge_to_change.url}/local/cloud-insurance.git", tmp_path, sys.executable)


def test_a_changed_file_is_on_main_and_an_unchanged_one_is_no_commit(repository: Repository) -> None:
    before, after = repository.change("quote-service.env", lambda text: f"{text}# x\n", "Say x")
    assert after == f"{before}# x\n"

    assert repository.change("quote-service.env", lambda text: text, "Nothing") == (after, after)
    assert repository.change("quote-service.env", lambda _: before, 'Revert "Say x"') == (after, before)


def test_our_own_forge_needs_no_consent(repository: Repository) -> None:
    repository.require_consent("")


def test_main_is_in_force_when_the_deployer_wrote_its_commit_down_or_has_all_of_its_files(
    forge_to_change: ForgeServer, tmp_path: Path
) -> None:
    token = forge_to_change.identities["operator"].token
    tools = ForgeTools(McpServer(f"{forge_to_change.url}/mcp", token), "local/cloud-insurance", tmp_path)
    (tmp_path / "config").mkdir()
    for name in ("space.env", "quote-service.env", "policy-service.env", "user-service.env"):
        before, _ = tools.change(name, lambda text: text, "Nothing")
        (tmp_path / "config" / name).write_text(before)

    assert tools.deploy() == 0
    tools.change("space.env", lambda text: f"{text}# y\n", "Say y")
    head = json.loads(
        tools.forge.call("list_commits", {"owner": "local", "repo": "cloud-insurance", "perPage": 1})[0]["text"]
    )
    (tmp_path / "deployments.jsonl").write_text(json.dumps({"commit": head[0]["sha"], "at": 7}) + "\n")
    assert tools.deploy() == 7
