"""The container that takes and restores back-ups of the Compose stack sees what a back-up holds, and has no rights."""

from pathlib import Path

import pytest
import yaml

from sre_space.backup.contents import STREAM
from sre_space.paths import StatePaths

ROOT = Path(__file__).resolve().parents[3]
(SERVICE,) = yaml.safe_load((ROOT / "deploy/compose/backups.yml").read_text())["services"].values()
STACK = ROOT / "docker-compose.yml"


def test_it_sees_the_state_and_the_volumes_in_it_and_no_private_key() -> None:
    mounted = {Path(volume.split(":")[1]) for volume in SERVICE["volumes"]}
    state = StatePaths(Path(SERVICE["environment"]["SRE_SPACE_STATE"]))

    assert mounted == {state.root, state.trust, state.deploy, state.forge}
    assert SERVICE["command"] == ["backup", str(STREAM)]


def test_it_runs_as_nobody_without_a_network_and_writes_to_its_volumes_only() -> None:
    assert (SERVICE["read_only"], SERVICE["cap_drop"], SERVICE["network_mode"]) == (True, ["ALL"], "none")
    assert (SERVICE["user"], SERVICE["security_opt"]) == ("10001:10001", ["no-new-privileges:true"])
    assert SERVICE["profiles"] == ["backups"]  # `docker compose up` starts it not


@pytest.mark.skipif(not STACK.exists(), reason="docker-compose.yml is not in this checkout")
def test_its_volumes_are_those_of_the_stack() -> None:
    stack = yaml.safe_load(STACK.read_text())

    assert {volume.split(":")[0] for volume in SERVICE["volumes"]} <= set(stack["volumes"])
