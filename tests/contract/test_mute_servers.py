"""Every call of an adapter against a server that hangs, drips, talks nonsense or is not there ends as the port says."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support.mute import Manner, Mute

from sre_space.adapters import chroma, github_permissions, jaeger, kafka, supervisord
from sre_space.adapters.chroma import ChromaCaseIndex
from sre_space.adapters.docker import engine as docker_engine
from sre_space.adapters.docker.engine import Engine
from sre_space.adapters.docker.events import DockerEvents
from sre_space.adapters.docker.runtime import DockerRuntime
from sre_space.adapters.github_mcp import GithubGitOps, GithubMcpForge, connection, rest
from sre_space.adapters.github_permissions import GithubWriters
from sre_space.adapters.jaeger import JaegerTraces
from sre_space.adapters.kafka import KafkaHistory, KafkaPublisher, KafkaSubscription
from sre_space.adapters.network_probe import NetworkProbe
from sre_space.adapters.supervisord import SupervisordRuntime
from sre_space.domain import health_check
from sre_space.domain.errors import SpaceError, Unavailable
from sre_space.domain.health_check import http
from sre_space.ports.case_index import Lesson

SHORT_S = 0.4
LIMITS = (
    (chroma, "TIMEOUT_S"), (github_permissions, "TIMEOUT_S"), (health_check, "TIMEOUT_S"), (jaeger, "TIMEOUT_S"),
    (connection, "TIMEOUT_S"), (rest, "TIMEOUT_S"), (kafka, "ANSWERED_WITHIN_S"), (kafka, "WINDOW_WITHIN_S"),
    (supervisord, "ANSWERS_WITHIN_S"), (supervisord, "STOPS_WITHIN_S"), (docker_engine, "ANSWERS_WITHIN_S"),
)  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # see `collected`
ENOUGH_S = 60.0  # to say that it never ends
Call = Callable[[str], Awaitable[object]]


def _forge(url: str) -> GithubMcpForge:
    return GithubMcpForge(f"{url}/mcp", "t", "o", "r")


def _git(url: str) -> GithubGitOps:
    return GithubGitOps(f"{url}/mcp", "t", "o", "r", url)


def _index(url: str) -> ChromaCaseIndex:
    return ChromaCaseIndex(url, lambda texts: np.zeros((len(texts), 4), np.float32))


CALLS: dict[str, Call] = {
    "jaeger, a document": lambda url: JaegerTraces(url).document("web", 0, 10**9, 10),
    "jaeger, spans": lambda url: JaegerTraces(url).window("web", 0, 10**9),
    "forge, issues": lambda url: _forge(url).issues(),
    "forge, a comment": lambda url: _forge(url).comment(1, "x"),
    "git, a commit": lambda url: _git(url).commit("main"),
    "git, the desired state": lambda url: _git(url).read_files("deploy/config"),
    "git, a file": lambda url: _git(url).read_file("x"),
    "git, the pull requests": lambda url: _git(url).pulls(),
    "permissions": lambda url: GithubWriters(f"{url}/mcp", "t", "o", "r").may_write("x"),
    "memory, recall": lambda url: _index(url).recall("x"),
    "memory, remember": lambda url: _index(url).remember(Lesson("1", "x", {})),
}


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect here, and in no other test, what foreign clients leave of connections that were never established."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set each of LIMITS to SHORT_S."""
    for module, name in LIMITS:
        monkeypatch.setattr(module, name, SHORT_S)


async def ends(call: Awaitable[object]) -> object:
    """Return what a call returns, or the error of ours that it raises; fail on another error, or when it goes on."""
    async with asyncio.timeout(ENOUGH_S):
        try:
            return await call
        except SpaceError as error:
            return error


@pytest.mark.parametrize("manner", list(Manner))
async def test_each_call_over_http_ends_with_an_error_of_ours(manner: Manner) -> None:
    async def asked(url: str) -> dict[str, object]:
        found = await asyncio.gather(*(ends(call(url)) for call in CALLS.values()))
        return dict(zip(CALLS, found, strict=True))

    with Mute(manner) as server:
        found = await asked(f"http://127.0.0.1:{server.port}")
        server.ended.set()

    unread = {"jaeger, a document"} if manner is Manner.GARBAGE else set()  # bytes are kept as they come
    assert {name for name, one in found.items() if not isinstance(one, SpaceError)} <= unread


async def test_calls_that_end_a_hanging_connection_at_once_end_it_once() -> None:
    async def story(url: str) -> list[object]:
        one = connection.Connection(url, "t", ())
        call = asyncio.create_task(ends(one.json("list_issues")))
        for _ in range(10):  # turns of the loop: it is being connected then
            await asyncio.sleep(0)
        await asyncio.gather(one.close(), one.close())
        return [await call]

    with Mute(Manner.SILENT) as server:
        (found,) = await story(f"http://127.0.0.1:{server.port}/mcp")
        server.ended.set()

    assert isinstance(found, SpaceError)


@pytest.mark.parametrize("manner", list(Manner))
async def test_a_probe_ends_within_its_limit_and_tells_what_it_got(manner: Manner) -> None:
    with Mute(manner) as server:
        health = await NetworkProbe.create().check(http(f"http://127.0.0.1:{server.port}/health"))
        server.ended.set()

    assert health.healthy == (manner is Manner.GARBAGE)  # its head is all that is asked for


@pytest.mark.parametrize("manner", [Manner.SILENT, Manner.DRIPPING, Manner.NOISE, Manner.REFUSING])
async def test_the_bus_is_unavailable_and_nobody_waits_for_it(manner: Manner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "ACKNOWLEDGED_WITHIN_S", 1.0)

    async def asked(address: str) -> list[object]:
        publisher, alone = KafkaPublisher(address), KafkaSubscription(address, ["changes"], None)
        member = KafkaSubscription(address, ["changes"], "group")
        calls = (
            publisher.publish("changes", b"x"),
            KafkaHistory(address).window("changes", 0, 10**18),
            alone.next(0.1),
            member.next(0.1),
        )
        try:
            return list(await asyncio.gather(*map(ends, calls)))
        finally:
            await asyncio.gather(alone.close(), member.close())

    with Mute(manner) as server:
        published, window, *quiet = await asked(f"127.0.0.1:{server.port}")
        server.ended.set()

    assert isinstance(published, SpaceError)
    assert isinstance(window, SpaceError)
    assert quiet == [[], []]


@pytest.mark.parametrize("manner", list(Manner))
async def test_the_runtime_is_unavailable_when_its_socket_hangs(manner: Manner, tmp_path: Path) -> None:
    path = tmp_path / "s"

    with Mute(manner, path) as server:
        runtime = SupervisordRuntime(str(path), {"web": "web"})
        found = list(await asyncio.gather(ends(runtime.units()), ends(runtime.restart("web", "1"))))
        server.ended.set()

    assert all(isinstance(one, SpaceError) for one in found), found


@pytest.mark.parametrize("through", ["unix", "tcp"])
@pytest.mark.parametrize("manner", Manner)
async def test_dockers_engine_too(manner: Manner, through: str, tmp_path: Path) -> None:
    path = tmp_path / "d" if through == "unix" else None

    with Mute(manner, path) as server:
        runtime = DockerRuntime(
            Engine(f"unix://{path}" if path else f"tcp://127.0.0.1:{server.port}"), "shop", {"a": "a"}
        )
        calls = (runtime.units(), runtime.unit("a"), runtime.restart("a", "1"), anext(DockerEvents(runtime).events()))
        found = list(await asyncio.gather(*map(ends, calls)))
        server.ended.set()

    assert all(isinstance(one, Unavailable) for one in found), found
