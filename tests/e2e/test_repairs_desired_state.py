"""Faults that kill nothing: seen in telemetry, named, answered by pull requests on desired state, verified, undone."""

from collections.abc import Iterator
from time import time_ns

import pytest
from support.live import LiveSpace
from support.repairs import chaos, config, first_diagnosis, restored, tried, verdicts
from support.waiting import until

from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Outcome
from sre_space.domain.labels import NEEDS_HUMAN
from sre_space.domain.symptoms import SymptomKind

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]


@pytest.fixture
def desired(live: LiveSpace) -> Iterator[LiveSpace]:
    """Yield the space, healthy and with no recent incident; end faults and reset the desired state after the test."""
    with restored(live):
        yield live


def test_a_slow_network_is_worked_around_while_it_lasts_and_nothing_is_restarted_for_it(desired: LiveSpace) -> None:
    live = desired
    since, starts = time_ns(), live.starts("policy-service")
    chaos(live, "latency")
    case = live.incident("latency/policy-service", since)
    assert (case.detection.symptoms[0].kind, case.detection.symptoms[0].service) == (
        SymptomKind.LATENCY,
        "policy-service",
    )
    until(
        lambda: NEEDS_HUMAN in live.incident("latency/policy-service", since).labels, "a person is asked for the rest"
    )

    eased = live.incident("latency/policy-service", since)
    assert first_diagnosis(eased) == ("policy-service", CauseKind.SLOW_NETWORK)
    assert tried(eased)[0] == "PR SET quote-service RISK_FALLBACK: IMPROVED"
    assert "RISK_FALLBACK=standard-tariff" in config(live, "quote-service")
    assert live.starts("policy-service") == starts

    chaos(live, "--recover")
    case = live.closed(case.issue)

    assert verdicts(case)[-1] is Outcome.RECOVERED
    assert live.starts("policy-service") == starts


def test_the_guilty_commit_alone_is_reverted_though_an_innocent_one_came_after_it(desired: LiveSpace) -> None:
    live = desired
    since = time_ns()
    chaos(live, "conversion")
    chaos(live, "harmless-deploy")
    case = live.closed(live.incident("conversion/buy-insurance", since).issue)

    assert first_diagnosis(case) == ("quote-service", CauseKind.BAD_CHANGE)
    assert tried(case) == ["PR REVERT quote-service: RECOVERED"]
    assert "ONLINE_PURCHASE_LIMIT_CENTS=250000" in config(live, "quote-service")
    assert "DATABASE_POOL_SIZE=6" in config(live, "user-service")


@pytest.mark.long
def test_what_does_not_help_is_taken_back_and_the_next_remedy_serves_the_customers(desired: LiveSpace) -> None:
    live = desired
    since = time_ns()
    chaos(live, "stubborn")
    issue = live.incident("error/policy-service", since).issue
    until(
        lambda: (
            len(live.incident("error/policy-service", since).trials) >= 3
            or not live.incident("error/policy-service", since).is_open
        ),
        "two remedies are tried",
    )

    case = live.incident("error/policy-service", since)
    assert first_diagnosis(case) == ("policy-service", CauseKind.ERROR)
    assert tried(case)[0].startswith("PR SET quote-service DOWNSTREAM_ATTEMPTS: ")
    assert tried(case)[0].endswith(", undone")
    assert tried(case)[1] in (
        "PR SET quote-service RISK_FALLBACK: IMPROVED",
        "PR SET quote-service RISK_FALLBACK: RECOVERED",
    )
    assert "DOWNSTREAM_ATTEMPTS=1" in config(live, "quote-service")
    chaos(live, "--recover")
    assert live.closed(issue).recovered
