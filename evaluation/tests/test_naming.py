"""How diagnoses are counted."""

from sre_chaos.experiments import EXPERIMENTS
from sre_evaluation.naming import Named, Reading, row, score
from sre_space.domain.diagnosis import Cause, CauseKind, Confidence, Diagnosis

CAUSE = Cause("policy-service", "", CauseKind.CRASH, 1.0, ())


def named(
    experiment: str,
    verdict: Confidence = Confidence.CONFIRMED,
    *causes: Cause,
    direct: Confidence | None = None,
) -> Named:
    """Return a trial with one diagnosis; without causes, with none."""
    readings = (Reading(1, Diagnosis(verdict, causes, ()), 0.5),) if causes else ()
    return Named(EXPERIMENTS[experiment], EXPERIMENTS[experiment].default_service, readings, direct)


def test_right_services_and_kinds_and_quiet_controls_are_good() -> None:
    result = score([named("kill", Confidence.CONFIRMED, CAUSE), named("busy-day", direct=Confidence.INCONCLUSIVE)])

    assert str(result) == "service 1/1, kind 1/1, controls 1/1 inconclusive"
    assert result.good


def test_a_wrong_kind_a_wrong_service_doubt_and_silence_do_not_count() -> None:
    hang = named("hang", Confidence.CONFIRMED, CAUSE)
    other = named("errors", Confidence.CONFIRMED, Cause("user-service", "", CauseKind.ERROR, 1.0, ()))
    doubt = named("kill", Confidence.INCONCLUSIVE, CAUSE)

    result = score([hang, other, doubt, named("kill")])

    assert (result.service, result.kind, result.faults) == (1, 0, 4)
    assert not result.good


def test_an_accusation_on_a_control_is_never_good_wherever_it_was_made() -> None:
    on_issue = named("busy-day", Confidence.LIKELY, CAUSE, direct=Confidence.INCONCLUSIVE)
    by_engine = named("busy-day", direct=Confidence.LIKELY)

    assert not on_issue.inconclusive
    assert not by_engine.inconclusive
    assert not score([by_engine]).good
    assert named("busy-day", Confidence.INCONCLUSIVE, CAUSE, direct=Confidence.INCONCLUSIVE).inconclusive


def test_a_row_tells_counts_intervals_and_the_median() -> None:
    told = row("kill", [named("kill", Confidence.CONFIRMED, CAUSE) for _ in range(3)])

    assert (told["service @1"], told["kind @1"], told["median s"]) == ("3/3", "3/3", "0.50")
    assert told["95 %"] == "44% to 100%"
    assert told["named"] == "CONFIRMED policy-service crash"
