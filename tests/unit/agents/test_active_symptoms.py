"""A symptom stays one and the same while the spans that tell of it go on, whomever they accuse."""

from sre_space.agents.scout.active_symptoms import ActiveSymptoms
from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.statistics.sketch import Operation
from sre_space.domain.symptoms import Symptom, SymptomKind
from sre_space.domain.telemetry import SpanKind

ASK_USER = Operation("quote-service", SpanKind.CLIENT, "GET", "127.0.0.1:8003")
ASK_POLICY = Operation("quote-service", SpanKind.CLIENT, "POST", "127.0.0.1:8002")


def failing(service: str, watched: Operation | None, value: float = 0.5) -> FiredAlarm:
    """Spans of an operation that fail, and whom they accuse."""
    return FiredAlarm(Symptom(SymptomKind.ERROR, service, "", value, 0.01, 1), watched=watched)


def after(*looks: list[FiredAlarm]) -> ActiveSymptoms:
    """Return the active symptoms after these evaluations, which are a nanosecond apart and not damped."""
    active_symptoms = ActiveSymptoms()
    for now, found in enumerate(looks, 1):
        active_symptoms.remember(found, found, found, now)
    return active_symptoms


def test_an_accusation_that_moves_is_there_under_both_names_until_its_spans_are_well() -> None:
    looks = [failing("user-service", ASK_USER)], [failing("quote-service", ASK_USER, 0.2)]
    moved, well = after(*looks), after(*looks, [])

    assert moved.seen == ("error/quote-service", "error/user-service")
    assert moved.strength[SymptomKind.ERROR, "user-service"] == 0.2
    assert not well.seen
    assert well.gone_since(SymptomKind.ERROR, "user-service") == 2


def test_other_spans_of_the_same_service_do_not_keep_a_name_that_is_gone() -> None:
    assert after([failing("user-service", ASK_USER)], [failing("quote-service", ASK_POLICY)]).seen == (
        "error/quote-service",
    )


def test_what_was_over_does_not_come_back_under_the_name_before() -> None:
    again = after([failing("user-service", ASK_USER)], [], [failing("quote-service", ASK_USER)])

    assert again.seen == ("error/quote-service",)


def test_a_symptom_that_no_spans_tell_of_goes_by_its_name_alone() -> None:
    assert after([failing("user-service", None)], [failing("quote-service", None)]).seen == ("error/quote-service",)
