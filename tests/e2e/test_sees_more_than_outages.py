"""A fault that kills nothing: Scout sees it in the traces, Brain names it, a person is asked, its end is verified."""

import subprocess
import sys
from time import time_ns

import pytest
from support.live import CHECKOUT, LiveSpace
from support.waiting import until

from sre_space.domain.facts import Action, ActionResult, CauseKind, Decision, Outcome, SymptomKind, Verification
from sre_space.domain.labels import NEEDS_HUMAN

pytestmark = pytest.mark.e2e

LEARNT_NS = 150 * 10**9  # of healthy journeys: a minute to learn, half a minute of quarantine, and those before


def chaos(live: LiveSpace, *words: str) -> None:
    """Run the chaos command."""
    command = [sys.executable, str(CHECKOUT / "trigger_chaos.py"), *words, "--state", str(live.state.root)]
    subprocess.run(command, check=True, capture_output=True)


def test_a_slow_network_is_one_incident_named_left_to_a_person_and_closed_when_it_is_over(live: LiveSpace) -> None:
    begun = time_ns()
    until(lambda: time_ns() - begun > LEARNT_NS, "Scout has learnt what is usual", 200)
    live.healthy()
    known, starts = len(live.cases()), live.starts("policy-service")
    chaos(live, "latency")
    try:
        case = live.next_case(known, 40)
        assert case.detection.symptoms[0].kind is SymptomKind.LATENCY
        assert case.detection.symptoms[0].service == "policy-service"
        assert case.detection.traces
        until(lambda: NEEDS_HUMAN in live.cases()[known].labels, "a person is asked")
    finally:
        chaos(live, "--recover")

    case = live.closed(case.issue, 120)

    decision, action, verdict = case.latest(Decision), case.latest(Action), case.latest(Verification)
    assert decision is not None
    assert decision.diagnosis.causes[0].service in ("policy-service", "quote-service")
    assert decision.diagnosis.causes[0].kind is CauseKind.SLOW_NETWORK
    assert action is not None
    assert action.result is ActionResult.ESCALATED
    assert verdict is not None
    assert verdict.outcome is Outcome.RECOVERED
    assert live.starts("policy-service") == starts
    assert len(live.cases()) == known + 1
