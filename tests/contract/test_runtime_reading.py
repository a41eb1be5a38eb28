"""`ports.runtime.RuntimeReader` over both adapters of a real supervisord; through the read-only socket nothing else."""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from xmlrpc.client import Error, ServerProxy, dumps

import pytest
from hypothesis import given
from hypothesis import strategies as st
from supervisor.rpcinterface import SupervisorNamespaceRPCInterface
from supervisor.xmlrpc import SupervisorTransport, SystemNamespaceRPCInterface
from support.runtimes import UNIT, Supervised, now, supervisord
from support.waiting import until

from sre_space.adapters.supervisord import SupervisordRuntime
from sre_space.adapters.supervisord_reader import SupervisordReader
from sre_space.domain.errors import Missing, Unavailable
from sre_space.ports.runtime import RuntimeReader, Unit

METHODS = sorted(
    f"{space}.{name}"
    for space, offered in (("supervisor", SupervisorNamespaceRPCInterface), ("system", SystemNamespaceRPCInterface))
    for name in vars(offered)
    if not name.startswith("_")
)
ADAPTERS: dict[str, Callable[[Supervised], RuntimeReader]] = {
    "control": lambda found: found.runtime, "reading": lambda found: found.reader,
}  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    """One for the module: these tests only read, but for one that starts what it killed."""
    with supervisord(tmp_path_factory.mktemp("r")) as running:
        yield running


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_unit_is_told_with_its_life_and_its_end(found: Supervised, adapter: str) -> None:
    reader = ADAPTERS[adapter](found)
    (alive,) = now(reader.units)
    assert alive == now(lambda: reader.unit(UNIT))
    assert (alive.name, alive.state, alive.exit_code) == (UNIT, "running", None)
    assert alive.pid is not None

    os.kill(alive.pid, signal.SIGKILL)
    dead = until(lambda: [one for one in now(reader.units) if one.state == "exited"], "the unit has ended")[0]

    assert isinstance(dead, Unit)
    assert (dead.pid, dead.exit_code, dead.detail) == (None, None, "ended by a signal")
    assert dead.incarnation != alive.incarnation
    now(lambda: found.runtime.restart(UNIT, dead.incarnation))


def test_both_adapters_tell_the_same_so_that_what_one_decides_the_other_may_do(found: Supervised) -> None:
    assert now(found.reader.units) == now(found.runtime.units)


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("name", ["other", "../x", ""])
def test_only_units_of_the_configuration_are_known(found: Supervised, adapter: str, name: str) -> None:
    with pytest.raises(Missing):
        now(lambda: ADAPTERS[adapter](found).unit(name))


@pytest.mark.parametrize("adapter", [SupervisordRuntime, SupervisordReader])
def test_a_unit_that_supervisord_does_not_know_is_missing(
    found: Supervised, adapter: type[SupervisordRuntime | SupervisordReader]
) -> None:
    path = found.runtime.socket if adapter is SupervisordRuntime else found.reader.socket
    with pytest.raises(Missing, match="supervisord does not know nobody"):
        now(adapter(path, {"nobody": "nobody"}).units)


@pytest.mark.parametrize("adapter", [SupervisordRuntime, SupervisordReader])
def test_a_runtime_that_is_down_is_unavailable(
    tmp_path: Path, adapter: type[SupervisordRuntime | SupervisordReader]
) -> None:
    with pytest.raises(Unavailable):
        now(adapter(str(tmp_path / "none"), {"a": "a"}).units)


def as_started(found: Supervised) -> list[Unit]:
    """Return the units without the count of restarts, which the launcher writes a moment after the start."""
    return [replace(unit, restarts=None) for unit in now(found.runtime.units)]


@pytest.mark.parametrize("method", METHODS)
def test_no_method_of_supervisord_is_answered_through_the_read_only_socket(found: Supervised, method: str) -> None:
    assert len(METHODS) > 30
    before = as_started(found)
    transport = SupervisorTransport(None, None, f"unix://{found.reader.socket}")
    proxy = ServerProxy("http://127.0.0.1", transport=transport)

    with pytest.raises((Error, OSError, http.client.HTTPException)):
        proxy.__getattr__(method)(UNIT)
    transport.close()

    assert as_started(found) == before


@pytest.mark.parametrize(
    "path", ["/", "/RPC2", "/logtail/policy-service", "/mainlogtail", "/index.html?action=stopall"]
)
def test_whatever_is_sent_nothing_is_told_but_the_listing(found: Supervised, path: str) -> None:
    body = dumps((UNIT,), "supervisor.stopProcess")
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(5)
        asked.connect(found.reader.socket)
        told = b""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it never read what we sent
            asked.sendall(f"POST {path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            while part := asked.recv(65536):
                told += part

    assert [one["name"] for one in json.loads(told or b"[]")] in ([], ["other", UNIT])
    assert {tuple(sorted(one)) for one in json.loads(told or b"[]")} <= {
        ("exitstatus", "name", "pid", "spawnerr", "start", "statename", "stop"),
    }  # fmt: skip


def test_the_socket_is_for_this_user_alone_and_goes_with_supervisord(tmp_path_factory: pytest.TempPathFactory) -> None:
    with supervisord(tmp_path_factory.mktemp("r")) as running:
        path = Path(running.reader.socket)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


def test_a_runtime_that_was_killed_tells_its_units_again_as_soon_as_it_is_back(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with supervisord(tmp_path_factory.mktemp("r")) as running:
        pids = [unit["pid"] for unit in json.loads(listing(running.reader.socket))]
        running.process.kill()
        with pytest.raises(Unavailable):
            now(running.reader.units)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)  # nobody else ends them
        running.process.start()

        assert [one.state for one in now(running.reader.units)] == ["running"]


def listing(path: str) -> bytes:
    """Connect to a socket, and return all that is sent there."""
    with socket.socket(socket.AF_UNIX) as asked, asked.makefile("rb") as told:
        asked.settimeout(5)
        asked.connect(path)
        return told.read()


def test_clients_that_neither_read_nor_leave_hold_nothing_up(found: Supervised) -> None:
    with contextlib.ExitStack() as idle:
        for _ in range(200):
            one = idle.enter_context(socket.socket(socket.AF_UNIX))
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):  # the kernel's queue is full until supervisord looks
                one.connect(found.reader.socket)

        assert until(lambda: answered(found.reader), "the listing comes all the same")


def answered(reader: SupervisordReader) -> bool:
    """Return whether the reader lists the one unit."""
    try:
        return len(now(reader.units)) == 1
    except Unavailable:
        return False


OTHER_JSON = st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, min_size=1))


@given(st.one_of(st.binary(min_size=1, max_size=200), OTHER_JSON.map(lambda one: json.dumps(one).encode())))
def test_whatever_else_answers_there_is_unavailable(answer: bytes) -> None:
    with pytest.raises(Unavailable):
        SupervisordReader("units.sock", {"a": "a"})._parsed(answer + b"\n")


async def test_one_that_hangs_or_tells_without_end_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sre_space.adapters.supervisord_reader.ANSWERS_WITHIN_S", 0.2)

    async def story(answer: bytes) -> str:
        gone = asyncio.Event()

        async def told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(answer)
            with contextlib.suppress(ConnectionError):
                await reader.read()  # until the client goes
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            gone.set()

        path = str(tmp_path / "units.sock")
        async with await asyncio.start_unix_server(told, path):
            with pytest.raises(Unavailable) as refused:
                await SupervisordReader(path, {"a": "a"}).units()
            await gone.wait()
        return str(refused.value)

    assert "within 0.2 s" in await story(b"[]")
    assert "longer than" in await story(b"x" * 2**21)
