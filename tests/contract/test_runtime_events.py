"""`ports.runtime.RuntimeEvents` over supervisord, a Docker engine and the double; then what each has alone."""

import asyncio
import contextlib
import os
import signal
import socket
import stat
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol, TypeVar
from xmlrpc.client import ServerProxy

import pytest
from supervisor.xmlrpc import SupervisorTransport
from support.docker_doors import DOCKERS, reached
from support.docker_engine import EATS, PROJECT, DockerEngine
from support.runtimes import UNIT, Supervised, now, supervisord
from support.waiting import until
from support.world import World

from sre_space.adapters.docker.engine import Engine
from sre_space.adapters.docker.events import DockerEvents
from sre_space.adapters.docker.runtime import DockerReader, DockerRuntime
from sre_space.adapters.supervisord_events import SupervisordEvents
from sre_space.domain.errors import Unavailable
from sre_space.ports.runtime import Died, Runtime, RuntimeEvents, Started, Unit

T = TypeVar("T")
HANG_S = 60.0


class Machine(Protocol):
    """A runtime with one running unit, its stream of events, and somebody who stops the unit as people do."""

    @property
    def runtime(self) -> Runtime:
        """Its state."""
        ...

    @property
    def stream(self) -> RuntimeEvents:
        """Its events."""
        ...

    def now(self) -> float:
        """Its time, in Unix seconds."""
        ...

    def kill(self, unit: Unit) -> None:
        """SIGKILL to the unit's process."""
        ...

    def stop(self) -> None:
        """Have the runtime stop the unit."""
        ...


class Real:
    """A machine of processes."""

    def now(self) -> float:
        """As the kernel says."""
        return time.time()

    def kill(self, unit: Unit) -> None:
        """As somebody else does."""
        assert unit.pid is not None
        os.kill(unit.pid, signal.SIGKILL)


@dataclass(frozen=True)
class InMemory:
    """The double of the unit tests."""

    runtime: World

    @property
    def stream(self) -> RuntimeEvents:
        """Its events."""
        return self.runtime

    def now(self) -> float:
        """Time that stands still."""
        return self.runtime.clock.now() / 1e9

    def kill(self, unit: Unit) -> None:
        """End it."""
        self.runtime.kill(unit.name)

    def stop(self) -> None:
        """End it as planned."""
        self.runtime.kill(UNIT, planned=True)


@dataclass(frozen=True)
class Embedded(Real):
    """supervisord."""

    found: Supervised

    @property
    def runtime(self) -> Runtime:
        """Over its control socket."""
        return self.found.runtime

    @property
    def stream(self) -> RuntimeEvents:
        """Over its socket of events."""
        return self.found.events

    def stop(self) -> None:
        """As `supervisorctl stop` does."""
        transport = SupervisorTransport(None, None, f"unix://{self.found.runtime.socket}")
        ServerProxy("http://127.0.0.1", transport=transport).supervisor.stopProcess(UNIT)
        transport.close()


@dataclass(frozen=True)
class Contained(Real):
    """Docker."""

    engine: DockerEngine
    container: str
    runtime: DockerRuntime
    stream: DockerEvents

    def stop(self) -> None:
        """As `docker stop` does."""
        self.engine.act(self.container, "stop", t="5")


@pytest.fixture(scope="module", params=["double", "supervisord", *DOCKERS])
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Yield one machine for these stories, each of which leaves its unit running."""
    if request.param == "double":
        yield InMemory(World())
        return
    if request.param == "supervisord":
        with supervisord(tmp_path_factory.mktemp("r")) as found:
            yield Embedded(found)
        return
    engine: DockerEngine = request.getfixturevalue("docker")
    container = engine.run(UNIT)
    with reached(request.param, engine, tmp_path_factory.mktemp("proxy")) as doors:
        runtime = DockerRuntime(doors.acting, PROJECT, {UNIT: UNIT})
        yield Contained(engine, container, runtime, DockerEvents(DockerReader(doors.reading, PROJECT, {UNIT: UNIT})))
    engine.clear()


@contextlib.asynccontextmanager
async def following(stream: RuntimeEvents) -> AsyncIterator[AsyncIterator[Started | Died]]:
    """Follow a stream of one unit, with a time limit for what hangs."""
    async with asyncio.timeout(HANG_S), aclosing(stream.events()) as events:
        yield (event async for event in events if event.unit in ("eater", UNIT))


async def kill(machine: Machine) -> tuple[str, float]:
    """SIGKILL to the unit's process: the incarnation that ends, and when it was sent (Unix seconds)."""
    unit = await machine.runtime.unit(UNIT)
    sent = machine.now()
    machine.kill(unit)
    return unit.incarnation, sent


async def start_again(machine: Machine) -> str:
    """Have the unit started after its end: its new incarnation."""
    ended = await machine.runtime.unit(UNIT)
    return (await machine.runtime.restart(UNIT, ended.incarnation)).incarnation


async def test_it_begins_with_what_runs_and_says_each_start_and_end_with_its_incarnation(machine: Machine) -> None:
    alive = await machine.runtime.unit(UNIT)
    async with following(machine.stream) as events:
        first = await anext(events)
        assert isinstance(first, Started)
        assert (first.unit, first.incarnation, first.instance) == (UNIT, alive.incarnation, alive.instance)

        killed, sent = await kill(machine)
        died = await anext(events)
        assert isinstance(died, Died)
        assert (died.unit, died.incarnation, died.instance) == (UNIT, killed, alive.instance)
        assert (died.exit_code, died.planned) == (-signal.SIGKILL, False)
        assert sent <= died.time / 1e9 <= machine.now()

        again = await start_again(machine)
        started = await anext(events)
        assert isinstance(started, Started)
        assert started.incarnation == again
        assert started.time >= died.time - 10**9  # supervisord counts the start of what runs in its own time


async def test_a_restart_and_a_stop_are_planned(machine: Machine) -> None:
    async with following(machine.stream) as events:
        first = await anext(events)
        after = await machine.runtime.restart(UNIT, first.incarnation)
        died, started = await anext(events), await anext(events)
        assert isinstance(died, Died)
        assert (died.incarnation, died.planned) == (first.incarnation, True)
        assert started.incarnation == after.incarnation

        await asyncio.to_thread(machine.stop)
        stopped = await anext(events)
        assert isinstance(stopped, Died)
        assert (stopped.incarnation, stopped.planned) == (after.incarnation, True)
        await start_again(machine)
        assert isinstance(await anext(events), Started)


async def test_a_death_after_a_planned_stop_is_a_death(machine: Machine) -> None:
    async with following(machine.stream) as events:
        first = await anext(events)
        await machine.runtime.restart(UNIT, first.incarnation)
        assert [type(await anext(events)) for _ in range(2)] == [Died, Started]

        await kill(machine)
        died = await anext(events)
        assert isinstance(died, Died)
        assert not died.planned
        await start_again(machine)


async def test_each_follower_sees_everything_and_one_that_left_leaves_nothing(machine: Machine) -> None:
    async with following(machine.stream) as one:
        await anext(one)
    async with following(machine.stream) as one, following(machine.stream) as other:
        assert await anext(one) == await anext(other)
        killed, _ = await kill(machine)
        for events in (one, other):
            assert (await anext(events)).incarnation == killed
        again = await start_again(machine)
        for events in (one, other):
            assert (await anext(events)).incarnation == again


async def test_a_follower_that_reads_late_reads_all_in_its_order(machine: Machine) -> None:
    async with following(machine.stream) as events:
        incarnations = [(await anext(events)).incarnation]
        for _ in range(3):
            await kill(machine)
            await asyncio.to_thread(_await_end, machine)
            incarnations.append(await start_again(machine))
        seen = [await anext(events) for _ in range(6)]

    assert [type(one) for one in seen] == [Died, Started] * 3
    # What starts and ends before anybody looks has no incarnation that anybody could know; the last start has its own.
    assert seen[-1].incarnation == incarnations[-1]


def _await_end(machine: Machine) -> None:
    until(lambda: now(lambda: machine.runtime.unit(UNIT)).state == "exited", "the runtime says that it has ended")


async def test_a_death_is_said_at_once(machine: Machine) -> None:
    """Some ms; the bound is for a busy machine, and far below the second that supervisord's loop waits."""
    delays = []
    async with following(machine.stream) as events:
        await anext(events)
        for _ in range(10):
            _, sent = await kill(machine)
            assert isinstance(await anext(events), Died)
            delays.append(machine.now() - sent)
            await start_again(machine)
            assert isinstance(await anext(events), Started)

    shown = f"{median(delays) * 1e3:.0f} ms, at most {max(delays) * 1e3:.0f}"
    print(f"{type(machine.runtime).__name__}: a death is said after {shown}")
    assert median(delays) < 0.5


@pytest.mark.parametrize("kind", ["supervisord", "docker"])
async def test_a_runtime_that_is_down_is_unavailable(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "none.sock"
    docker = DockerEvents(DockerRuntime(Engine(f"unix://{path}"), PROJECT, {UNIT: UNIT}))
    stream: RuntimeEvents = docker if kind == "docker" else SupervisordEvents(str(path), {UNIT: UNIT})
    with pytest.raises(Unavailable, match=r"none\.sock"):
        async with following(stream) as events:
            await anext(events)


def test_the_end_of_supervisord_is_the_end_of_its_stream(tmp_path_factory: pytest.TempPathFactory) -> None:
    async def story(found: Supervised) -> None:
        async with following(found.events) as events:
            await anext(events)
            await asyncio.to_thread(found.process.kill, signal.SIGTERM)
            stopped = await anext(events)
            assert isinstance(stopped, Died)
            assert stopped.planned
            with pytest.raises(Unavailable, match="has ended"):
                await anext(events)

    with supervisord(tmp_path_factory.mktemp("r")) as found:
        asyncio.run(story(found))


@pytest.fixture(scope="module")
def supervised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    """supervisord alone."""
    with supervisord(tmp_path_factory.mktemp("r")) as found:
        yield found


def test_the_socket_of_events_is_for_this_user_alone(supervised: Supervised) -> None:
    assert stat.S_IMODE(Path(supervised.events.socket).stat().st_mode) == 0o600


def test_whoever_sends_something_is_cut_off_and_nothing_happens(supervised: Supervised) -> None:
    before = now(supervised.runtime.units)
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(HANG_S)
        asked.connect(supervised.events.socket)
        assert asked.recv(65536).endswith(b"\n")
        asked.sendall(b"POST /RPC2 HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert asked.recv(65536) == b""

    assert now(supervised.runtime.units) == before


def test_more_connections_than_it_takes_hold_nothing_up(supervised: Supervised) -> None:
    with contextlib.ExitStack() as idle:
        for _ in range(40):
            one = idle.enter_context(socket.socket(socket.AF_UNIX))
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):  # the kernel's queue is full until supervisord looks
                one.connect(supervised.events.socket)
        assert until(lambda: len(now(supervised.runtime.units)) == 1, "its other sockets answer all the same")

    assert until(lambda: _first(supervised) is not None, "it takes connections again once those are gone")


def _first(supervised: Supervised) -> Started | Died | None:
    """Return the first event of the stream; None while it takes no connection."""

    async def story() -> Started | Died:
        async with following(supervised.events) as events:
            return await anext(events)

    with contextlib.suppress(Unavailable):
        return asyncio.run(story())
    return None


async def test_docker_says_when_a_container_ran_out_of_memory(docker: DockerEngine) -> None:
    runtime = DockerRuntime(Engine(docker.address), "own", {"eater": "eater"})
    container = await asyncio.to_thread(docker.run, "eater", EATS, "own", 1, 16 * 2**20)
    async with following(DockerEvents(runtime)) as events:
        first = await anext(events)
        await asyncio.to_thread(docker.act, container, "kill", signal="USR1")  # it eats memory until it is killed
        died = await anext(events)
    dead = await runtime.unit("eater")
    docker.remove(container)

    assert isinstance(died, Died)
    assert (died.incarnation, died.planned) == (first.incarnation, False)
    assert died.detail == dead.detail == "killed: out of memory"
    assert died.exit_code == dead.exit_code == -signal.SIGKILL


async def test_dockers_own_kill_is_no_planned_stop_and_other_containers_are_not_ours(docker: DockerEngine) -> None:
    runtime = DockerRuntime(Engine(docker.address), "own", {UNIT: UNIT})
    mine, other = [await asyncio.to_thread(docker.run, UNIT, project=project) for project in ("own", "elsewhere")]
    unknown = await asyncio.to_thread(docker.run, "unknown", project="own")
    async with following(DockerEvents(runtime)) as events:
        await anext(events)
        for container in (other, unknown, mine):
            await asyncio.to_thread(docker.act, container, "kill")
        died = await anext(events)
    for container in (other, unknown, mine):
        docker.remove(container)

    assert isinstance(died, Died)
    assert (died.unit, died.instance, died.planned) == (UNIT, f"own-{UNIT}-1", False)
