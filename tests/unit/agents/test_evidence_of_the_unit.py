"""What callers say of a service never restarts it; what the unit shows of itself may, for each kind of cause."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from support.clinic import NOW, WELL, Clinic, case, config

from sre_space.agents.brain.candidate_remedies import FITTING, Situation, candidate_remedies
from sre_space.agents.unit_evidence import PROBES, observe_unit
from sre_space.domain.diagnosis import Cause, CauseKind, Confidence, Diagnosis, Evidence
from sre_space.domain.health_check import HealthCheck
from sre_space.domain.remedies import Restart
from sre_space.domain.symptoms import SymptomKind
from sre_space.ports.probe import Health
from sre_space.ports.runtime import Unit

SAID = ("connection refused", "timed out", "FATAL: sorry, too many clients already", "429 Too Many Requests")
RESTARTABLE = (CauseKind.CRASH, CauseKind.HANG, CauseKind.SATURATION)
SILENT = Health(False, False, "no answer within 0.5 s", 0.5)
ILL = Health(False, True, "GET /health answered 503", 0.0)
RUNNING = Unit("tax", "running", "1:1", 1, 0, None)


def scene(kind: CauseKind, symptom: SymptomKind, unit: str, verdict: Confidence = Confidence.CONFIRMED) -> Situation:
    """Return a situation whose cause is at `tax` by its callers' errors; `unit` is what the unit itself shows."""
    evidence = tuple(
        Evidence(f"span:{n}", f"`POST` in price failed: 9 of 9; it said: {one}") for n, one in enumerate(SAID)
    )
    cause = Cause("tax", "", kind, 1.0, tuple(one.id for one in evidence))
    lives = dict.fromkeys(config().services, "1:1")
    return Situation(config(), case(symptom), Diagnosis(verdict, (cause,), evidence), lives, (), NOW, {}, unit=unit)


def restarts(found: Situation) -> list[Restart]:
    """Return the restarts among the candidate remedies."""
    return [one for one in candidate_remedies(found) if isinstance(one, Restart)]


@pytest.mark.parametrize("symptom", SymptomKind)
@pytest.mark.parametrize("kind", CauseKind)
def test_no_restart_is_a_candidate_on_what_callers_say(kind: CauseKind, symptom: SymptomKind) -> None:
    assert restarts(scene(kind, symptom, unit="")) == []


@pytest.mark.parametrize("kind", CauseKind)
def test_a_restart_is_a_candidate_on_the_units_own_evidence_where_it_fits(kind: CauseKind) -> None:
    found = restarts(scene(kind, SymptomKind.INFRASTRUCTURE, unit="the runtime says that tax has ended (exited)"))

    assert [one.service for one in found] == (["tax"] if kind in RESTARTABLE else [])
    assert {one for one, finds in FITTING.items() if any(find.__name__ == "_restart" for find in finds)} == set(
        RESTARTABLE
    )


def test_a_person_is_told_that_the_unit_itself_shows_nothing() -> None:
    (asked,) = candidate_remedies(scene(CauseKind.CRASH, SymptomKind.ERROR, unit=""))

    assert "tax itself shows nothing that justifies a restart" in asked.reason


@dataclass
class Answers:
    """A probe that gives these answers, the last one again and again."""

    left: list[Health]
    asked: int = 0
    urls: list[str] = field(default_factory=list)

    async def check(self, check: HealthCheck) -> Health:
        """Return the next answer; repeat the last one."""
        self.asked += 1
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


def shown(
    unit: Unit, answers: Sequence[Health], symptom: SymptomKind = SymptomKind.ERROR, limit: float = 0.1
) -> tuple[str, int]:
    """Return the evidence that a unit shows, and the number of probes sent to it."""
    probe = Answers(list(answers))
    found = asyncio.run(observe_unit(case(symptom, limit=limit), config().services["tax"], unit, probe, Clinic()))
    return found.reason, probe.asked


@pytest.mark.parametrize("state", ["exited", "stopped", "fatal"])
def test_the_runtimes_word_is_enough(state: str) -> None:
    assert "has ended" in shown(Unit("tax", state, "ended:1", None, 0, 1), [WELL])[0]  # type: ignore[arg-type]


def test_a_health_that_does_not_answer_is_enough_and_one_late_answer_is_not() -> None:
    assert shown(RUNNING, [SILENT]) == ("the health endpoint of tax does not answer: no answer within 0.5 s", PROBES)
    assert shown(RUNNING, [SILENT, WELL]) == ("", 2)
    assert shown(RUNNING, [SILENT], SymptomKind.INFRASTRUCTURE)[1] == 1  # Scout has seen three
    assert shown(RUNNING, [SILENT], SymptomKind.INFRASTRUCTURE, limit=0.0)[1] == PROBES  # it has the runtime's word


def test_a_unit_that_answers_or_was_started_just_now_shows_nothing() -> None:
    just_now = Unit("tax", "running", "2:2", 2, NOW - 10**9, None)

    assert shown(RUNNING, [WELL])[0] == shown(RUNNING, [ILL])[0] == shown(just_now, [SILENT])[0] == ""
