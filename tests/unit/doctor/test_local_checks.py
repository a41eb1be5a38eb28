"""The checks of this machine find each mistake that would keep an agent from its work, and name the remedy."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.planned import CONFIG

from sre_space.adapters.config_file import read_config
from sre_space.adapters.ed25519 import TrustFolder, make_key
from sre_space.bootstrap.doctor.local import (
    configuration_checks,
    disk_check,
    key_checks,
    settings_check,
    switch_checks,
)
from sre_space.bootstrap.doctor.run import checks_of
from sre_space.bootstrap.space.names import SIGNERS
from sre_space.bootstrap.space.state import SpaceState
from sre_space.codec.env_lines import EnvLines, parse_env
from sre_space.domain.checks import Check, Level


@pytest.fixture(name="state")
def _state(tmp_path: Path) -> SpaceState:
    state = SpaceState(tmp_path / "state")
    for owner in SIGNERS:
        make_key(state.key(owner), state.trust, owner)
    return state


def lines(checks: list[Check] | tuple[Check, ...]) -> list[tuple[Level, str]]:
    return [(check.level, check.line) for check in checks]


def test_good_keys_are_two_lines(state: SpaceState) -> None:
    assert lines(list(key_checks(state))) == [
        (Level.OK, "keys: private keys here, each trusted: scout, brain, fixer, memory, operator"),
        (Level.OK, "trust: a trusted key for each agent"),
    ]


def test_a_key_that_others_read_that_is_damaged_or_not_trusted_is_named_and_the_others_still_count(
    state: SpaceState, tmp_path: Path
) -> None:
    state.key("scout").chmod(0o644)
    state.key("brain").write_bytes(b"short")
    make_key(tmp_path / "other.key", tmp_path / "trust", "fixer")
    (tmp_path / "other.key").replace(state.key("fixer"))

    found = lines(list(key_checks(state)))

    assert [level for level, _ in found] == [Level.WRONG] * 3 + [Level.OK] * 2
    assert f"run: chmod 600 {state.key('scout')}" in found[0][1]
    assert "is not an Ed25519 key of 32 bytes" in found[1][1]
    assert "is not trusted in" in found[2][1]
    assert found[3][1].endswith("each trusted: memory, operator")


def test_an_agent_without_a_key_in_force_and_a_missing_trust_store_are_named(state: SpaceState) -> None:
    folder = TrustFolder(state.trust)
    for key in folder.listed():
        if key.owner == "memory":
            folder.trust(replace(key, retired=time.time_ns()))
    state.key("memory").unlink()

    assert lines(list(key_checks(state)))[-1] == (
        Level.REFUSED,
        f"trust: no trusted key in {state.trust} for memory, whose facts do not count; "
        "copy the folder trust from the machine that made the keys",
    )
    for path in state.trust.iterdir():
        path.unlink()
    state.trust.rmdir()
    assert [check.level for check in key_checks(state)] == [Level.WRONG]


def test_without_any_key_it_says_who_makes_them(tmp_path: Path) -> None:
    (found,) = key_checks(SpaceState(tmp_path))

    assert (found.level, found.remedy) == (Level.NOTICE, "`sre-space up` makes them")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("KAFKA_BOOTSTRAP_SERVERS='a b'", "KAFKA_BOOTSTRAP_SERVERS"),
        ("SLO_WINDOW_SCALE=7", "SLO_WINDOW_SCALE"),  # only Scout reads it
        ("DRY_RUN=perhaps", "DRY_RUN"),  # only Fixer does
        ("SRE_NOTIFY_URLS=nonsense", "SRE_NOTIFY_URLS"),
        ("TELEMETRY_RECORD_KEY_FILE=/nowhere/key", "TELEMETRY_RECORD_KEY_FILE"),
    ],
)
def test_a_setting_that_any_agent_would_refuse_is_wrong(text: str, told: str) -> None:
    env = parse_env(text, ".env")
    found = settings_check(env, env.values)

    assert (found.level, told in found.found) == (Level.WRONG, True), found


def test_good_settings_tell_the_versions() -> None:
    found = settings_check(EnvLines(), {})

    assert (found.level, found.found.startswith("valid; sre-space ")) == (Level.OK, True)


def test_a_halt_and_a_dry_run_keep_the_agents_from_acting(state: SpaceState) -> None:
    assert [(one.name, one.level) for one in switch_checks(state, {})] == [("calls", Level.NOTICE)]
    state.halt.touch()

    found = list(switch_checks(state, {"DRY_RUN": "true", "SRE_NOTIFY_URLS": "json://x"}))

    assert [(one.name, one.level) for one in found] == [("kill switch", Level.REFUSED), ("dry run", Level.REFUSED)]


def test_the_configuration_and_its_notices_are_lines() -> None:
    config = replace(read_config(CONFIG), notices=("sre-space.yaml:3: `visit` is missing",))

    good, notice = configuration_checks(CONFIG, config)

    assert (good.level, "3 service(s), 1 journey(s)" in good.found) == (Level.OK, True)
    assert (notice.level, notice.found) == (Level.NOTICE, "sre-space.yaml:3: `visit` is missing")


def test_a_disk_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    assert disk_check(SpaceState(tmp_path)).holds
    (tmp_path / "file").write_text("")
    assert "free in" in disk_check(SpaceState(tmp_path / "file" / "x")).found


async def test_a_malformed_env_file_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("nonsense\n")

    (found,) = await checks_of(SpaceState(tmp_path / "state"))

    assert (found.name, found.level, ".env:1" in found.found) == ("settings", Level.WRONG, True)


async def test_without_a_space_or_settings_it_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    found = await checks_of(SpaceState(tmp_path / "state"))

    assert (found[-1].name, found[-1].level) == ("space", Level.AWAY)
    assert "start one with: sre-space up" in found[-1].found
