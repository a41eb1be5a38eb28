"""The sentence of each view is composed from facts, and says nothing to be well that is not known."""

from dataclasses import replace

import pytest
from support.dashboards import AFTER, CHAINS, JOURNEY, SERVICES, healthy, known, recorded, said
from support.recorded import case_of
from support.world import SECOND

from sre_space.dashboard.answers.base import Sentence, State
from sre_space.dashboard.reading.known import Counted, Heard, Known
from sre_space.dashboard.reading.now import now
from sre_space.dashboard.reading.sentences import of_incident
from sre_space.domain.detectors import DetectorReport, DetectorState, VerificationReport
from sre_space.domain.holds import ALL, Hold
from sre_space.domain.symptoms import SymptomKind


def sentence(one: Known, counted: dict[int, Counted] | None = None) -> Sentence:
    return now(one, {}, counted or {}).sentence


def test_all_is_well_with_how_many_of_how_many() -> None:
    told = sentence(known())

    assert told.state is State.WELL
    assert told.text == f"{JOURNEY} is well: 99.97 % of 18,204 attempts in the last hour."
    assert told.cites[0].text.startswith("Scout's report of ")


def test_without_a_report_nothing_is_well() -> None:
    told = sentence(known(report=None))

    assert (told.state, told.text) == (State.UNKNOWN, "Scout has sent no report yet.")
    assert "does not mean that it is well" in told.detail


@pytest.mark.parametrize(("seconds", "words"), [(-12, "Nothing was heard from Scout for 12 s"), (3600, "60 min ahead")])
def test_a_report_of_another_time_says_nothing_about_now(seconds: int, words: str) -> None:
    """It is old, or its clock is wrong: in both cases nothing is judged by it."""
    view = now(known(report=said(AFTER + seconds * SECOND)), {}, {})

    assert view.sentence.state is State.UNKNOWN
    assert words in view.sentence.text
    assert {row.state for row in view.journeys} | {row.state for row in view.services} == {State.UNKNOWN}
    assert all(row.rate is None for row in view.services)


def test_blind_is_said_with_its_reason_and_is_not_sick() -> None:
    blind = DetectorReport(SymptomKind.CONVERSION, JOURNEY, DetectorState.BLIND, why="no span for 12 s")
    told = sentence(known(report=said(AFTER, healthy(AFTER, blind), blind=True)))

    assert (told.state, told.title) == (State.BLIND, "BLIND")
    assert told.text == "Scout is blind: no span for 12 s."


def test_unknown_and_learning_are_said_as_what_they_are() -> None:
    unknown = DetectorReport(SymptomKind.CONVERSION, JOURNEY, DetectorState.UNKNOWN, why="no customer has asked yet")
    learning = replace(unknown, state=DetectorState.LEARNING, why="100 of 150 s learnt")

    assert sentence(known(report=said(AFTER, healthy(AFTER, unknown)))).state is State.UNKNOWN
    told = sentence(known(report=said(AFTER, healthy(AFTER, learning))))
    assert (told.state, told.text) == (State.LEARNING, "Learning what is usual: 100 of 150 s learnt.")


def test_an_alarm_without_an_incident_yet_is_named() -> None:
    since = AFTER - 4 * SECOND
    down = DetectorReport(SymptomKind.INFRASTRUCTURE, SERVICES[0], DetectorState.FIRING, since=since, why="refused")
    view = now(known(report=said(AFTER, healthy(AFTER, down))), {}, {})

    assert view.sentence.state is State.FAILING
    assert view.sentence.text == f"{SERVICES[0]} does not answer: refused, for 4.0 s."
    assert view.sentence.detail.startswith(f"Customers of {JOURNEY} need it. 1 detector fires")
    assert view.services[0].name == SERVICES[0]
    assert view.services[0].detector is not None


def test_halted_and_held_are_said_and_by_whom() -> None:
    hold = Hold(frozenset({ALL}), AFTER, AFTER + 600 * SECOND, "disks", "operator:ada", "issue 9", 9)

    assert sentence(known(halted=True)).state is State.HALTED
    told = sentence(known(holds=[hold]))
    assert told.state is State.HELD
    assert "by ada" in told.text
    assert sentence(known(halted=None)).state is State.UNKNOWN


def test_a_record_that_does_not_answer_is_said_beside_what_is_known() -> None:
    told = sentence(known(record=Heard(AFTER - 9 * SECOND, "the forge does not answer")))

    assert told.state is State.WELL
    assert told.detail == "The record does not answer: the forge does not answer."


def test_an_incident_tells_what_why_done_and_over_and_cites_its_facts() -> None:
    told = of_incident(known(), recorded("issue-01"))

    assert told.state is State.WELL
    assert told.text == f"policy-service crashed. Over: {JOURNEY} recovered after 21 s."
    assert "CONFIRMED" in told.detail
    assert "From the first symptom until then 86 failed" in told.detail
    assert {cite.seq for cite in told.cites} == {fact.fact.seq for fact in recorded("issue-01").chain} & {
        cite.seq for cite in told.cites
    }


def test_an_open_incident_is_the_sentence_of_now_with_the_attempts_since_the_action() -> None:
    case = case_of(CHAINS["issue-01"].after(3))
    told = sentence(known(case), {case.issue: Counted(0, 0, 12, 1)})

    assert (told.state, told.incident) == (State.ACTING, case.issue)
    assert told.text == f"policy-service does not answer: 68 of 68 attempts at {JOURNEY} failed within 10 s."
    assert "12 good and 1 bad attempts since the action" in told.detail


def test_a_verification_tells_its_good_visits_in_a_row() -> None:
    case = case_of(CHAINS["issue-01"].after(3))
    report = replace(healthy(AFTER), verifying=(VerificationReport(case.incident, 12, 30),))
    view = now(known(case, report=said(AFTER, report)), {}, {})

    assert "12 of 30 good visits in a row" in view.sentence.detail
    verify = next(step for step in view.loops[0].steps if step.step == "verify")
    assert (verify.state, verify.text) == ("doing", "12 of 30 good visits in a row")


@pytest.mark.parametrize("name", [name for name in CHAINS if name.startswith("issue")])
@pytest.mark.parametrize("comments", range(4))
def test_every_moment_of_every_recorded_incident_has_a_sentence(name: str, comments: int) -> None:
    case = case_of(CHAINS[name].after(min(comments, len(CHAINS[name].comments))))
    told = of_incident(known(case), case)

    assert told.text.endswith(".")
    assert told.state is not State.WELL or case.recovered
    assert "None" not in told.text + told.detail
