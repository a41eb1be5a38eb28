"""Docker's containers as units, and the proxies in front of a real engine: what no other runtime has."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from support.docker_doors import DOCKERS, Doors, OpenDoor, open_door, reached
from support.docker_engine import PROJECT, SLEEPS, DockerEngine
from support.runtimes import now
from support.waiting import until

from sre_space.adapters.docker.engine import Engine
from sre_space.adapters.docker.output import DockerOutput
from sre_space.adapters.docker.runtime import DockerReader, DockerRuntime, engine_and_project
from sre_space.domain.errors import Malformed, Missing, Refused, Unavailable
from sre_space.ports.runtime import Unit

NAMES = {"policy": "policy-service", "gone": "gone-service"}  # units, and the services of the Compose file
LIMIT = 64 * 2**20


@pytest.fixture(scope="module", params=DOCKERS)
def doors(
    request: pytest.FixtureRequest, docker: DockerEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Doors]:
    """Yield the ways to the engine."""
    with reached(request.param, docker, tmp_path_factory.mktemp("doors")) as doors:
        yield doors


@pytest.fixture
def engine(docker: DockerEngine) -> Iterator[DockerEngine]:
    """Yield the engine; no container is left."""
    yield docker
    docker.clear()


async def test_a_container_is_a_unit_with_its_limit_and_its_name(engine: DockerEngine, doors: Doors) -> None:
    id = await asyncio.to_thread(engine.run, "policy-service", memory=LIMIT)
    await asyncio.to_thread(engine.run, "policy-service", project="elsewhere")
    await asyncio.to_thread(engine.run, "another-service")

    unit, gone = await DockerReader(doors.reading, PROJECT, NAMES).units()

    state = engine.state(id)
    assert unit.incarnation == f"{id[:12]}:{state['StartedAt']}"
    assert unit.pid == state["Pid"]
    assert (unit.name, unit.state, unit.instance) == ("policy", "running", f"{PROJECT}-policy-service-1")
    assert (unit.memory_limit, unit.restarts, unit.exit_code, unit.detail) == (LIMIT, None, None, "")
    assert abs(unit.since / 1e9 - time.time()) < 60
    assert gone == Unit("gone", "unknown", "none", None, 0, None, "it has no container")


async def test_a_unit_without_a_container_is_missing_with_the_remedy(engine: DockerEngine, doors: Doors) -> None:
    with pytest.raises(
        Missing, match=r"gone-service has no container in the Compose project shop at .*up -d gone-serv"
    ):
        await DockerReader(doors.reading, PROJECT, NAMES).unit("gone")


async def test_of_two_containers_the_worse_stands_for_the_unit_and_it_alone_is_restarted(
    engine: DockerEngine, doors: Doors
) -> None:
    first, second = [await asyncio.to_thread(engine.run, "policy-service", number=number) for number in (1, 2)]
    runtime = DockerRuntime(doors.acting, PROJECT, NAMES)
    await asyncio.to_thread(engine.act, second, "kill")
    untouched = engine.state(first)

    dead = await runtime.unit("policy")
    again = await runtime.restart("policy", dead.incarnation)

    assert (dead.state, dead.exit_code, dead.instance) == ("exited", -9, f"{PROJECT}-policy-service-2")
    assert (again.state, again.instance) == ("running", dead.instance)
    assert engine.state(first) == untouched


async def test_a_paused_container_is_restarted(engine: DockerEngine, doors: Doors) -> None:
    id = await asyncio.to_thread(engine.run, "policy-service")
    runtime = DockerRuntime(doors.acting, PROJECT, NAMES)
    await asyncio.to_thread(engine.act, id, "pause")
    paused = await runtime.unit("policy")

    again = await runtime.restart("policy", paused.incarnation)

    assert (paused.state, paused.detail) == ("running", "paused")
    assert (again.state, again.detail) == ("running", "")


async def test_one_that_hears_no_sigterm_is_killed_and_started(engine: DockerEngine, doors: Doors) -> None:
    await asyncio.to_thread(engine.run, "policy-service", SLEEPS)  # the first process of a container ignores it
    runtime = DockerRuntime(doors.acting, PROJECT, NAMES)
    before = await runtime.unit("policy")

    assert (await runtime.restart("policy", before.incarnation)).state == "running"


async def test_a_restart_through_this_way_takes(engine: DockerEngine, doors: Doors) -> None:
    await asyncio.to_thread(engine.run, "policy-service")
    runtime = DockerRuntime(doors.acting, PROJECT, NAMES)
    seconds = []
    for _ in range(5):
        before = await runtime.unit("policy")
        began = time.monotonic()
        await runtime.restart("policy", before.incarnation)
        seconds.append(time.monotonic() - began)

    print(f"a restart at {doors.acting.address[:4]}... takes {sorted(seconds)[2]:.2f} s, at most {max(seconds):.2f}")


async def test_a_memory_limit_is_changed_while_the_container_runs(engine: DockerEngine, doors: Doors) -> None:
    await asyncio.to_thread(engine.run, "policy-service", memory=LIMIT)
    runtime = DockerRuntime(doors.acting, PROJECT, NAMES)
    before = await runtime.unit("policy")

    (after,) = await runtime.limit_memory("policy", 2 * LIMIT)

    assert after.memory_limit == 2 * LIMIT
    assert after.incarnation == before.incarnation


async def test_another_container_under_the_same_name_is_another_incarnation(engine: DockerEngine, doors: Doors) -> None:
    first = await asyncio.to_thread(engine.run, "policy-service")
    runtime = DockerRuntime(doors.acting, PROJECT, NAMES)
    before = await runtime.unit("policy")
    engine.remove(first)
    second = await asyncio.to_thread(engine.run, "policy-service")
    started = engine.state(second)["StartedAt"]

    with pytest.raises(Refused, match="nothing was changed"):
        await runtime.restart("policy", before.incarnation)

    assert engine.state(second)["StartedAt"] == started


@pytest.mark.parametrize(
    "address", ["", "/var/run/docker.sock", "http://127.0.0.1:1", "unix://", "tcp://a b:1", "tcp://a"]
)
async def test_an_address_that_is_none_is_said_with_two_that_are(address: str) -> None:
    with pytest.raises(Malformed, match=r"write unix:///var/run/docker\.sock or tcp://host:2375"):
        await DockerReader(Engine(address), PROJECT, NAMES).units()


def test_engine_and_project_are_one_setting() -> None:
    engine, project = engine_and_project("sre-cp@tcp://docker-acting:2375")
    assert (engine.address, project) == ("tcp://docker-acting:2375", "sre-cp")

    for place in ("", "sre-cp", "@tcp://a:1", "sre-cp@http://a:1", "Sre Cp@tcp://a:1", "sre-cp@tcp://a:99999"):
        with pytest.raises(Malformed, match=" of Docker is written"):
            engine_and_project(place)


async def test_an_engine_that_is_away_is_unavailable_with_its_address() -> None:
    with pytest.raises(Unavailable, match=r"Docker at unix:///nowhere/d\.sock does not answer"):
        await DockerReader(Engine("unix:///nowhere/d.sock"), PROJECT, NAMES).units()


@pytest.fixture(scope="module")
def reading(docker: DockerEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenDoor]:
    """Yield the reading proxy."""
    with open_door(tmp_path_factory.mktemp("door"), "reading", docker.address) as door:
        yield door


def test_logs_and_stats_of_the_projects_containers_are_passed_on(engine: DockerEngine, reading: OpenDoor) -> None:
    id = engine.run("policy-service", ("/bin/sh", "-c", "echo said; exec /bin/sleep 600"))
    other = engine.run("policy-service", project="elsewhere")

    logs = reading.ask("GET", f"/containers/{id}/logs?stdout=1&stderr=1&tail=10")
    stats = reading.ask("GET", f"/containers/{id}/stats?stream=false")

    assert logs.content.endswith(b"said\n")
    assert stats.json()["memory_stats"]["usage"] > 0
    assert reading.ask("GET", f"/containers/{other}/logs?stdout=1").status_code == 403


@pytest.mark.parametrize("through", ["engine", "proxy"])
async def test_what_a_container_wrote_last_can_be_read_also_after_its_end(
    engine: DockerEngine, reading: OpenDoor, through: str
) -> None:
    writes = "i=0; while [ $i -lt 190 ]; do echo line $i; i=$((i+1)); done; echo wrong >&2; exit 3"
    id = await asyncio.to_thread(engine.run, "user-service", ("/bin/sh", "-c", writes))
    names = {"user-service": "user-service"}
    reader = DockerReader(Engine(engine.address if through == "engine" else reading.address), PROJECT, names)
    await asyncio.to_thread(
        until, lambda: now(lambda: reader.unit("user-service")).state == "exited", "the container has ended"
    )

    written = await DockerOutput(reader).newest("user-service")
    head, *lines = written.decode().splitlines()
    instance = (await reader.unit("user-service")).instance
    assert head == f"==> {instance} <=="
    assert {line.partition("Z ")[2] for line in lines} == {*(f"line {number}" for number in range(190)), "wrong"}
    with pytest.raises(Missing):
        await DockerOutput(reader).newest("stranger")
    engine.remove(id)


def test_a_real_engine_keeps_its_secrets_and_other_projects_behind_the_proxy(
    engine: DockerEngine, reading: OpenDoor
) -> None:
    id = engine.run("policy-service")
    other = engine.run("policy-service", project="elsewhere")
    shown = reading.ask("GET", "/containers/json").text + reading.ask("GET", f"/containers/{id}/json").text

    assert "s3cret" in engine.call("GET", f"/containers/{id}/json").text
    assert "s3cret" not in shown
    assert id in shown
    assert other not in shown
    for part in (other, other[:12], id[:12], "elsewhere-policy-service-1"):
        assert reading.ask("GET", f"/containers/{part}/json").status_code == 403


async def test_while_halted_a_restart_is_refused_and_the_container_runs_on(
    engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    id = await asyncio.to_thread(engine.run, "policy-service")
    before = engine.state(id)
    with open_door(tmp_path_factory.mktemp("door"), "acting", engine.address) as door:
        runtime = DockerRuntime(Engine(door.address), PROJECT, NAMES)
        unit = await runtime.unit("policy")
        door.halt()
        with pytest.raises(Refused, match="halted"):
            await runtime.restart("policy", unit.incarnation)
        with pytest.raises(Refused, match="halted"):
            await runtime.limit_memory("policy", LIMIT)

    assert engine.state(id) == before
