"""Which servers a space starts is decided from settings; the others' addresses are handed to whoever asks them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.planned import planned, table

from sre_embedded.space.environment import TokenSetup, environment_of
from sre_embedded.space.ports import Ports
from sre_embedded.space.processes import LOGINS
from sre_space.bootstrap.space.names import AGENTS
from sre_space.bootstrap.space.servers import ExternalServers, addresses, external_servers
from sre_space.bootstrap.space.state import Running, SpaceState
from sre_space.domain.errors import Malformed
from sre_space.settings import CommandLineSettings

WHO = {"scout": "sre-scout", "fixer": "sre-fixer", "deployer": "sre-deployer"}
EVERYWHERE = {
    "FORGE_URL": "https://forge.example/mcp",
    "GITHUB_API_URL": "https://forge.example/api",
    "GITHUB_PERSONAL_ACCESS_TOKEN": "t",
    "KAFKA_BOOTSTRAP_SERVERS": "bus.example:9092",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example:4317",
    "JAEGER_URL": "http://jaeger.example:16686",
    "CHROMA_URL": "http://chroma.example:8000",
}


ADDRESSES = tuple(EVERYWHERE)


def named(**told: str) -> ExternalServers:
    """Return the external servers of these settings and no others."""
    return external_servers(set_to(told), told, WHO)


def set_to(told: Mapping[str, str]) -> CommandLineSettings:
    """Return settings with these addresses and no others, whatever the environment says."""
    fields: dict[str, Any] = {name.lower(): told.get(name, "") for name in ADDRESSES}
    return CommandLineSettings(**fields)


def test_without_settings_every_server_is_the_spaces_own() -> None:
    external = named()

    assert (external.processes, external.ports, external.addresses) == (frozenset(), frozenset(), {})
    assert addresses(Ports().numbers, external) == {
        "FORGE_URL": "http://127.0.0.1:8010/mcp", "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317", "JAEGER_URL": "http://127.0.0.1:16686",
        "CHROMA_URL": "http://127.0.0.1:8000",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "process", "ports"),
    [
        (("FORGE_URL", "GITHUB_PERSONAL_ACCESS_TOKEN"), "forge", {"forge_port"}),
        (("KAFKA_BOOTSTRAP_SERVERS",), "bus", {"bus_port"}),
        (("CHROMA_URL",), "chroma", {"chroma_port"}),
        (
            ("JAEGER_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"),
            "telemetry",
            {"jaeger_port", "otlp_grpc_port", "otlp_http_port"},
        ),
    ],
)
def test_a_server_that_is_named_is_not_started_and_its_port_is_free(
    settings: tuple[str, ...], process: str, ports: set[str]
) -> None:
    external = named(**{name: EVERYWHERE[name] for name in settings})

    assert (set(external.processes), set(external.ports)) == ({process}, ports)


def test_every_process_is_told_where_the_servers_are(tmp_path: Path) -> None:
    external = external_servers(
        set_to(EVERYWHERE),
        {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20mine"},
        LOGINS,
    )
    plan = replace(planned(tmp_path), external=external)
    told = {one.name: environment_of(plan, one, TokenSetup({}, {"scout": "x"})) for one in table(plan)}

    for agent in (*AGENTS, "deployer"):
        for name in ("FORGE_URL", "GITHUB_API_URL", "GITHUB_PERSONAL_ACCESS_TOKEN"):
            assert told[agent][name] == EVERYWHERE[name]
    for values in told.values():
        for name in ("KAFKA_BOOTSTRAP_SERVERS", "OTEL_EXPORTER_OTLP_ENDPOINT"):
            assert values[name] == EVERYWHERE[name]
    assert (told["brain"]["JAEGER_URL"], told["memory"]["CHROMA_URL"]) == (
        EVERYWHERE["JAEGER_URL"], EVERYWHERE["CHROMA_URL"],
    )  # fmt: skip
    assert told["scout"]["OTEL_EXPORTER_OTLP_HEADERS"] == "authorization=Bearer%20mine"
    assert not any(
        "TELEMETRY_RECORD_KEY_FILE" in told[agent] for agent in ("scout", "brain")
    )  # a Collector makes no MAC


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"FORGE_URL": "https://forge.example/mcp"}, "GITHUB_PERSONAL_ACCESS_TOKEN is not set: "),
        ({"JAEGER_URL": "http://j"}, "JAEGER_URL is set and OTEL_EXPORTER_OTLP_ENDPOINT is not: "),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, "OTEL_EXPORTER_OTLP_ENDPOINT is set and JAEGER_URL is not: "),
    ],
)
def test_a_setting_that_is_missing_beside_another_is_named(settings: dict[str, str], told: str) -> None:
    with pytest.raises(Malformed, match=f"^{told}"):
        named(**settings)


def test_the_record_of_a_space_keeps_addresses_and_an_old_record_has_none(tmp_path: Path) -> None:
    state = SpaceState(tmp_path)
    state.make()
    running = Running(1, 0.0, "socket", {"bus_port": 9092}, "chart", "o/r", "python", {"FORGE_URL": "http://x/mcp"})
    state.write_record(running)
    assert state.record() == running

    old = running.encoded.replace(',\n "servers": {\n  "FORGE_URL": "http://x/mcp"\n }', "")
    assert "servers" not in old
    (state.run / "space.json").write_text(old)
    found = state.record()
    assert found is not None
    assert (found.repository, found.servers) == ("o/r", {})
