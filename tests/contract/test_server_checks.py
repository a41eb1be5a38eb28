"""Each server is asked whether it serves, with its version; a dead or hostile one is one line within a bounded time."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from support.docker_doors import open_door
from support.engine_stand_in import stand_in
from support.mute import Manner, Mute
from support.runtimes import supervisord
from support.servers import TOKENS, Bus, ForgeServer, TelemetryServer, chroma

from sre_space.adapters.ed25519 import KeyFile, make_key
from sre_space.adapters.http_check import _in_page, chroma_check, jaeger_check
from sre_space.adapters.kafka import KafkaPublisher
from sre_space.adapters.kafka_check import KafkaCheck
from sre_space.adapters.otlp_check import OtlpCheck
from sre_space.bootstrap.doctor.remote import forge_check
from sre_space.bootstrap.forge import ForgeAccess
from sre_space.bootstrap.runtime import door_of
from sre_space.bootstrap.space.names import AGENTS, SIGNERS
from sre_space.codec.symptom_report import SymptomReport, encode
from sre_space.codec.topics import SIGNALS, SYMPTOM_REPORTS
from sre_space.domain.checks import Level
from sre_space.domain.errors import Refused, SpaceError, Unavailable
from sre_space.paths import StatePaths

CHECKOUT = Path(__file__).resolve().parents[2]
ENOUGH_S = 60.0  # for a machine at full load; each adapter waits 3 to 10 s


async def test_a_bus_tells_its_brokers_and_which_topics_are_not_there(bus: Bus) -> None:
    found = await KafkaCheck(bus.address, ["no-such-topic"]).ask()

    assert found.startswith("Kafka ")
    assert f"at {bus.address}, 1 broker(s); not there until somebody writes: no-such-topic" in found


async def test_a_bus_tells_of_a_topic_that_was_made_with_more_partitions_than_one_reader_may_have(our_bus: Bus) -> None:
    admin = AdminClient({"bootstrap.servers": our_bus.address})
    admin.create_topics([NewTopic(SIGNALS, 4, 1)])[SIGNALS].result(120)
    found = await KafkaCheck(our_bus.address, [SIGNALS]).ask()

    assert found.endswith("; made with several partitions, delete while no agent runs: sre_signals")


async def test_a_receiver_takes_an_empty_export_with_the_right_token_only(guarded: TelemetryServer) -> None:
    endpoint = f"http://{guarded.grpc}"
    token = f"authorization=Bearer%20{TOKENS['shop']}"

    assert await OtlpCheck(endpoint, token).ask() == f"an OTLP receiver takes telemetry at {endpoint}"
    with pytest.raises(Refused, match="answered UNAUTHENTICATED; set OTEL_EXPORTER_OTLP_HEADERS to its token"):
        await OtlpCheck(endpoint, "authorization=Bearer%20wrong").ask()


async def test_traces_and_the_index_tell_their_version_where_they_have_one(
    shared_telemetry: TelemetryServer, tmp_path: Path
) -> None:
    with chroma(tmp_path) as (url, _):
        index = await chroma_check(url).ask()

    assert index.startswith("Chroma ")
    assert index.endswith(f" at {url}")
    assert await jaeger_check(shared_telemetry.query).ask() == (
        f"Jaeger's API at {shared_telemetry.query}, version not told"
    )
    page = '<script>const JAEGER_VERSION = {"gitCommit":"x","gitVersion":"v1.76.0","buildDate":"y"};</script>'
    assert _in_page(page) == "1.76.0"


async def test_a_token_is_told_with_its_account_and_what_it_may_do(shared_forge: ForgeServer) -> None:
    def access(login: str) -> ForgeAccess:
        token = shared_forge.identities[login].token
        return ForgeAccess(f"{shared_forge.url}/mcp", token, "local", "cloud-insurance")

    good = await forge_check(access("sre-scout"), ("scout",))
    bad = await forge_check(access("mallory"), ("brain", "fixer"))
    reads = await forge_check(access("mallory"), ("deployer",))

    assert (good.level, "sre-scout may write to local/cloud-insurance" in good.found) == (Level.OK, True)
    assert (bad.level, bad.found) == (
        Level.REFUSED,
        "token of brain, fixer: mallory may not write to local/cloud-insurance",
    )
    assert (reads.level, reads.found.startswith("token of deployer: reads local/cloud-insurance at ")) == (
        Level.OK,
        True,
    )
    with pytest.raises(Refused, match="set GITHUB_PERSONAL_ACCESS_TOKEN"):
        await forge_check(ForgeAccess(f"{shared_forge.url}/mcp", "wrong", "local", "cloud-insurance"), ("scout",))


def test_a_control_socket_acts_and_nothing_was_restarted(tmp_path_factory: pytest.TempPathFactory) -> None:
    with supervisord(tmp_path_factory.mktemp("r"), "import time; time.sleep(600)") as found:
        door = asyncio.run(door_of(f"supervisord://{found.runtime.socket}").ask())

    assert (door.may_change, door.name.startswith("supervisord 4.")) == (True, True)


@pytest.mark.parametrize("manner", list(Manner))
async def test_a_server_that_is_dead_or_hostile_is_an_error_of_ours(manner: Manner) -> None:
    with Mute(manner) as server:
        url = f"http://127.0.0.1:{server.port}"
        asked = (
            jaeger_check(url).ask(),
            chroma_check(url).ask(),
            KafkaCheck(f"127.0.0.1:{server.port}", ["x"]).ask(),
            OtlpCheck(url).ask(),
            door_of(f"docker://shop@tcp://127.0.0.1:{server.port}").ask(),
        )
        async with asyncio.timeout(ENOUGH_S):
            jaeger, index, *others = await asyncio.gather(*asked, return_exceptions=True)
        server.ended.set()

    assert all(isinstance(one, Unavailable) for one in others), others
    if manner is not Manner.GARBAGE:  # a good answer, whose body nobody reads
        assert all(isinstance(one, SpaceError) for one in (jaeger, index)), (jaeger, index)


@pytest.fixture(name="hostile")
def _hostile() -> Iterator[list[Mute]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Mute(manner)) for manner in Manner]


def test_an_installation_of_dead_and_hostile_servers_is_a_line_for_each_within_a_bounded_time(
    hostile: list[Mute], tmp_path: Path
) -> None:
    state = StatePaths(tmp_path / "state")
    for owner in SIGNERS:
        make_key(state.key(owner), state.trust, owner)
    (tmp_path / "sre-space.yaml").write_text((CHECKOUT / "sre-space.yaml").read_text())
    silent, dripping, garbage, noise, refusing = (f"127.0.0.1:{server.port}" for server in hostile)
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "SRE_SPACE_STATE": str(state.root), "FORGE_URL": f"http://{silent}/mcp", "GITHUB_PERSONAL_ACCESS_TOKEN": "t",
        "KAFKA_BOOTSTRAP_SERVERS": noise, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{dripping}",
        "JAEGER_URL": f"http://{refusing}", "CHROMA_URL": f"http://{dripping}",
        "RUNTIME": f"docker://shop@tcp://{garbage}",
    }  # fmt: skip
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "sre_space.cli.main", "doctor", "--json"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert time.monotonic() - begun < ENOUGH_S
    found = json.loads(done.stdout)
    assert (done.returncode, found["handles_incidents"], done.stderr.count("\n")) == (3, False, 1), done.stderr
    assert done.stderr.startswith("sre-space: an incident could not be handled: ")
    levels = {check["name"]: check["level"] for check in found["checks"]}
    away = {"bus", "telemetry", "traces", "memory", "forge", "runtime", "runtime, acting", "clocks", "agents"}
    assert {name for name, level in levels.items() if level == "away"} == away
    assert {levels[name] for name in ("settings", "keys", "trust", "configuration")} == {"ok"}
    assert all("\n" not in check["found"] for check in found["checks"])


async def test_a_door_tells_whether_it_acts_and_nothing_is_asked_of_the_engine_but_the_list(tmp_path: Path) -> None:
    with stand_in() as engine:
        address = f"tcp://127.0.0.1:{engine.port}"
        with (
            open_door(tmp_path / "r", "reading", address) as reading,
            open_door(tmp_path / "a", "acting", address) as acting,
        ):
            engine.asked.clear()
            doors = [await door_of(f"docker://shop@{one.address}").ask() for one in (reading, acting)]
        asked = list(engine.asked)

    assert [door.may_change for door in doors] == [False, True]
    assert doors[0].name.endswith("2 container(s) of shop")
    assert {method for method, _, _ in asked} == {"GET"}


class Elsewhere:
    """A machine with keys and settings and no space, beside servers that serve."""

    def __init__(self, folder: Path, owners: Sequence[str], settings: Mapping[str, str]) -> None:
        self.folder, self.state = folder, StatePaths(folder / "state")
        for owner in owners:
            make_key(self.state.key(owner), self.state.trust, owner)
        (folder / "sre-space.yaml").write_text((CHECKOUT / "sre-space.yaml").read_text())
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.environment = {**inherited, "SRE_SPACE_STATE": str(self.state.root), **settings}

    def doctor(self) -> tuple[int, dict[str, str], str]:
        """Return the exit status, the level of each check by its name, and what was said on stderr."""
        command = [sys.executable, "-m", "sre_space.cli.main", "doctor", "--json"]
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        return done.returncode, {one["name"]: one["level"] for one in json.loads(done.stdout)["checks"]}, done.stderr


async def report(bus: str, key: KeyFile) -> None:
    """Publish what Scout reports each second."""
    value, headers = encode(SymptomReport("local/cloud-insurance", time.time_ns(), (), False), key)
    publisher = KafkaPublisher(bus)
    try:
        await publisher.publish(SYMPTOM_REPORTS, value, headers=headers)
    finally:
        await publisher.close()


@pytest.mark.parametrize("owners", [SIGNERS, ("operator",)], ids=["agents", "container"])
def test_agents_alone_and_a_container_that_could_handle_an_incident_end_with_0_and_halted_with_1(
    shared_telemetry: TelemetryServer, shared_forge: ForgeServer, tmp_path: Path, owners: Sequence[str]
) -> None:
    key = make_key(tmp_path / "scout.key", tmp_path / "state" / "trust", "scout")
    for agent in set(AGENTS) - set(owners) - {"scout"}:
        make_key(tmp_path / f"{agent}.key", tmp_path / "state" / "trust", agent)
    if "scout" in owners:
        (tmp_path / "state" / "keys").mkdir()
        (tmp_path / "scout.key").rename(tmp_path / "state" / "keys" / "scout.key")
    settings = {
        "FORGE_URL": f"{shared_forge.url}/mcp", "KAFKA_BOOTSTRAP_SERVERS": shared_telemetry.bus,
        "GITHUB_PERSONAL_ACCESS_TOKEN": shared_forge.identities["sre-scout"].token,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{shared_telemetry.grpc}", "JAEGER_URL": shared_telemetry.query,
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{TOKENS['shop']}",
    }  # fmt: skip
    with (
        stand_in() as engine,
        chroma(tmp_path) as (index, _),
        open_door(tmp_path / "a", "acting", f"tcp://127.0.0.1:{engine.port}") as acting,
    ):
        runtime = {"RUNTIME": f"docker://shop@{acting.address}", "CHROMA_URL": index}
        machine = Elsewhere(tmp_path, owners, settings | runtime)
        silent = machine.doctor()
        asyncio.run(report(shared_telemetry.bus, key))
        good = machine.doctor()
        machine.state.halt.touch()
        halted = machine.doctor()

    assert (silent[0], silent[1]["agents"]) == (3, "away"), silent
    assert (good[0], good[2]) == (0, ""), good
    assert {good[1][name] for name in ("bus", "traces", "forge", "runtime, acting", "clocks", "agents")} == {"ok"}
    assert (good[1].get("memory") == "ok") is ("memory" in owners)
    assert (halted[0], halted[1]["kill switch"]) == (1, "refused")
