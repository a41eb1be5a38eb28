"""`sre-space up` after everything was killed while a bad commit ran: it comes up, once, and the agents revert it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.live import CHECKOUT, LiveSpace, start
from support.waiting import until

from sre_embedded.space import supervision
from sre_space.domain.facts import Action
from sre_space.domain.remedies import RevertChange

pytestmark = [pytest.mark.e2e, pytest.mark.long]

VICTIM = "policy-service"


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[LiveSpace]:
    """Yield a space whose processes are all killed, and whose policy-service cannot start with its configuration."""
    live = start(tmp_path)
    try:
        environment = {**os.environ, "SRE_SPACE_STATE": str(live.state.root)}
        subprocess.run([sys.executable, str(CHECKOUT / "trigger_chaos.py"), "crash-loop"], env=environment, check=True)
        until(lambda: not live.pid(VICTIM), "the commit is deployed, and the service has ended")
        os.kill(live.running.pid, signal.SIGKILL)
        until(lambda: not supervision.sweep(live.state), "nothing lives")
        yield live
    finally:
        live.down()


def up(live: LiveSpace, state: Path) -> "subprocess.Popen[str]":
    """Start `sre-space up` on the ports of this space; return the process."""
    ports = {name.upper(): str(port) for name, port in live.plan.ports.numbers.items()}
    environment = {**os.environ, **ports, "SRE_SPACE_STATE": str(state), "NO_COLOR": "1", "COLUMNS": "400"}
    command = [sys.executable, "-m", "sre_space.cli.main", "up", "--chart", str(live.plan.config_path)]
    return subprocess.Popen(command, env=environment, cwd=CHECKOUT, stderr=subprocess.PIPE, stdout=-1, text=True)


def test_of_several_ups_one_starts_over_a_service_that_does_not_and_the_agents_revert_the_commit(
    killed: LiveSpace, tmp_path: Path
) -> None:
    commands = [up(killed, killed.state.root) for _ in range(2)]
    until((killed.state.run / "supervisord.pid").exists, "one of them has begun")
    commands.append(up(killed, tmp_path / "elsewhere"))
    told = [command.communicate(timeout=300)[1] for command in commands]
    codes = [command.returncode for command in commands]

    assert sorted(codes[:2]) == [0, 2], told
    winner = codes.index(0)
    assert "is running in" in told[1 - winner] or "already running in" in told[1 - winner]
    assert (codes[2], "port " in told[2], "--ports free" in told[2]) == (2, True, True)
    assert f"{VICTIM} ended at its start; its log" in told[winner]
    assert "DATABASE_POOL_SIZE" in told[winner]
    running = killed.state.record()
    assert running is not None
    killed.running = running
    until(lambda: killed.pid(VICTIM), "the service runs again")
    actions = [one for case in killed.cases() if (one := case.latest(Action)) is not None]
    assert {type(one.remedy) for one in actions} <= {RevertChange}
