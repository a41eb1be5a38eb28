"""`domain/cycle.py`, model-tested: whatever the agents answer, a case ends, and in the right hands."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sre_space.domain.case import Case, FoundFact
from sre_space.domain.chain import accept, open_case
from sre_space.domain.cycle import RECALL_PATIENCE, next_step, overdue, successors
from sre_space.domain.diagnosis import Confidence, Diagnosis
from sre_space.domain.facts import (
    OWNER,
    PAYLOAD,
    Action,
    ActionResult,
    Conclusion,
    Confirmation,
    Decision,
    Detection,
    Fact,
    Learnt,
    Outcome,
    Payload,
    Recall,
    Step,
    Undo,
    Verification,
)
from sre_space.domain.labels import FIXED, INVESTIGATING, MITIGATING, NEEDS_HUMAN, labels
from sre_space.domain.remedies import Remedy, Restart, SetConfig, inverse
from sre_space.domain.symptoms import JourneyCount, Symptom, SymptomKind

REPO = "local/cloud-insurance"
COUNT = JourneyCount(30, 0, 0, 1)
DETECTION = Detection(
    "infrastructure/policy-service",
    (Symptom(SymptomKind.INFRASTRUCTURE, "policy-service", "no connection", 1.0, 0.5, 100),),
    {"policy-service": "out"},
    COUNT,
)
RESTART = Restart("policy-service", "1:1", "crash")
DIAGNOSIS = Diagnosis(Confidence.CONFIRMED, (), ())

SET = SetConfig("quote-service", "deploy/config/quote-service.env", "ATTEMPTS", "1", "5", "errors")
DECISION = Decision(DIAGNOSIS, RESTART, (), 10**12)
WAY_BACK = inverse(SET, "c0ffee")
assert WAY_BACK is not None
UNDONE = Undo(ActionResult.DONE, WAY_BACK, "5", "1", "")


def done(remedy: Remedy, result: ActionResult = ActionResult.DONE) -> Action:
    """Return the action of a remedy with this result, and with its inverse when it was done and has one."""
    way_back = inverse(remedy, "c0ffee") if result is ActionResult.DONE else None
    return Action(result, remedy, "", "", "none", (), "", way_back)


def verdict(outcome: Outcome) -> Verification:
    """Return a verification with this outcome."""
    return Verification(outcome, COUNT, 0.9, 1.0, 0, 5, "")


ANSWERS: dict[Step, list[Payload]] = {
    Step.RECALL: [Recall(())],
    Step.DECIDE: [DECISION],
    Step.ACT: [done(remedy, result) for remedy in (RESTART, SET) for result in ActionResult],
    Step.VERIFY: [verdict(outcome) for outcome in Outcome],
    Step.UNDO: [UNDONE, replace(UNDONE, result=ActionResult.FAILED)],
    Step.CONFIRM: [Confirmation(FIXED)],
    Step.CONCLUDE: [Conclusion(1.0, 2.0, "text")],
    Step.REMEMBER: [Learnt("lesson", 5)],
}
PAYLOADS: dict[Step, st.SearchStrategy[Payload]] = {step: st.sampled_from(all) for step, all in ANSWERS.items()}


def found(step: Step, payload: Payload, seq: int, prev: str, **changed: object) -> FoundFact:
    """Return a fact as read from the issue, signed by the agent that owns its step."""
    values: dict[str, object] = {
        "incident": "01INCIDENT", "repository": REPO, "issue": 0 if step is Step.DETECT else 7, "seq": seq,
        "prev": prev, "step": step, "attempt": 1, "at": seq * 10**9, "payload": payload,
    }  # fmt: skip
    values |= changed
    return FoundFact(seq, Fact(**values), f"digest{seq}", OWNER[step])  # type: ignore[arg-type]


def opened() -> Case:
    """Return a case that holds only its detection."""
    case = open_case(REPO, 7, True, found(Step.DETECT, DETECTION, 0, ""))
    assert case is not None
    return case


def extended(case: Case, step: Step, payload: Payload) -> Case:
    """Return the case with one more fact."""
    return accept(case, [found(step, payload, case.last.seq + 1, case.chain[-1].digest)])


def decided() -> Case:
    """Return a case with its first decision."""
    return extended(opened(), Step.DECIDE, DECISION)


@given(st.data())
def test_a_due_step_is_always_accepted_from_its_owner_and_from_nobody_else(data: st.DataObject) -> None:
    case = opened()
    for _ in range(12):
        step = next_step(case, case.last.at)
        if step is None:
            break
        fact = found(step, data.draw(PAYLOADS[step]), case.last.seq + 1, case.chain[-1].digest)
        for other in set(OWNER.values()) - {OWNER[step]}:
            forged = FoundFact(fact.place, fact.fact, fact.digest, other)
            assert len(accept(case, [forged]).chain) == len(case.chain)

        grown = accept(case, [fact])

        assert len(grown.chain) == len(case.chain) + 1
        case = grown


@given(st.data())
def test_every_story_that_recovers_ends_within_seven_more_steps(data: st.DataObject) -> None:
    case = opened()
    for _ in range(data.draw(st.integers(0, 12))):
        step = next_step(case, case.last.at)
        if step is None:
            break
        case = extended(case, step, data.draw(PAYLOADS[step]))
    best = {Step.ACT: Action(ActionResult.DONE, RESTART, "", "", "none", (), "")}
    best_verdict = Verification(Outcome.RECOVERED, COUNT, 0.9, 1.0, 0, 5, "")
    steps = 0
    while (step := next_step(case, case.last.at)) is not None:
        payload = best_verdict if step is Step.VERIFY else best.get(step) or data.draw(PAYLOADS[step])
        case, steps = extended(case, step, payload), steps + 1

    assert steps <= 7
    assert case.last.step is Step.REMEMBER


def test_every_step_but_the_first_can_be_reached() -> None:
    reached, frontier = set[Step](), [opened()]
    while frontier:
        case = frontier.pop()
        for step in successors(case) if len(case.chain) < 9 else ():
            reached.add(step)
            frontier += [extended(case, step, payload) for payload in ANSWERS[step]]

    assert reached == set(PAYLOAD) - {Step.DETECT}


def test_an_action_without_a_way_back_is_never_undone_and_one_with_it_only_once() -> None:
    for change, after in ((done(RESTART), Step.DECIDE), (done(SET), Step.UNDO)):
        case = decided()
        case = extended(extended(case, Step.ACT, change), Step.VERIFY, verdict(Outcome.NOT_RECOVERED))

        assert next_step(case, 0) is after
    undone = extended(extended(case, Step.UNDO, UNDONE), Step.VERIFY, verdict(Outcome.NOT_RECOVERED))
    assert next_step(undone, 0) is Step.DECIDE
    assert [trial.in_force for trial in undone.trials] == [False]


def test_what_improved_is_kept_and_the_rest_is_decided_anew() -> None:
    case = extended(extended(decided(), Step.ACT, done(SET)), Step.VERIFY, verdict(Outcome.IMPROVED))

    assert next_step(case, 0) is Step.DECIDE
    assert case.trials[0].helped


def test_what_cannot_be_told_is_looked_at_once_more_and_then_decided() -> None:
    case = extended(extended(decided(), Step.ACT, done(SET)), Step.VERIFY, verdict(Outcome.UNDECIDED))
    assert next_step(case, 0) is Step.VERIFY
    case = extended(case, Step.VERIFY, verdict(Outcome.UNDECIDED))

    assert next_step(case, 0) is Step.DECIDE


def _any(step: Step) -> Payload:
    return ANSWERS[step][0]


def test_brain_decides_alone_when_memory_is_silent_for_two_seconds() -> None:
    case = opened()

    assert next_step(case, RECALL_PATIENCE - 1) is Step.RECALL
    assert next_step(case, RECALL_PATIENCE) is Step.DECIDE
    assert extended(case, Step.DECIDE, _any(Step.DECIDE)).last.step is Step.DECIDE


def test_a_second_fact_for_the_same_step_is_void() -> None:
    case = extended(opened(), Step.RECALL, Recall(()))
    late = FoundFact(99, found(Step.DECIDE, _any(Step.DECIDE), 1, "digest0").fact, "other", "brain")

    case = accept(case, [late])

    assert case.last.step is Step.RECALL
    assert [void.reason for void in case.void] == ["a later duplicate"]
    assert not case.frozen_reason


def test_a_fact_that_follows_a_missing_link_freezes_the_case() -> None:
    case = accept(opened(), [found(Step.ACT, Action(ActionResult.DONE, RESTART, "", "", "", (), ""), 2, "digest1")])

    assert case.frozen_reason
    assert next_step(case, 10**18) is None
    assert NEEDS_HUMAN in labels(case)


def test_a_fact_signed_for_another_issue_repository_or_incident_is_void() -> None:
    for changed in ({"issue": 8}, {"repository": "stranger/fork"}, {"incident": "01OTHER"}):
        copied = found(Step.RECALL, Recall(()), 1, "digest0", **changed)

        case = accept(opened(), [copied])

        assert [void.reason for void in case.void] == ["signed for another issue"]


def test_an_unsigned_fact_is_void() -> None:
    fact = found(Step.RECALL, Recall(()), 1, "digest0")

    case = accept(opened(), [FoundFact(1, fact.fact, fact.digest, None)])

    assert [void.reason for void in case.void] == ["no valid signature"]


def test_an_issue_that_scout_did_not_open_is_no_case() -> None:
    opening = found(Step.DETECT, DETECTION, 0, "")

    assert open_case(REPO, 7, True, FoundFact(0, opening.fact, "d", "brain")) is None
    assert open_case(REPO, 7, True, FoundFact(0, opening.fact, "d", None)) is None
    assert open_case("other/repo", 7, True, opening) is None


def test_a_step_is_overdue_after_its_deadline_but_not_while_people_are_asked() -> None:
    case = extended(opened(), Step.DECIDE, _any(Step.DECIDE))
    asked = extended(case, Step.ACT, Action(ActionResult.ESCALATED, RESTART, "", "", "", (), ""))

    assert overdue(case, case.last.at + 11 * 10**9) is Step.ACT
    assert overdue(case, case.last.at + 9 * 10**9) is None
    assert overdue(asked, 10**15) is None


def test_a_closed_issue_is_left_alone() -> None:
    case = open_case(REPO, 7, False, found(Step.DETECT, DETECTION, 0, ""))

    assert case is not None
    assert next_step(case, 10**18) is None


def test_labels_follow_the_chain() -> None:
    case = opened()
    assert INVESTIGATING in labels(case)
    case = extended(case, Step.DECIDE, _any(Step.DECIDE))
    assert MITIGATING in labels(case)
    escalated = extended(case, Step.ACT, Action(ActionResult.ESCALATED, RESTART, "", "", "", (), ""))
    assert NEEDS_HUMAN in labels(escalated)
    verified = extended(escalated, Step.VERIFY, Verification(Outcome.RECOVERED, COUNT, 0.9, 1, 0, 5, ""))
    confirmed = extended(verified, Step.CONFIRM, Confirmation(FIXED))
    assert FIXED in labels(confirmed)
    assert NEEDS_HUMAN not in labels(confirmed)
