"""The move from the embedded space to Compose, by the commands of docs/operate.md."""

import json
from pathlib import Path

import pytest
from support.compose import PATIENCE_S, Stack
from support.live import start
from support.moving import back_up_an_open_incident
from support.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.compose, pytest.mark.timeout(2_400)]


def test_an_incident_that_was_open_in_the_embedded_space_is_finished_in_containers(
    built: Stack, tmp_path: Path
) -> None:
    built.down("--volumes")
    space = start(tmp_path)
    try:
        issue = back_up_an_open_incident(space, tmp_path / "move.backup")
    finally:
        space.down()

    told = built.restore(tmp_path / "move.backup")
    built.up()
    assert "halted: no action is taken until `sre-space resume`" in told
    assert built.open_issues() == [issue]
    built.operator("resume")

    until(lambda: not built.open_issues(), "the incident is closed", PATIENCE_S, every_s=3)
    story = built.operator("show", str(issue))
    assert "RECOVERED" in story
    assert "already changed" in story
    assert json.loads(built.operator("audit", "--json"))["broken"] == 0
    assert int(built.operator("memory", "rebuild").partition(" lesson")[0]) >= 1
