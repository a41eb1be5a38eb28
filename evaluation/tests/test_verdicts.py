"""How runs are counted."""

from sre_chaos.experiments import EXPERIMENTS
from sre_evaluation.verdicts import Opened, Trial, row, score
from sre_space.domain.symptoms import SymptomKind

SECOND = 10**9


def trial(name: str, *incidents: Opened) -> Trial:
    """Return a run that took effect at 100 s on the experiment's default service."""
    experiment = EXPERIMENTS[name]
    return Trial(experiment, experiment.default_service, 100 * SECOND, incidents)


def opened(seconds: float, service: str = "policy-service", kind: SymptomKind = SymptomKind.INFRASTRUCTURE) -> Opened:
    """Return an incident that was opened as many seconds after the effect."""
    return Opened(1, int((100 + seconds) * SECOND), kind, service)


def test_a_fault_seen_once_and_silence_on_controls_are_good() -> None:
    result = score([trial("kill", opened(0.6)), trial("busy-day")], [])

    assert str(result) == "detected 1/1, duplicates 0, false 0"
    assert result.good


def test_a_missed_fault_a_second_incident_and_an_incident_without_a_fault_are_not() -> None:
    missed = score([trial("kill")], [])
    doubled = score([trial("kill", opened(0.6), opened(3))], [])
    on_control = score([trial("busy-day", opened(5))], [])
    in_quiet = score([], [opened(5)])

    assert (missed.detected, missed.faults) == (0, 1)
    assert doubled.duplicates == 1
    assert (on_control.false, in_quiet.false) == (1, 1)
    assert not any(one.good for one in (missed, doubled, on_control, in_quiet))


def test_the_right_service_is_the_truths_or_nobody_when_the_journey_speaks() -> None:
    assert trial("kill", opened(1)).right_service
    assert not trial("kill", opened(1, "quote-service")).right_service
    assert trial("conversion", opened(9, "buy-insurance", SymptomKind.CONVERSION)).right_service
    assert not trial("kill").right_service


def test_a_row_tells_medians_and_intervals() -> None:
    told = row("kill", [trial("kill", opened(seconds)) for seconds in (0.5, 0.7, 0.6)])

    assert told["incidents in runs"] == "3/3"
    assert (told["median s"], told["p95 s"]) == ("0.6", "0.7")
    assert told["95 %"] == "44% to 100%"
    assert told["right service"] == "3/3"
