"""kill -9 while desired state is changed, and while a change is taken back: nothing is merged twice, nothing is left.

Besides each step, each stage of the change is interrupted as soon as the forge's repository shows it.
`make test` runs one of each that KILL_SEED draws; `make test-kill` every moment with each victim and with random pairs.
"""

import os
import shutil
from collections.abc import Iterator

import pytest
from support.interruptions import Interruption, Moment, in_stages, matrix
from support.kills import interrupted
from support.live import LiveSpace
from support.stages import Stage
from support.troubles import STORY, BadCommit, TakenPort

from sre_space.domain.facts import Step

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(600),  # a stack only when it hangs, however busy the machine
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: no commits over HTTP"),
]

SEED, PAIRS = int(os.environ.get("KILL_SEED", "1")), 2
CHANGE = [*(Moment(step) for step in STORY), *(Moment(Step.ACT, stage=stage) for stage in Stage)]
UNDO = [Moment(Step.UNDO), *(Moment(Step.UNDO, stage=stage) for stage in Stage), Moment(Step.DECIDE, 2)]


@pytest.fixture
def taken(live: LiveSpace) -> Iterator[TakenPort]:
    """Whoever has the port leaves it, whatever happens."""
    trouble = TakenPort.of(live)
    yield trouble
    trouble.stranger.close()


@pytest.mark.parametrize("what", in_stages(SEED, matrix(SEED, CHANGE, PAIRS), 1), ids=str)
def test_a_kill_in_a_stage_of_a_change_costs_time_only(live: LiveSpace, what: Interruption) -> None:
    interrupted(BadCommit.of(live), what)


@pytest.mark.parametrize("what", in_stages(SEED, matrix(SEED, UNDO, PAIRS), 1), ids=str)
def test_a_kill_in_a_stage_of_an_undo_costs_time_only(taken: TakenPort, what: Interruption) -> None:
    interrupted(taken, what)


@pytest.mark.kill
@pytest.mark.parametrize("what", matrix(SEED, CHANGE, PAIRS), ids=str)
def test_a_kill_at_any_moment_of_a_change_costs_time_only(live: LiveSpace, what: Interruption) -> None:
    interrupted(BadCommit.of(live), what)


@pytest.mark.kill
@pytest.mark.parametrize("what", matrix(SEED, UNDO, PAIRS), ids=str)
def test_a_kill_at_any_moment_of_an_undo_costs_time_only(taken: TakenPort, what: Interruption) -> None:
    interrupted(taken, what)
