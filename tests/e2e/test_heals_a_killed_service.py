"""The first story: kill the policy service, and the four agents bring it back, prove it, and remember."""

import itertools
from time import time_ns

import pytest
from support.jaeger import trace
from support.live import GOOD_VISITS, LiveSpace
from support.waiting import until
from ulid import ULID

from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind, Confidence
from sre_space.domain.facts import (
    Action,
    ActionResult,
    Conclusion,
    Decision,
    Outcome,
    PastCase,
    Recall,
    Step,
    Verification,
)
from sre_space.domain.labels import FIXED
from sre_space.domain.remedies import RemedyKind
from sre_space.domain.telemetry import Span

pytestmark = pytest.mark.e2e

STORY = [
    Step.DETECT,
    Step.RECALL,
    Step.DECIDE,
    Step.ACT,
    Step.VERIFY,
    Step.CONFIRM,
    Step.CONCLUDE,
    Step.REMEMBER,
]


def recalled(case: Case) -> tuple[PastCase, ...]:
    """Return the incidents that Memory handed on; empty when Brain did not wait for it any longer."""
    recall = case.latest(Recall)
    return recall.cases if recall else ()


def test_a_killed_service_is_restarted_verified_written_up_and_remembered(live: LiveSpace) -> None:
    since, starts = time_ns(), live.starts("policy-service")
    live.kill("policy-service")

    case = live.closed(live.outage("policy-service", since).issue)

    assert [entry.fact.step for entry in case.chain] == STORY
    decision, action, verdict = case.latest(Decision), case.latest(Action), case.latest(Verification)
    assert decision is not None
    assert decision.diagnosis.causes[0].service == "policy-service"
    assert decision.diagnosis.causes[0].kind is CauseKind.CRASH
    assert decision.diagnosis.verdict is Confidence.CONFIRMED
    assert any(id.startswith("span:") for id in decision.diagnosis.causes[0].evidence)
    assert decision.remedy.command == "MITIGATION: RESTART policy-service"
    assert action is not None
    assert action.result is ActionResult.DONE
    assert verdict is not None
    assert verdict.outcome is Outcome.RECOVERED
    assert verdict.journey.good >= GOOD_VISITS
    assert case.latest(Conclusion) is not None
    assert FIXED in case.labels
    assert live.starts("policy-service") == starts + 1


def test_an_incident_is_itself_a_trace_that_four_agents_wrote(live: LiveSpace) -> None:
    case = live.healed("policy-service")
    trace_id = ULID.from_str(case.incident).hex

    def spans() -> list[Span]:
        found = trace(f"http://127.0.0.1:{live.running.ports['jaeger_port']}", trace_id)
        return found if len(found) == len(case.chain) else []

    spans_ = until(spans, "every step is a span")
    assert {span.name for span in spans_} == {entry.fact.step for entry in case.chain}
    assert {span.service for span in spans_} == {"sre-scout", "sre-memory", "sre-brain", "sre-fixer"}
    assert {span.parent_id for span in spans_} == {"", case.chain[0].digest[:16]}


def test_the_second_kill_of_a_service_recalls_the_first(live: LiveSpace) -> None:
    earlier = itertools.count(1)
    past = until(
        lambda: recalled(live.healed("policy-service", next(earlier))),
        "Memory answers within the two seconds that Brain waits for it",
    )

    assert "policy-service crash" in {one.cause for one in past}
    restarts = [one for one in past if one.remedy == "MITIGATION: RESTART policy-service"]
    assert any(one.provisional or one.recurrence for one in restarts)  # it came again within the half hour
    assert not any(one.worked for one in restarts)
    rebuilt = live.command("memory", "rebuild")
    assert rebuilt.stdout.split()[1:] == ["lessons", "indexed"], rebuilt.stderr
    assert int(rebuilt.stdout.split()[0]) >= len(restarts) + 1


def test_halt_stops_the_action_and_resume_lets_it_go_on(live: LiveSpace) -> None:
    since, starts = time_ns(), live.starts("policy-service")
    live.state.halt.touch()
    live.kill("policy-service")
    issue = live.outage("policy-service", since).issue

    def steps() -> list[Step]:
        return [entry.fact.step for entry in live.outage("policy-service", since).chain]

    until(lambda: Step.DECIDE in steps(), "Brain decides")
    passes = itertools.count()
    until(lambda: next(passes) > 20, "Fixer has had twenty looks at it")
    assert Step.ACT not in steps()
    assert live.starts("policy-service") == starts

    live.state.halt.unlink()

    assert live.closed(issue).recovered
    assert live.starts("policy-service") == starts + 1


def test_a_person_restarts_while_the_doctor_is_halted_and_nothing_is_done_on_top(live: LiveSpace) -> None:
    assert "no service 'x'" in live.command("restart", "x").stderr
    assert "no open incident is about user-service" in live.command("restart", "user-service").stderr
    since, starts = time_ns(), live.starts("policy-service")
    live.state.halt.touch()
    live.kill("policy-service")
    issue = live.outage("policy-service", since).issue
    until(lambda: live.outage("policy-service", since).latest(Decision), "Brain decides")

    assert f"signed on issue {issue}" in live.answer("restart", "policy-service")
    live.state.halt.unlink()

    case = live.closed(issue)
    assert [trial.action.result for trial in case.trials] == [ActionResult.ALREADY_CHANGED]
    assert case.recovered
    assert live.starts("policy-service") == starts + 1
    assert "order by operator: restart policy-service" in live.answer("audit", "--incident", str(issue))


@pytest.mark.parametrize("round_", [0, *(pytest.param(number, marks=pytest.mark.kill) for number in (1, 2, 3))])
def test_each_agent_killed_at_each_step_loses_nothing_and_acts_once(live: LiveSpace, round_: int) -> None:
    """Four incidents cover all pairs of agent and step: at step k of round r, agent (k + r) mod 4 is killed.

    The first one is of `make test`, all of them of `make test-kill`.
    """
    agents = ("scout", "brain", "fixer", "memory")
    since, starts = time_ns(), live.starts("policy-service")
    live.kill("policy-service")
    issue = live.outage("policy-service", since).issue
    for number, step in enumerate(STORY[:-1]):
        until(
            lambda step=step: (
                any(entry.fact.step is step for entry in live.outage("policy-service", since).chain)  # type: ignore[misc]
                or len(live.outage("policy-service", since).chain) > STORY.index(step) + 1
            ),
            f"the step {step} is recorded",
        )
        live.kill(agents[(number + round_) % 4])

    case = live.closed(issue)

    assert case.recovered
    assert live.starts("policy-service") == starts + 1
    changes = [entry.fact.payload for entry in case.chain if isinstance(entry.fact.payload, Action)]
    assert sum(action.changed for action in changes) == 1
    assert not case.frozen_reason
    assert len(live.outages("policy-service", since)) == 1


def test_a_healthy_service_beside_a_dead_one_is_not_accused(live: LiveSpace) -> None:
    case = live.healed("user-service")

    decision = case.latest(Decision)
    assert decision is not None
    assert decision.remedy.kind is RemedyKind.RESTART
    assert decision.remedy.service == "user-service"
    assert decision.diagnosis.causes[0].service == "user-service"
    others = [cause.score for cause in decision.diagnosis.causes if cause.service == "quote-service"]
    assert all(score < decision.diagnosis.causes[0].score for score in others)
