"""Who is here is told by the private keys, and decides which servers, tokens and rights are checked."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from support.planned import CONFIG

from sre_space.adapters.config_file import read_config
from sre_space.adapters.ed25519 import make_key
from sre_space.bootstrap.connections import Connections
from sre_space.bootstrap.doctor.asking import asked, failed
from sre_space.bootstrap.doctor.installation import Installation
from sre_space.bootstrap.doctor.remote import clock_check, runtime_checks, server_checks
from sre_space.bootstrap.runtime import as_run
from sre_space.bootstrap.space.names import SIGNERS
from sre_space.bootstrap.space.state import SpaceState
from sre_space.domain.checks import Check, Level
from sre_space.domain.errors import Damaged, Malformed, Missing, Refused, Unavailable
from sre_space.settings import CommandLineSettings

EVERYTHING = {
    "FORGE_URL", "KAFKA_BOOTSTRAP_SERVERS", "OTEL_EXPORTER_OTLP_ENDPOINT", "JAEGER_URL", "CHROMA_URL",
}  # fmt: skip


def installation(folder: Path, *owners: str, **settings: str) -> Installation:
    """Return an installation of agents alone, with the keys of these owners."""
    state = SpaceState(folder)
    for owner in owners:
        make_key(state.key(owner), state.trust, owner)
    given = {"forge_url": "http://forge:1/mcp", "github_personal_access_token": "t", **settings}
    connections = Connections(state, CommandLineSettings.model_construct(**given), None, CONFIG)  # type: ignore[arg-type]
    return Installation(connections, read_config(CONFIG), {})


@pytest.mark.parametrize(
    ("owners", "left_out", "acts"),
    [
        (SIGNERS, set(), True),
        ((), set(), True),
        (("scout",), {"JAEGER_URL", "CHROMA_URL"}, False),
        (("brain",), {"CHROMA_URL"}, False),
        (("fixer",), {"JAEGER_URL", "CHROMA_URL"}, True),
        (("memory",), {"JAEGER_URL"}, False),
        (("operator",), {"OTEL_EXPORTER_OTLP_ENDPOINT", "CHROMA_URL"}, True),
    ],
)
def test_each_owner_of_a_key_needs_its_own_servers(
    tmp_path: Path, owners: tuple[str, ...], left_out: set[str], acts: bool
) -> None:
    here = installation(tmp_path, *owners)

    assert set(here.addresses()) == EVERYTHING - left_out
    assert here.acts is acts


def test_what_is_not_set_is_an_agents_default(tmp_path: Path) -> None:
    addresses = installation(tmp_path, kafka_bootstrap_servers="kafka:9092").addresses()

    assert addresses["KAFKA_BOOTSTRAP_SERVERS"] == "kafka:9092"
    assert addresses["CHROMA_URL"] == "http://127.0.0.1:8000"
    assert addresses["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4317"


def test_each_token_is_checked_once_for_all_who_have_it(tmp_path: Path) -> None:
    one = installation(tmp_path / "a", *SIGNERS)
    several = installation(tmp_path / "b", *SIGNERS, fixer_github_personal_access_token="own")
    operator = installation(tmp_path / "c", "operator")

    assert list(one.accesses().values()) == [("scout", "brain", "fixer", "memory", "deployer")]
    assert {access.token: owners for access, owners in several.accesses().items()} == {
        "t": ("scout", "brain", "memory", "deployer"),
        "own": ("fixer",),
    }
    assert list(operator.accesses().values()) == [("operator",)]


async def test_without_a_runtime_it_is_a_notice(tmp_path: Path) -> None:
    here = installation(tmp_path, *SIGNERS, runtime="none")
    here = replace(here, config=as_run(here.config, "none"))

    ((_, check),) = runtime_checks(here)

    assert (await check).level is Level.NOTICE


async def test_a_missing_token_and_a_wrong_runtime_are_lines_of_their_own(tmp_path: Path) -> None:
    nowhere = "127.0.0.1:1"
    here = installation(
        tmp_path, *SIGNERS, github_personal_access_token="", runtime="podman://x", kafka_bootstrap_servers=nowhere,
        otel_exporter_otlp_endpoint=f"http://{nowhere}", jaeger_url=f"http://{nowhere}", chroma_url=f"http://{nowhere}",
    )  # fmt: skip

    found = {name: await asked(name, check) for name, check in (*server_checks(here), *runtime_checks(here))}

    assert (found["forge"].level, "GITHUB_PERSONAL_ACCESS_TOKEN is not set" in found["forge"].found) == (
        Level.WRONG,
        True,
    )
    assert {found[name].level for name in ("runtime", "runtime, acting")} == {Level.WRONG}
    assert "podman" in found["runtime"].found


async def test_without_any_other_clock_nothing_is_said_to_be_right(tmp_path: Path) -> None:
    here = installation(tmp_path, "scout", forge_url="http://127.0.0.1:1/mcp")

    found = await asked("clocks", clock_check(replace(here, config=replace(here.config, services={}))))

    assert (found.level, "no server told its time" in found.found) == (Level.AWAY, True)


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (Unavailable("x"), Level.AWAY), (OSError("x"), Level.AWAY), (Refused("x"), Level.REFUSED),
        (Missing("x"), Level.WRONG), (Malformed("x"), Level.WRONG), (Damaged("x"), Level.WRONG),
    ],
)  # fmt: skip
async def test_an_error_is_one_line_of_its_kind(error: Exception, level: Level) -> None:
    async def raises() -> Check:
        raise error

    assert await asked("bus", raises()) == failed("bus", error) == Check("bus", level, "x")


async def test_a_check_that_never_ends_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sre_space.bootstrap.doctor.asking.WITHIN_S", 0.01)

    async def hangs() -> Check:
        await asyncio.Event().wait()
        raise AssertionError

    assert (await asked("bus", hangs())).level is Level.AWAY
