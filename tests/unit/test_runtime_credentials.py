"""Who holds which socket of the runtime: the one that can stop everything is a setting of two processes alone."""

from pathlib import Path

import pytest
from support.planned import planned, table
from support.world import World

from sre_embedded.settings import WardenSettings
from sre_embedded.space.environment import SpacePlan, TokenSetup, environment_of
from sre_space import settings
from sre_space.bootstrap.runtime import runtime_reader_of
from sre_space.bootstrap.space.names import AGENTS
from sre_space.domain.errors import Malformed
from sre_space.paths import StatePaths

FORGE = {f"sre-{agent}": "forge" for agent in (*AGENTS, "dashboard")}


@pytest.fixture
def plan(tmp_path: Path) -> SpacePlan:
    """Return the plan of a space that never starts."""
    return planned(tmp_path / "state")


def holders(plan: SpacePlan, path: Path) -> set[str]:
    """Return the names of the processes whose environment contains this path."""
    told = {one.name: environment_of(plan, one, TokenSetup(FORGE, {})) for one in table(plan)}
    return {name for name, environment in told.items() if str(path) in "\n".join(environment.values())}


def test_the_control_socket_is_told_to_fixer_and_the_deployer_and_to_nobody_else(plan: SpacePlan) -> None:
    assert holders(plan, plan.state.socket) == {"fixer", "deployer"}


def test_who_only_reads_the_runtime_is_told_the_read_only_socket(plan: SpacePlan) -> None:
    assert holders(plan, plan.state.read_socket) == {"scout", "brain", "warden", "dashboard"}


def test_who_follows_the_runtime_is_told_the_socket_of_events(plan: SpacePlan) -> None:
    assert holders(plan, plan.state.events_socket) == {"scout", "brain"}


def test_the_control_socket_is_no_setting_of_a_process_that_only_reads() -> None:
    readers = (
        settings.ScoutSettings,
        settings.BrainSettings,
        settings.MemorySettings,
        settings.DashboardSettings,
        WardenSettings,
    )

    assert not any("runtime_socket" in one.model_fields for one in readers)


def test_a_socket_that_is_not_set_is_one_sentence_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNTIME", raising=False)
    monkeypatch.delenv("RUNTIME_READ_SOCKET", raising=False)

    with pytest.raises(
        Malformed, match=r"^RUNTIME is not set: it is one of docker, none, supervisord; see docs/settings.md$"
    ):
        runtime_reader_of(settings.BrainSettings.read().runtime_address, World().config, StatePaths(Path()))
