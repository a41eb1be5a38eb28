"""A pause undoes no repair: whoever did not run for a while draws no conclusion from before it went on."""

from collections.abc import Callable
from time import time_ns

import pytest
from support.kills import quiet, next_outage
from support.live import LiveSpace
from support.pausing import pause, whole
from support.troubles import BadCommit, Killed
from support.waiting import until

from sre_space.domain.case import Case
from sre_space.domain.facts import Outcome, Step, Verification

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]


def scout(live: LiveSpace) -> tuple[int, ...]:
    """The one process."""
    return (live.pid("scout"),)


def verdicts(case: Case) -> list[Outcome]:
    """What Scout measured, in order."""
    return [payload.outcome for payload in case.payloads if isinstance(payload, Verification)]


@pytest.mark.parametrize(
    ("trouble", "who", "seconds"),
    [(Killed, scout, 27.0), (Killed, whole, 30.0), (BadCommit, scout, 27.0), (BadCommit, whole, 30.0)],
)
def test_a_pause_as_the_action_is_recorded_undoes_nothing(
    live: LiveSpace, trouble: type[Killed] | type[BadCommit], who: Callable[[LiveSpace], tuple[int, ...]], seconds: float
) -> None:
    fault, since = trouble.of(live), quiet(live)
    fault.strike()
    case = next_outage(live, since)
    until(lambda: [one for one in live.cases(since) if one.issue == case.issue and one.fact_of(Step.ACT)], "it is done")

    with pause(*who(live), seconds=seconds):
        pass

    case = live.closed(case.issue, 120)
    print("VERDICTS", trouble.__name__, who.__name__, verdicts(case), [one.detail for one in case.payloads if isinstance(one, Verification)])
    assert verdicts(case) == [Outcome.RECOVERED]
    fault.holds(case)
    print([(one.issue, one.detection.key) for one in live.cases(since)], time_ns())
