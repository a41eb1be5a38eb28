"""Faults that kill nothing: seen in telemetry, named, answered by pull requests on desired state, verified, undone."""

import subprocess
import sys
from collections.abc import Iterator
from time import time_ns

import pytest
from support.live import CHECKOUT, LiveSpace
from support.waiting import until

from sre_evaluation.desired_state import DesiredState
from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Decision, Outcome, Verification
from sre_space.domain.labels import NEEDS_HUMAN
from sre_space.domain.symptoms import SymptomKind

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]

LEARNT_NS = 150 * 10**9  # of life: a minute to learn, half a minute of quarantine, and those before
QUIET_NS = 10 * 10**9  # since the last incident: longer than a symptom that came once is held


def chaos(live: LiveSpace, *words: str) -> None:
    """Run the chaos command."""
    command = [sys.executable, str(CHECKOUT / "trigger_chaos.py"), *words, "--state", str(live.state.root)]
    subprocess.run(command, check=True, capture_output=True)


def has_learnt(live: LiveSpace) -> bool:
    """True when Scout knows what is usual."""
    started = (live.state.root / "run" / "space.json").stat().st_mtime_ns
    newest = max((case.last.at for case in live.cases()), default=0)
    return time_ns() > max(started + LEARNT_NS, newest + QUIET_NS)


@pytest.fixture
def desired(live: LiveSpace) -> Iterator[LiveSpace]:
    """The space, healthy and known to Scout; its desired state is what it was before when the test is over."""
    state = DesiredState(live.plan)
    before = state.head()
    until(lambda: has_learnt(live), "Scout has learnt what is usual", 200)
    live.healthy()
    yield live
    chaos(live, "--recover")
    state.reset(before)


def config(live: LiveSpace, service: str) -> str:
    """What is deployed for a service."""
    return (live.state.deployed / f"{service}.env").read_text()


def tried(case: Case) -> list[str]:
    """The remedies in their order, with what came of each."""
    return [f"{one.action.remedy.name}: {one.outcome}{', undone' if one.undo else ''}" for one in case.trials]


def verdicts(case: Case) -> list[Outcome]:
    """What Scout measured, in order."""
    return [payload.outcome for payload in case.payloads if isinstance(payload, Verification)]


def first_diagnosis(case: Case) -> tuple[str, CauseKind]:
    """Whom the first decision accuses, and of what."""
    decision = next(payload for payload in case.payloads if isinstance(payload, Decision))
    return decision.diagnosis.causes[0].service, decision.diagnosis.causes[0].kind


def test_a_slow_network_is_worked_around_while_it_lasts_and_nothing_is_restarted_for_it(desired: LiveSpace) -> None:
    live = desired
    known, starts = len(live.cases()), live.starts("policy-service")
    chaos(live, "latency")
    case = live.next_case(known, 40)
    assert (case.detection.symptoms[0].kind, case.detection.symptoms[0].service) == (
        SymptomKind.LATENCY,
        "policy-service",
    )
    until(lambda: NEEDS_HUMAN in live.cases()[known].labels, "a person is asked for the rest", 90)

    eased = live.cases()[known]
    assert first_diagnosis(eased) == ("policy-service", CauseKind.SLOW_NETWORK)
    assert tried(eased)[0] == "PR SET quote-service RISK_FALLBACK: IMPROVED"
    assert "RISK_FALLBACK=standard-tariff" in config(live, "quote-service")
    assert live.starts("policy-service") == starts

    chaos(live, "--recover")
    case = live.closed(case.issue, 120)

    assert verdicts(case)[-1] is Outcome.RECOVERED
    assert live.starts("policy-service") == starts


def test_the_guilty_commit_alone_is_reverted_though_an_innocent_one_came_after_it(desired: LiveSpace) -> None:
    live = desired
    known = len(live.cases())
    chaos(live, "conversion")
    chaos(live, "harmless-deploy")
    case = live.closed(live.next_case(known, 60).issue, 120)

    assert first_diagnosis(case) == ("quote-service", CauseKind.BAD_CHANGE)
    assert tried(case) == ["PR REVERT quote-service: RECOVERED"]
    assert "ONLINE_PURCHASE_LIMIT_CENTS=250000" in config(live, "quote-service")
    assert "DATABASE_POOL_SIZE=6" in config(live, "user-service")


def test_what_does_not_help_is_taken_back_and_the_next_remedy_serves_the_customers(desired: LiveSpace) -> None:
    live = desired
    known = len(live.cases())
    chaos(live, "stubborn")
    issue = live.next_case(known, 40).issue
    until(
        lambda: len(live.cases()[known].trials) >= 3 or not live.cases()[known].is_open, "two remedies are tried", 150
    )

    case = live.cases()[known]
    assert first_diagnosis(case) == ("policy-service", CauseKind.ERROR)
    assert tried(case)[0].startswith("PR SET quote-service DOWNSTREAM_ATTEMPTS: ")
    assert tried(case)[0].endswith(", undone")
    assert tried(case)[1] in (
        "PR SET quote-service RISK_FALLBACK: IMPROVED",
        "PR SET quote-service RISK_FALLBACK: RECOVERED",
    )
    assert "DOWNSTREAM_ATTEMPTS=1" in config(live, "quote-service")
    chaos(live, "--recover")
    assert live.closed(issue, 120).recovered
