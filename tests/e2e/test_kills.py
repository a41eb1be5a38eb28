"""kill -9 in mid-incident: the incident goes on to its end, no action happens twice, no fact is lost or doubled.

`make test` runs one pair that KILL_SEED draws; `make test-kill` the whole matrix, KILL_SHARD=1/12 a part of it.
"""

import os
from dataclasses import replace

import pytest
from support.interruptions import ACTOR, Interruption, Moment, matrix, pairs
from support.kills import KILLED, interrupted
from support.live import LiveSpace
from support.troubles import STORY, Hanging, Killed

from sre_space.domain.facts import Step

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]  # a stack only when it hangs, however busy the machine

SEED = int(os.environ.get("KILL_SEED", "1"))


@pytest.fixture(scope="module")
def story(live_space: LiveSpace) -> tuple[Step, ...]:
    """Return the steps of an incident that nobody interrupts."""
    case = live_space.healed(KILLED)
    return tuple(entry.fact.step for entry in case.chain)


@pytest.mark.parametrize("what", pairs(SEED, matrix(SEED, [Moment(step) for step in STORY]), 1), ids=str)
def test_a_kill_in_mid_step_costs_time_only(live: LiveSpace, story: tuple[Step, ...], what: Interruption) -> None:
    interrupted(replace(Killed.of(live), story=story), what)


@pytest.mark.kill
@pytest.mark.parametrize("delay_s", [1.0, 2.0, 3.0])
def test_a_fixer_that_is_killed_while_it_stops_a_hanging_service_leaves_it_running(
    live: LiveSpace, delay_s: float
) -> None:
    interrupted(Hanging.of(live), Interruption(Moment(Step.ACT), (ACTOR,), delay_s))


@pytest.mark.kill
@pytest.mark.parametrize("what", matrix(SEED, [Moment(step) for step in Step]), ids=str)
def test_a_kill_of_anybody_at_any_step_costs_time_only(
    live: LiveSpace, story: tuple[Step, ...], what: Interruption
) -> None:
    """The steps are those of `domain/facts.py`: a new one joins by itself."""
    if what.moment.step not in story:
        pytest.skip(f"a restart had no step {what.moment}")
    interrupted(replace(Killed.of(live), story=story), what)
