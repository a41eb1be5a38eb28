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
    detector = SymptomKind.ERROR.of(watched.service, watched.label) if watched else ""
    return FiredAlarm(Symptom(SymptomKind.ERROR, service, "", value, 0.01, 1, detector), watched=watched)


USER, POLICY = (SymptomKind.ERROR.of("quote-service", operation.label) for operation in (ASK_USER, ASK_POLICY))
OLD = Symptom(SymptomKind.ERROR, "user-service", "", 0.5, 0.01, 1)  # as facts of 0.1.0 name it


def after(*looks: list[FiredAlarm]) -> ActiveSymptoms:
    """Return the active symptoms after these evaluations, which are a nanosecond apart and not damped."""
    active_symptoms = ActiveSymptoms()
    for now, found in enumerate(looks, 1):
        active_symptoms.remember(found, found, found, now)
    return active_symptoms


def test_an_accusation_that_moves_is_there_under_both_names_until_its_spans_are_well() -> None:
    looks = [failing("user-service", ASK_USER)], [failing("quote-service", ASK_USER, 0.2)]
    moved, well = after(*looks), after(*looks, [])

    assert moved.seen == ("error/quote-service", USER, "error/user-service")
    for symptom in (OLD, failing("user-service", ASK_USER).symptom):
        assert moved.strength_of(symptom) == 0.2
        assert moved.gone_since(symptom) == well.gone_since(symptom) == 2
    assert not well.seen


def test_other_spans_of_the_same_service_do_not_keep_a_name_that_is_gone() -> None:
    assert after([failing("user-service", ASK_USER)], [failing("quote-service", ASK_POLICY)]).seen == (
        "error/quote-service",
        POLICY,
    )


def test_what_was_over_does_not_come_back_under_the_name_before() -> None:
    again = after([failing("user-service", ASK_USER)], [], [failing("quote-service", ASK_USER)])

    assert again.seen == ("error/quote-service", USER)


def test_a_symptom_that_no_spans_tell_of_goes_by_its_name_alone() -> None:
    assert after([failing("user-service", None)], [failing("quote-service", None)]).seen == ("error/quote-service",)
