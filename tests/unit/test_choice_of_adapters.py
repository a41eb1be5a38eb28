"""Each adapter is chosen in one place by one setting, and a further one is one line of a table."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support.world import World

from sre_space.adapters.docker.engine import Engine
from sre_space.adapters.docker.events import DockerEvents
from sre_space.adapters.docker.runtime import DockerReader, DockerRuntime
from sre_space.adapters.kafka import KafkaHistory
from sre_space.adapters.no_runtime import NoOutput
from sre_space.adapters.supervisord import SupervisordRuntime
from sre_space.adapters.supervisord_events import SupervisordEvents
from sre_space.adapters.supervisord_reader import SupervisordReader
from sre_space.bootstrap import runtime
from sre_space.bootstrap.bus import Bus
from sre_space.bootstrap.choice import Choice
from sre_space.bootstrap.forge import ForgeAccess
from sre_space.bootstrap.runtime import (
    RUNTIMES,
    RuntimeAdapter,
    as_run,
    runtime_events_of,
    runtime_of,
    runtime_reader_of,
)
from sre_space.bootstrap.trace_store import trace_store_of
from sre_space.domain.errors import Malformed, Refused
from sre_space.paths import StatePaths
from sre_space.settings import BrainSettings, CommandLineSettings, DeployerSettings, FixerSettings, ScoutSettings

ROOT = Path(__file__).resolve().parents[2]
ADAPTERS = ROOT / "src" / "sre_space" / "adapters"
BOOTSTRAP = ROOT / "src" / "sre_space" / "bootstrap"
STATE = StatePaths(Path("state"))
CHOSEN = {
    "supervisord": "runtime.py", "supervisord_reader": "runtime.py", "supervisord_events": "runtime.py",
    "docker.runtime": "runtime.py", "docker.events": "runtime.py", "docker.output": "runtime.py",
    "unit_logs": "runtime.py", "no_runtime": "runtime.py", "kafka": "bus.py",
    "jaeger": "trace_store.py", "github_mcp": "forge.py", "github_permissions": "forge.py", "chroma": "case_index.py",
    "late_minilm": "case_index.py", "apprise_notifier": "notify.py", "log_notifier": "notify.py",
}  # fmt: skip


@pytest.mark.parametrize("adapter", CHOSEN)
def test_one_module_names_the_adapter(adapter: str) -> None:
    named = f"sre_space.adapters.{adapter} "
    texts = {path: path.read_text().replace(".gitops import", " import") for path in BOOTSTRAP.rglob("*.py")}

    assert {path.relative_to(BOOTSTRAP).as_posix() for path, text in texts.items() if named in text} == {
        CHOSEN[adapter]
    }


async def test_a_further_runtime_is_one_line_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()

    def here(_at: str, _names: object, _state: object) -> World:
        return world

    monkeypatch.setitem(RUNTIMES, "podman", RuntimeAdapter(here, here, here, lambda at, names, state: NoOutput()))

    for address in ("podman", "podman:///run/podman.sock", "PODMAN://host:2375"):
        assert await runtime_of(address, world.config, STATE).units() == await world.units()
        assert await runtime_reader_of(address, world.config, STATE).units() == await world.units()
        assert runtime_events_of(address, world.config, STATE) is world


def test_an_adapter_gets_what_follows_its_word() -> None:
    config = World().config
    control, reading = (of("supervisord:///run/s.sock", config, STATE) for of in (runtime_of, runtime_reader_of))

    names = {name: name for name in config.services}
    assert control.runtime == SupervisordRuntime("/run/s.sock", names, STATE)  # type: ignore[attr-defined]
    assert reading.runtime == SupervisordReader("/run/s.sock", names, STATE)  # type: ignore[attr-defined]
    assert runtime_events_of("supervisord:///run/e.sock", config, STATE) == SupervisordEvents("/run/e.sock", names)


def test_docker_is_chosen_with_the_project_and_the_address_of_its_proxy() -> None:
    config, address = World().config, "docker://sre-cp@tcp://docker-acting:2375"
    control, reading = (of(address, config, STATE) for of in (runtime_of, runtime_reader_of))

    at = Engine("tcp://docker-acting:2375"), "sre-cp", {name: name for name in config.services}
    assert control.runtime == DockerRuntime(*at)  # type: ignore[attr-defined]
    assert reading.runtime == DockerReader(*at)  # type: ignore[attr-defined]
    assert runtime_events_of(address, config, STATE) == DockerEvents(DockerReader(*at))


@pytest.mark.parametrize(
    "address", ["docker", "docker://tcp://host:2375", "docker://sre-cp@host", "docker://A@tcp://h:1"]
)
def test_another_address_of_docker_is_one_sentence_with_an_example(address: str) -> None:
    for of in (runtime_of, runtime_reader_of, runtime_events_of):
        with pytest.raises(Malformed, match=r"; RUNTIME of Docker is written docker://sre-cp@unix:///var/run/docker"):
            of(address, World().config, STATE)


@pytest.mark.parametrize(
    ("runtime", "events"),
    [
        ("supervisord:///run/units.sock", "supervisord:///run/events.sock"),
        ("docker://sre-cp@tcp://reading:2375", "docker://sre-cp@tcp://reading:2375"),
        ("none", "none"),
    ],
)
def test_scout_follows_the_runtime_where_it_sends_its_events(
    runtime: str, events: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME", runtime)
    monkeypatch.setenv("RUNTIME_EVENTS_SOCKET", "/run/events.sock")

    assert ScoutSettings.read().runtime_events_address == events


def test_without_a_socket_of_events_supervisord_sends_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME", "supervisord:///run/units.sock")
    monkeypatch.delenv("RUNTIME_EVENTS_SOCKET", raising=False)

    assert ScoutSettings.read().runtime_events_address == ""


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("podman", "RUNTIME: 'podman' does not begin with one of docker, none, supervisord; see docs/settings.md"),
        (
            "/run/s.sock",
            "RUNTIME: '/run/s.sock' does not begin with one of docker, none, supervisord; see docs/settings.md",
        ),
        ("", "RUNTIME is not set: it is one of docker, none, supervisord; see docs/settings.md"),
    ],
)
def test_an_unknown_runtime_is_one_sentence_with_the_known_ones(address: str, said: str) -> None:
    for of in (runtime_of, runtime_reader_of, runtime_events_of):
        with pytest.raises(Malformed) as refused:
            of(address, World().config, STATE)
        assert str(refused.value) == said


ACCESS = ForgeAccess("ftp://forge", "token", "o", "r")
OTHERS: dict[str, Callable[[], object]] = {
    "KAFKA_BOOTSTRAP_SERVERS: 'nats://bus:4222' does not begin with one of kafka;": lambda: Bus.of("nats://bus:4222"),
    "JAEGER_URL: 'tempo://x' does not begin with one of http, https;": lambda: trace_store_of("tempo://x"),
    "FORGE_URL: 'ftp://forge' does not begin with one of http, https;": ACCESS.forge,
}


@pytest.mark.parametrize("said", OTHERS)
def test_the_other_servers_have_such_a_sentence_too(said: str) -> None:
    with pytest.raises(Malformed) as refused:
        OTHERS[said]()
    assert str(refused.value) == f"{said} see docs/settings.md"


@pytest.mark.parametrize("address", ["127.0.0.1:9092", "kafka://127.0.0.1:9092"])
def test_servers_of_a_bus_alone_are_kafkas(address: str) -> None:
    history = Bus.of(address).history()

    assert isinstance(history, KafkaHistory)
    assert history._bootstrap == "127.0.0.1:9092"


async def test_with_none_nothing_is_known_of_any_unit_and_nothing_is_restarted() -> None:
    config = as_run(World().config, "none")
    control = runtime_of("none", config, STATE)

    assert not any(service.has_runtime for service in config.services.values())
    assert {(one.name, one.state) for one in await control.units()} == {(name, "unknown") for name in config.services}
    assert await runtime_reader_of("none", config, STATE).units() == await control.units()
    with pytest.raises(Refused, match="has no runtime here"):
        await control.restart(next(iter(config.services)), "none")


def test_a_configuration_without_any_runtime_needs_no_setting() -> None:
    config = World().config
    without = replace(config, services={name: replace(one, has_runtime=False) for name, one in config.services.items()})

    assert runtime.units(without) == {}
    assert runtime_of("", without, STATE)


@pytest.mark.parametrize("settings", [FixerSettings, DeployerSettings, CommandLineSettings])
def test_the_control_socket_of_before_still_names_the_runtime(
    settings: type[FixerSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNTIME", raising=False)
    monkeypatch.setenv("RUNTIME_SOCKET", "/run/s.sock")
    assert settings.read().runtime_address == "supervisord:///run/s.sock"

    monkeypatch.setenv("RUNTIME", "none")
    assert settings.read().runtime_address == "none"


@pytest.mark.parametrize("settings", [BrainSettings, ScoutSettings])
def test_the_read_only_socket_of_before_still_names_the_runtime_of_who_reads(
    settings: type[BrainSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNTIME", raising=False)
    monkeypatch.setenv("RUNTIME_READ_SOCKET", "/run/units.sock")
    monkeypatch.setenv("RUNTIME_SOCKET", "/run/s.sock")

    assert settings.read().runtime_address == "supervisord:///run/units.sock"


@dataclass(frozen=True)
class _Client:
    address: str


def test_a_choice_without_a_default_needs_the_word() -> None:
    choice = Choice("CACHE_URL", {"redis": _Client})

    assert choice.of("redis") == (_Client, "")
    with pytest.raises(Malformed, match=r"^CACHE_URL: '127.0.0.1:6379' does not begin with one of redis; see docs"):
        choice.of("127.0.0.1:6379")
