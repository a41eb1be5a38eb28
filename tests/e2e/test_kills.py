"""kill -9 in mid-incident: the incident goes on to its end, no action happens twice, no fact is lost or doubled.

`make test` runs a share that KILL_SEED draws; `make test-kill` the whole matrix.
"""

import os

import pytest
from support.kills import PATIENT, Interruption, interrupted, matrix, next_outage, quiet, share
from support.live import LiveSpace

from sre_space.domain.facts import Step

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]  # a stack only when it hangs, however busy the machine

SEED = int(os.environ.get("KILL_SEED", "1"))
RESTART = (
    Step.DETECT, Step.RECALL, Step.DECIDE, Step.ACT, Step.VERIFY, Step.CONFIRM, Step.CONCLUDE, Step.REMEMBER,
)  # fmt: skip


@pytest.fixture(scope="module")
def story(live_space: LiveSpace) -> tuple[Step, ...]:
    """The steps of an incident that nobody interrupts."""
    live_space.healthy()
    known = quiet(live_space)
    live_space.kill(PATIENT)
    case = live_space.closed(next_outage(live_space, known).issue, 120)
    return tuple(entry.fact.step for entry in case.chain)


@pytest.mark.parametrize("what", share(SEED, RESTART), ids=str)
def test_a_kill_in_mid_step_costs_time_only(live: LiveSpace, story: tuple[Step, ...], what: Interruption) -> None:
    interrupted(live, what, story)


@pytest.mark.kill
@pytest.mark.parametrize("what", matrix(SEED), ids=str)
def test_a_kill_of_anybody_at_any_step_costs_time_only(
    live: LiveSpace, story: tuple[Step, ...], what: Interruption
) -> None:
    if what.step not in story:
        pytest.skip(f"a restart had no step {what.step}")
    interrupted(live, what, story)
