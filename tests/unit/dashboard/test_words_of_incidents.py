"""What the page says of an incident: for whom, one count a sentence, the cause's clue, the past once it is over."""

import re
from dataclasses import replace

import pytest
from support.dashboards import AFTER, CHAINS, CONFIG, JOURNEY, healthy, known, recorded, said
from support.recorded import case_of
from support.world import SECOND

from sre_space.dashboard.answers.base import State
from sre_space.dashboard.answers.incident import You
from sre_space.dashboard.reading.agents_line import agents_line
from sre_space.dashboard.reading.causes import why
from sre_space.dashboard.reading.fact_rows import Material
from sre_space.dashboard.reading.header import mode
from sre_space.dashboard.reading.incident import incident
from sre_space.dashboard.reading.known import Counted
from sre_space.dashboard.reading.loops import loop
from sre_space.dashboard.reading.said import infinitive, past
from sre_space.dashboard.reading.said import said as in_words
from sre_space.dashboard.reading.sentences import of_incident
from sre_space.dashboard.reading.stories import done, over
from sre_space.dashboard.reading.troubles import wrong
from sre_space.domain.case import Case
from sre_space.domain.detectors import VerificationReport
from sre_space.domain.facts import Decision
from sre_space.domain.remedies import RemedyKind

COUNT = re.compile(r"\d[\d,]* of \d[\d,]*")
EVERY = [name for name in CHAINS if name.startswith("issue")]
JARGON = ("PR SET", "PR REVERT", "RESTART ", "ESCALATE", "remedy of the chart", "all requests", "0.00%")


def after(name: str, comments: int) -> Case:
    """Return a recorded incident after its first comments, still open."""
    return case_of(CHAINS[name].after(comments))


def test_the_headline_says_for_whom_and_its_count_says_its_window() -> None:
    """The journey comes from the configuration."""
    told = wrong(after("issue-01", 1), known())

    assert told.text == f"policy-service does not answer: 68 of 68 attempts at {JOURNEY} failed within 10 s"
    assert told.detail == (
        "Since 00:48:44 UTC. No connection (ConnectError). Also: buy-insurance spends its error budget too fast."
    )


def test_without_a_declared_journey_requests_are_counted_and_nobody_is_named() -> None:
    config = replace(CONFIG, journeys=())

    told = wrong(after("issue-01", 1), known(config=config))

    assert told.text == "policy-service does not answer: 68 of 68 requests failed within 10 s"


def test_an_outage_that_nobody_felt_yet_says_so() -> None:
    told = wrong(after("issue-03", 1), known())

    assert told.text == f"policy-service does not answer: none of 55 attempts at {JOURNEY} failed within 10 s"


@pytest.mark.parametrize("name", EVERY)
def test_what_is_wrong_has_one_count(name: str) -> None:
    told = wrong(after(name, 1), known())

    assert len(COUNT.findall(told.text.replace("none of", "0 of"))) == 1 or "bad attempts in" in told.text
    assert not COUNT.search(told.detail)


def test_further_symptoms_are_named_each_once() -> None:
    told = wrong(after("issue-13", 1), known())

    assert told.detail.endswith(
        "Also: buy-insurance spends its error budget too fast and requests to quote-service fail."
    )


def test_why_does_not_repeat_that_the_service_fails_but_says_what_fails_in_it() -> None:
    told = why(after("issue-13", 2))

    assert told.text == "`INSERT INTO assessments` fails in policy-service"
    assert told.detail.startswith('it said "the quota of table assessments is used up"; CONFIRMED')


def test_why_says_how_a_process_ended_and_what_a_change_was_called() -> None:
    assert why(after("issue-01", 2)).detail.startswith("the runtime says exited (ended by a signal); CONFIRMED")
    assert why(after("issue-07", 3)).detail.startswith(
        'it came with commit 7437fcb3877e, "Online purchases up to 2500"'
    )


def test_a_suspicion_is_not_told_as_the_cause() -> None:
    told = why(after("issue-04", 2))

    assert told.text == "The cause was not found"
    assert "suspected, but not proven: quote-service waits for a slow statement (0.3 % of what failed)" in told.detail


@pytest.mark.parametrize("name", [name for name in EVERY if name != "issue-22"])
def test_what_is_over_is_told_in_the_past(name: str) -> None:
    case = recorded(name)

    told = " ".join((of_incident(known(), case).text, wrong(case, known()).text, why(case).text))

    assert not re.search(r"\b(does|fails|fail|takes|waits|are|is)\b", told), told


@pytest.mark.parametrize(
    ("name", "phase"), [("issue-01", "healed"), ("issue-04", "recovered"), ("issue-13", "recovered")]
)
def test_only_what_the_agents_changed_is_called_healed(name: str, phase: str) -> None:
    """In issue 4 nothing was done; in issue 13 both changes were undone, and a person helped."""
    case = recorded(name)

    view = incident(known(case), Material(case), You(name=None, may=False, why=""))

    assert (view.phase, view.sentence.title) == (phase, f"incident {case.issue}: {phase}")
    assert f" ago, {phase} after " in agents_line(known(case)).text


def test_each_moment_says_what_is_being_done() -> None:
    texts = [done(after("issue-01", count)).text for count in range(4)]

    assert texts == [
        "The agents look for the cause",
        "The agents look for the cause",
        "Fixer is about to restart policy-service",
        "Fixer restarted policy-service",
    ]
    assert done(recorded("issue-04")).text == "No change: it ended first"
    assert done(recorded("issue-20")).text == "Fixer did not set RISK_FALLBACK of quote-service: it ended first"


def test_a_change_is_shown_with_its_values_and_what_was_tried_before_it_is_counted() -> None:
    assert done(recorded("issue-07")).detail.startswith("ONLINE_PURCHASE_LIMIT_CENTS 2500 → 250000; pull request 8")
    undone = after("issue-13", 5)
    assert (done(undone).text, done(undone).detail) == (
        "Fixer set DOWNSTREAM_ATTEMPTS of quote-service, and undid it",
        "DOWNSTREAM_ATTEMPTS 1 → 5",
    )
    assert over(undone, known()).text == "No: the change made it worse"
    again = after("issue-13", 7)
    assert done(again).text == "Fixer is about to set RISK_FALLBACK of quote-service"
    assert done(again).detail.endswith("1 change before it did not help and was undone")


def test_a_plan_asks_a_person_and_an_escalation_calls_one() -> None:
    plan, called = recorded("waiting-plan"), recorded("issue-22")

    assert done(plan).text == "A person is asked: may Fixer restart user-service?"
    assert over(plan, known()).text == "No: it waits for a person"
    assert done(called).text == "A person was called"
    assert over(called, known()).text == "No: a person has to act"


@pytest.mark.parametrize("name", ["waiting-plan", "issue-22"])
def test_while_an_incident_waits_for_a_person_the_bar_says_so_and_not_autonomous(name: str) -> None:
    case = recorded(name)

    told = mode(known(case))

    assert (told.state, told.text) == (State.HELD, "waits for a person")
    assert mode(known()).text == "autonomous on 3 of 3"


def test_a_recovery_in_progress_has_one_count() -> None:
    case = after("issue-01", 3)
    counted = Counted(0, AFTER, 116, 0)
    told = over(case, known(case), (116, 0))
    verify = next(step for step in loop(case, known(case), counted).steps if step.step == "verify")
    assert verify.text == told.detail
    assert (told.text, told.detail) == ("Not yet: being measured", "116 good and 0 bad attempts since the action")

    report = replace(healthy(AFTER), verifying=(VerificationReport(case.incident, 12, 30),))
    told = over(case, known(case, report=said(AFTER, report)), (116, 0))
    assert told.detail == "12 of 30 good visits in a row"


@pytest.mark.parametrize("name", EVERY)
def test_nothing_is_said_in_code_names(name: str) -> None:
    """The exact command stands in the decision alone."""
    case = recorded(name)

    view = incident(known(case), Material(case), You(name=None, may=False, why=""))

    parts = (view.answers.wrong, view.answers.why, view.answers.done, view.answers.over)
    texts = [view.sentence.text, *(text for part in parts for text in (part.text, part.detail))]
    texts += [step.text for step in loop(case, known(case)).steps]
    texts += [fact.text for fact in view.facts if fact.step in ("detect", "decide", "act")]
    texts += [view.decision.reason, view.decision.way_back] if view.decision else []
    unquoted = re.sub(r'"[^"]*"', "", " ".join(texts))
    assert not [word for word in JARGON if word in unquoted]


def test_recorded_words_count_what_they_say() -> None:
    assert in_words("23 of 24 failed at `all requests`, usually 0.00%") == "23 of 24 requests failed, usually none"
    assert in_words("383 of 729 at `all requests` took over 770 ms") == "383 of 729 requests took over 770 ms"
    assert (
        in_words("tried: PR SET shop LIMIT_A, PR REVERT shop")
        == "tried: set LIMIT_A of shop, revert the change of shop"
    )


def test_each_remedy_is_said_as_a_deed() -> None:
    remedies = {
        one.remedy.kind: one.remedy for name in EVERY for one in recorded(name).payloads if isinstance(one, Decision)
    }

    assert infinitive(remedies[RemedyKind.RESTART]).startswith("restart ")
    assert past(remedies[RemedyKind.REVERT]) == "reverted the change of quote-service"
    assert past(remedies[RemedyKind.SET_CONFIG]).startswith("set ")
    assert past(remedies[RemedyKind.ESCALATE]) == "called a person"


def test_the_age_of_an_incident_is_its_first_symptom() -> None:
    case = after("issue-01", 1)

    assert of_incident(known(), case).since == case.detection.since * 1000 // SECOND
