"""The guardrails: what refuses, what only asks to wait."""

import pytest

from sre_space.domain.chart import Autonomy, Chart, Guardrails, Journey, Service
from sre_space.domain.facts import Remedy, RemedyKind
from sre_space.domain.guardrails import PastAction, allowed, ask, must_wait

SECOND = 10**9
NOW = 10_000 * SECOND
RESTART = Remedy(RemedyKind.RESTART, "policy-service", "1:1", "crash")


def chart(autonomy: Autonomy = Autonomy.AUTONOMOUS, **limits: object) -> Chart:
    """A chart of two services."""
    services = {
        name: Service(name, "http://127.0.0.1:1/health", name, (), autonomy)
        for name in ("policy-service", "user-service")
    }
    values: dict[str, object] = {
        "actions": ("restart",), "restarts_per_hour": 3, "cooldown_seconds": 5.0, "global_concurrency": 1, "attempts": 3
    }  # fmt: skip
    return Chart("space", services, Journey("j", "traffic", ("q",), 0.999), Guardrails(**(values | limits)))  # type: ignore[arg-type]


def past(
    seconds_ago: float, service: str = "policy-service", incident: str = "old", finished: bool = True
) -> PastAction:
    """An earlier restart."""
    return PastAction(service, NOW - int(seconds_ago * SECOND), incident, finished)


def refusals(chart: Chart, *actions: PastAction, remedy: Remedy = RESTART) -> list[str]:
    """The rules that refuse."""
    return [answer.rule for answer in ask(chart, remedy, "this", actions, NOW) if not answer.allowed]


def test_a_first_restart_of_an_autonomous_service_is_allowed() -> None:
    assert allowed(ask(chart(), RESTART, "this", (), NOW))


@pytest.mark.parametrize("autonomy", [Autonomy.OBSERVE, Autonomy.APPROVE])
def test_a_service_that_is_not_autonomous_is_not_touched(autonomy: Autonomy) -> None:
    assert refusals(chart(autonomy)) == ["autonomy"]


def test_a_service_outside_the_chart_is_never_touched() -> None:
    stranger = Remedy(RemedyKind.RESTART, "../../bin/sh", "1:1", "")

    assert "autonomy" in refusals(chart(), remedy=stranger)


def test_an_action_that_the_chart_does_not_name_is_refused() -> None:
    assert refusals(chart(actions=())) == ["allowed actions"]


def test_the_hourly_limit_refuses_for_good() -> None:
    actions = [past(age) for age in (600, 1200, 1800)]
    answers = ask(chart(), RESTART, "this", actions, NOW)

    assert not allowed(answers)
    assert not must_wait(answers)
    assert not refusals(chart(), *actions[:2], past(3700))


def test_the_cool_down_asks_to_wait() -> None:
    answers = ask(chart(), RESTART, "this", [past(2)], NOW)

    assert not allowed(answers)
    assert must_wait(answers)
    assert not refusals(chart(), past(6))


def test_an_action_in_progress_elsewhere_asks_to_wait() -> None:
    assert refusals(chart(), past(60, "user-service", finished=False)) == ["global concurrency"]
    assert "one action per service" in refusals(chart(global_concurrency=9), past(60, finished=False))


def test_an_incidents_own_earlier_action_does_not_block_it() -> None:
    assert not refusals(chart(), past(1, incident="this", finished=False))


def test_asking_a_person_needs_no_permission() -> None:
    escalate = Remedy(RemedyKind.ESCALATE, "", "", "no cause")

    assert not refusals(chart(Autonomy.OBSERVE, actions=()), remedy=escalate)
