"""A space that is lost is restored from a back-up, and an incident that was open then is finished."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.live import LiveSpace, start
from support.moving import back_up_an_open_incident
from support.waiting import until

from sre_embedded.space import lifecycle as space
from sre_embedded.space.plan import separate_plan
from sre_space.adapters.ed25519 import TrustFolder
from sre_space.bootstrap.space.names import SIGNERS

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("options", [(), pytest.param(("--without-keys",), marks=pytest.mark.long)], ids=len)
def test_an_incident_that_was_open_in_the_back_up_is_finished_where_it_is_restored(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Without keys is how a space moves to containers, each of which has a key of its own."""
    first = start(tmp_path)
    try:
        issue = back_up_an_open_incident(first, tmp_path / "space.backup")
    finally:
        first.down()
    shutil.rmtree(first.state.root)
    plan = separate_plan(tmp_path / "restored", first.plan.config_path)
    command = [sys.executable, "-m", "sre_space.cli.main", "restore", str(tmp_path / "space.backup"), *options]
    restored = subprocess.run([*command, "--state", str(plan.state.root)], capture_output=True, text=True, check=False)
    assert restored.returncode == 0, restored.stderr
    assert "halted: no action is taken until `sre-space resume`" in restored.stdout
    assert ", 0 broken" in restored.stdout

    again = LiveSpace(plan, space.up(plan, lambda _: None))
    try:
        until(lambda: [case.issue for case in again.open_cases()] == [issue], "the incident is open again")
        again.answer("resume")
        case = again.closed(issue)
        until(lambda: again.command("doctor").returncode == 0, "all checks hold")
        told = again.answer("audit", "--incident", str(issue))
        rebuilt = again.answer("memory", "rebuild")
    finally:
        again.down()

    assert case.recovered
    assert ", 0 broken" in told
    assert rebuilt == "1 lesson indexed\n"
    in_force = [key for key in TrustFolder(plan.state.trust).listed() if key.retired is None]
    assert sorted(key.owner for key in in_force) == sorted(SIGNERS)
