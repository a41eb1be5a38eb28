"""A pause undoes no repair: whoever did not run for a while draws no conclusion from before it went on."""

import os
import random
from collections.abc import Callable

import pytest
from support.kills import next_outage, quiet
from support.live import LiveSpace
from support.pausing import pause, whole
from support.troubles import STORY, BadCommit, Killed
from support.waiting import until

from sre_space.domain.case import Case
from sre_space.domain.facts import Agent, Outcome, Step, Verification

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(600)]

SEED = int(os.environ.get("KILL_SEED", "1"))
Trouble = type[Killed] | type[BadCommit]
Victims = Callable[[LiveSpace], tuple[int, ...]]


def unit(name: str) -> Victims:
    """Those of one unit."""
    return lambda live: (live.pid(name),)


def scout(live: LiveSpace) -> tuple[int, ...]:
    """Its process."""
    return unit("scout")(live)


def verdicts(case: Case) -> list[Outcome]:
    """Return the outcomes that Scout measured, in order."""
    return [payload.outcome for payload in case.payloads if isinstance(payload, Verification)]


def paused(live: LiveSpace, trouble: Trouble, who: Victims, seconds: float, after: Step) -> None:
    """One incident in which somebody stands still as a step is recorded: recovered at once, nothing done twice."""
    fault, since = trouble.of(live), quiet(live)
    fault.strike()
    issue = next_outage(live, since).issue
    until(lambda: [one for one in live.cases(since) if one.issue == issue and one.fact_of(after)], f"{after} is done")

    with pause(*who(live), seconds=seconds):
        pass

    case = live.closed(issue)
    assert verdicts(case) == [Outcome.RECOVERED]
    assert [one.detection.key for one in live.cases(since)] == [case.detection.key]
    fault.holds(case)


@pytest.mark.parametrize(
    ("trouble", "who", "seconds"),
    [
        (Killed, scout, 22.0),
        (Killed, whole, 30.0),
        (BadCommit, scout, 27.0),
        (BadCommit, whole, 30.0),
    ],
)
def test_a_pause_longer_than_every_deadline_undoes_no_right_repair(
    live: LiveSpace, trouble: Trouble, who: Victims, seconds: float
) -> None:
    paused(live, trouble, who, seconds, Step.ACT)


def test_a_short_pause_of_anybody_at_any_step_costs_time_only(live: LiveSpace) -> None:
    chance = random.Random(SEED)
    who = chance.choice([whole, *(unit(agent.value) for agent in Agent)])

    paused(live, Killed, who, chance.uniform(3, 8), chance.choice(STORY[:5]))


def test_a_service_that_dies_while_scout_stands_still_is_one_incident(live: LiveSpace) -> None:
    since = quiet(live)
    with pause(*scout(live), seconds=27):
        live.kill("policy-service")

    case = live.closed(next_outage(live, since).issue)
    assert verdicts(case) == [Outcome.RECOVERED]
    assert case.detection.since - case.detection.begun > 20 * 10**9
    live.healthy()
    assert [one.detection.key for one in live.cases(since)] == [case.detection.key]
