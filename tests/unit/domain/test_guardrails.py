"""The guardrails: what refuses, what only asks to wait."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sre_space.domain.configuration import Edit, Place
from sre_space.domain.diagnosis import Confidence
from sre_space.domain.grounds import Grounds, why_it_waits
from sre_space.domain.guardrails import PastAction, allowed, ask, must_wait, needs_approval
from sre_space.domain.health_check import http
from sre_space.domain.holds import Hold
from sre_space.domain.journeys import Journey, SpanSelector
from sre_space.domain.remedies import Escalate, Remedy, Restart, RevertChange, Scale, SetConfig
from sre_space.domain.space_config import (
    Autonomy,
    Guardrails,
    Service,
    SpaceConfig,
    Tunable,
    ValueType,
)
from sre_space.domain.windows import WeeklyWindow

FILE = "deploy/config/policy-service.env"
TUNABLES = (
    Tunable("ATTEMPTS", FILE, ValueType.INTEGER, "asks again", 1, 6),
    Tunable("DATABASE_URL", FILE, ValueType.TEXT, "where its data is", protected=True),
    Tunable("TARIFF", FILE, ValueType.TEXT, "which tariff", values=("usual", "standard")),
)
MEMORY = {
    name: Place("deploy/config/space.env", f"{key}_SERVICE_MEMORY_BYTES")
    for name, key in (("policy-service", "POLICY"), ("user-service", "USER"))
}
SECOND = 10**9
NOW = 10_000 * SECOND
CONFIRMED, LIKELY, INCONCLUSIVE = Confidence.CONFIRMED, Confidence.LIKELY, Confidence.INCONCLUSIVE
RESTART = Restart("policy-service", "1:1", "crash")
SURE = Grounds(CONFIRMED, unit="the runtime says that policy-service has ended (exited)")


def config(autonomy: Autonomy = Autonomy.AUTONOMOUS, **limits: object) -> SpaceConfig:
    """Return a configuration of two services with this autonomy and these limits."""
    services = {
        name: Service(
            name, http("http://127.0.0.1:1/health"), name, (), autonomy, tunables=TUNABLES, memory=MEMORY[name]
        )
        for name in ("policy-service", "user-service")
    }
    values: dict[str, object] = {
        "actions": ("restart", "set-config", "revert", "scale"), "restarts_per_hour": 3,
        "cooldown_seconds": 5.0, "global_concurrency": 1, "attempts": 3
    }  # fmt: skip
    journeys = (Journey("j", SpanSelector("traffic", ("q",)), 0.999),)
    return SpaceConfig("space", services, journeys, Guardrails(**(values | limits)))  # type: ignore[arg-type]


def past(
    seconds_ago: float, service: str = "policy-service", incident: str = "old", finished: bool = True
) -> PastAction:
    """Return an earlier action on a service."""
    return PastAction(service, NOW - int(seconds_ago * SECOND), incident, finished)


def refusals(
    config: SpaceConfig,
    *actions: PastAction,
    remedy: Remedy = RESTART,
    grounds: Grounds = SURE,
    holds: Sequence[Hold] = (),
) -> list[str]:
    """Return the names of the rules that do not allow the remedy."""
    answers = ask(config, remedy, "this", actions, NOW, grounds=grounds, holds=holds)
    return [answer.rule for answer in answers if not answer.allowed]


def test_a_first_restart_of_an_autonomous_service_is_allowed() -> None:
    assert allowed(ask(config(), RESTART, "this", (), NOW, grounds=SURE, holds=()))


def test_a_service_that_is_only_observed_is_not_touched() -> None:
    assert refusals(config(Autonomy.OBSERVE)) == ["autonomy"]


def test_a_service_that_wants_approval_gets_a_plan() -> None:
    assert not refusals(config(Autonomy.APPROVE))
    assert needs_approval(config(Autonomy.APPROVE), RESTART, CONFIRMED)
    assert not needs_approval(config(), RESTART, CONFIRMED)


def test_what_keeps_state_is_touched_only_where_a_person_is_asked() -> None:
    stateful = config()
    services = {name: replace(service, stateful=True) for name, service in stateful.services.items()}
    stateful = replace(stateful, services=services)
    change = SetConfig("policy-service", FILE, "ATTEMPTS", "1", "2", "", "")

    for remedy in (RESTART, change):
        assert needs_approval(stateful, remedy, CONFIRMED)
        assert "stateful" in refusals(stateful, remedy=remedy)
        assert "stateful" not in refusals(stateful, remedy=remedy, grounds=replace(SURE, plan=True))
    assert not needs_approval(stateful, Escalate("why"), CONFIRMED)


def test_a_service_outside_the_chart_is_never_touched() -> None:
    stranger = Restart("../../bin/sh", "1:1", "")

    assert "autonomy" in refusals(config(), remedy=stranger)


def test_an_action_that_the_chart_does_not_name_is_refused() -> None:
    assert refusals(config(actions=())) == ["allowed actions"]


def test_the_hourly_limit_refuses_for_good() -> None:
    actions = [past(age) for age in (600, 1200, 1800)]
    answers = ask(config(), RESTART, "this", actions, NOW, grounds=SURE, holds=())

    assert not allowed(answers)
    assert not must_wait(answers)
    assert not refusals(config(), *actions[:2], past(3700))


def test_the_cool_down_asks_to_wait() -> None:
    answers = ask(config(), RESTART, "this", [past(2)], NOW, grounds=SURE, holds=())

    assert not allowed(answers)
    assert must_wait(answers)
    assert not refusals(config(), past(6))


def test_an_action_in_progress_elsewhere_asks_to_wait() -> None:
    assert refusals(config(), past(1, "user-service", finished=False)) == ["global concurrency"]
    changed = replace(past(60, "user-service", finished=False), places=("deploy/config/user-service.env:X",))
    assert refusals(config(), changed) == ["global concurrency"]
    assert "one action per service" in refusals(config(global_concurrency=9), past(60, finished=False))


def test_a_restart_elsewhere_that_had_the_cool_down_to_start_is_over_though_its_incident_is_not() -> None:
    assert refusals(config(), past(60, "user-service", finished=False)) == []


def test_an_incidents_own_earlier_action_does_not_block_it() -> None:
    assert not refusals(config(), past(1, incident="this", finished=False))


def test_asking_a_person_needs_no_permission() -> None:
    escalate = Escalate("no cause")

    assert not refusals(config(Autonomy.OBSERVE, actions=()), remedy=escalate)


def setting(key: str, new: str | None, file: str = FILE) -> SetConfig:
    """Return a change of one configuration key of policy-service."""
    return SetConfig("policy-service", file, key, "1", new, "because")


def reverting(*edits: Edit) -> RevertChange:
    """Return the revert of a commit with these edits."""
    return RevertChange("policy-service", "c0ffee", edits, "because")


def test_a_declared_key_may_be_set_within_its_bounds_and_nothing_else() -> None:
    assert not refusals(config(), remedy=setting("ATTEMPTS", "5"))
    assert not refusals(config(), remedy=setting("TARIFF", "standard"))
    for key, value in (("ATTEMPTS", "7"), ("ATTEMPTS", "0"), ("ATTEMPTS", "many"), ("TARIFF", "free"), ("OTHER", "1")):
        assert refusals(config(), remedy=setting(key, value)) == ["bounds"]


def test_a_protected_key_is_neither_set_nor_taken_back() -> None:
    assert "protected keys" in refusals(config(), remedy=setting("DATABASE_URL", "sqlite://"))
    assert "protected keys" in refusals(config(), remedy=reverting(Edit(FILE, "DATABASE_URL", "a", "b")))


def test_a_commit_is_taken_back_in_the_folder_of_desired_state_only() -> None:
    assert not refusals(config(), remedy=reverting(Edit(FILE, "UNDECLARED", "a", "b")))
    assert refusals(config(), remedy=reverting(Edit("src/main.py", "A", "1", "2"))) == ["desired state"]
    assert refusals(config(), remedy=reverting(Edit("deploy/config/../x.env", "A", "1", "2"))) == ["desired state"]
    assert refusals(config(), remedy=reverting()) == ["desired state"]


OTHERS = (
    reverting(Edit("deploy/config/user-service.env", "ATTEMPTS", "1", "2")),
    reverting(Edit(FILE, "ATTEMPTS", "1", "2"), Edit("deploy/config/space.env", "USER_SERVICE_MEMORY_BYTES", "1", "2")),
    setting("ATTEMPTS", "5", "deploy/config/user-service.env"),
)


@pytest.mark.parametrize("remedy", OTHERS, ids=lambda remedy: remedy.command)
def test_what_holds_for_a_service_holds_whomever_a_change_of_its_configuration_names(remedy: Remedy) -> None:
    def where(autonomy: Autonomy) -> SpaceConfig:
        other = replace(config().services["user-service"], autonomy=autonomy)
        return replace(config(), services={**config().services, "user-service": other})

    assert "autonomy" in refusals(where(Autonomy.OBSERVE), remedy=remedy)
    assert needs_approval(where(Autonomy.APPROVE), remedy, CONFIRMED)
    assert not needs_approval(where(Autonomy.AUTONOMOUS), remedy, CONFIRMED)
    assert "cool-down" in refusals(config(), past(2, "user-service"), remedy=remedy)
    assert "one action per service" in refusals(config(), past(60, "user-service", finished=False), remedy=remedy)


def test_an_earlier_change_counts_for_whom_it_configured_too() -> None:
    elsewhere = replace(past(2, "user-service"), places=(f"{FILE}:ATTEMPTS",))

    assert refusals(config(), elsewhere) == ["cool-down"]


def test_a_large_change_is_refused() -> None:
    many = tuple(Edit(FILE, f"K{number}", "1", "2") for number in range(6))

    assert refusals(config(), remedy=reverting(*many)) == ["size of a change"]
    assert not refusals(config(keys_per_change=6), remedy=reverting(*many))


def test_a_key_that_was_changed_twice_within_a_day_is_frozen() -> None:
    change = setting("ATTEMPTS", "5")
    changes = [replace(past(age), places=(f"{FILE}:ATTEMPTS",)) for age in (7200, 80_000)]

    assert refusals(config(), *changes, remedy=change) == ["frozen keys"]
    assert not refusals(config(), *changes[:1], replace(changes[1], at=NOW - 86_401 * SECOND), remedy=change)
    assert not refusals(config(), *changes, remedy=setting("TARIFF", "standard"))


def test_in_a_freeze_window_nothing_is_configured_but_a_dead_service_is_started() -> None:
    thursday_morning = WeeklyWindow((3,), 0, 4 * 3600)  # NOW is Thursday, 1 January 1970, 02:46:40 UTC

    assert refusals(config(freeze=(thursday_morning,)), remedy=setting("ATTEMPTS", "5")) == ["freeze window"]
    assert not refusals(config(freeze=(thursday_morning,)))
    assert not refusals(config(freeze=(WeeklyWindow((3,), 0, 3600),)), remedy=setting("ATTEMPTS", "5"))


def test_more_replicas_than_the_runtime_can_run_are_refused() -> None:
    twice = Scale("policy-service", "deploy/config/space.env", "POLICY_SERVICE_REPLICAS", "1", "2", "traffic")

    assert refusals(config(), remedy=twice) == ["bounds"]


REMEDIES = (RESTART, setting("ATTEMPTS", "5"), reverting(Edit(FILE, "UNDECLARED", "a", "b")))


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda remedy: remedy.name)
def test_only_confirmed_acts_by_itself_and_likely_waits_for_a_person(remedy: Remedy) -> None:
    alone, approved = replace(SURE, verdict=LIKELY), replace(SURE, verdict=LIKELY, plan=True)

    assert not needs_approval(config(), remedy, CONFIRMED)
    assert needs_approval(config(), remedy, LIKELY)
    assert refusals(config(), remedy=remedy, grounds=alone) == ["verdict"]
    assert not must_wait(ask(config(), remedy, "this", (), NOW, grounds=alone, holds=()))
    assert refusals(config(), remedy=remedy, grounds=approved) == []
    assert refusals(config(), remedy=remedy, grounds=replace(approved, verdict=INCONCLUSIVE)) == ["verdict"]


def test_the_configuration_lets_one_remedy_act_on_likely_and_no_other() -> None:
    brave = config(act_on={"set-config": LIKELY, "restart": CONFIRMED})
    alone = replace(SURE, verdict=LIKELY)

    assert refusals(brave, remedy=setting("ATTEMPTS", "5"), grounds=alone) == []
    assert not needs_approval(brave, setting("ATTEMPTS", "5"), LIKELY)
    for other in (RESTART, reverting(Edit(FILE, "UNDECLARED", "a", "b"))):
        assert refusals(brave, remedy=other, grounds=alone) == ["verdict"]
        assert needs_approval(brave, other, LIKELY)


def test_a_plan_says_that_it_waits_because_of_the_verdict() -> None:
    likely = replace(SURE, verdict=LIKELY, plan=True)

    told = why_it_waits(ask(config(), RESTART, "this", (), NOW, grounds=likely, holds=()))
    assert told == "waits for a person because the verdict is LIKELY"
    assert (
        why_it_waits(
            ask(config(Autonomy.APPROVE), RESTART, "this", (), NOW, grounds=replace(SURE, plan=True), holds=())
        )
        == ""
    )


@pytest.mark.parametrize("plan", [False, True])
@pytest.mark.parametrize("verdict", [CONFIRMED, LIKELY])
def test_no_unit_is_restarted_that_shows_nothing_itself_whoever_approves(verdict: Confidence, plan: bool) -> None:
    blind = config(act_on={"restart": LIKELY})

    assert refusals(blind, grounds=Grounds(verdict, plan)) == ["evidence of the unit"]
    assert refusals(blind, grounds=Grounds(verdict, plan, "its health does not answer")) == []
    assert "evidence of the unit" not in refusals(blind, remedy=setting("ATTEMPTS", "5"), grounds=Grounds(verdict))


def hold(*services: str, until: int = NOW + SECOND) -> Hold:
    """Return a hold on services that lasts now."""
    return Hold(frozenset(services), 0, until, "`MITIGATION: RESTART user-service`", "operator", "issue 7", 7)


def test_on_a_service_that_people_hold_every_remedy_waits() -> None:
    assert refusals(config(), holds=[hold("policy-service")]) == ["hold"]
    assert refusals(config(), remedy=setting("ATTEMPTS", "5"), holds=[hold("all")]) == ["hold"]
    assert not refusals(config(), holds=[hold("user-service")])
    assert not refusals(config(), holds=[hold("policy-service", until=NOW)])
    assert must_wait(ask(config(), RESTART, "this", (), NOW, grounds=SURE, holds=[hold("policy-service")]))


def test_a_hold_holds_whatever_change_configures_the_service() -> None:
    other = RevertChange("user-service", "c0ffee", (Edit(FILE, "ATTEMPTS", "1", "2"),), "bad-change")

    assert refusals(config(), remedy=other, holds=[hold("policy-service")]) == ["hold"]


def test_the_answer_of_a_hold_does_not_repeat_what_somebody_wrote() -> None:
    (answer,) = [
        one for one in ask(config(), RESTART, "this", (), NOW, grounds=SURE, holds=[hold("all")]) if not one.allowed
    ]

    assert answer.reason == "everything held by operator, issue 7"
