"""Several journeys, or none: whose attempts count, and which detectors there are."""

from dataclasses import replace

from support.world import World

from sre_space.agents.scout.active_symptoms import ActiveSymptoms
from sre_space.agents.scout.conversion_detector import ConversionDetector
from sre_space.agents.scout.journey_indicators import LATE_NS, JourneyIndicators, spent
from sre_space.agents.scout.journeys import Attempt, JourneyBook
from sre_space.agents.scout.reports import DetectorReports
from sre_space.agents.scout.slo_detector import SloDetector
from sre_space.analysis.detection.cohorts import Cohort
from sre_space.domain.facts import Outcome, Verification
from sre_space.domain.journeys import ConversionSteps, Journey, Side, SpanSelector
from sre_space.domain.symptoms import Symptom, SymptomKind
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

SECOND = 10**9
ORDER = Journey("order", SpanSelector("shop", side=Side.SERVER), 0.999, visit="session")
BROWSE = Journey("browse", SpanSelector("web"), 0.99)


def span(id: str, service: str, at: int, status: SpanStatus = SpanStatus.UNSET) -> Span:
    """Return a root span that its service serves."""
    return Span(id, id, "", service, "GET /", SpanKind.SERVER, at, at + 1, status, "", {"session": "s"})


def test_each_journey_has_its_attempts_and_the_book_of_some_has_theirs_alone() -> None:
    book, now = JourneyBook((ORDER, BROWSE)), 1000 * SECOND
    first, second = book.add(span("1", "shop", now), now), book.add(span("2", "web", now, SpanStatus.ERROR), now)

    assert first is not None
    assert second is not None
    assert (first.of, first.journey, second.of, second.journey) == ("order", "s", "browse", "2")
    assert book.only((ORDER, BROWSE)) is book
    orders = book.only((ORDER,))
    assert (orders.count(0, now + 1).good, orders.count(0, now + 1).bad) == (1, 0)
    assert book.add(span("3", "cart", now), now) is None


def test_a_book_is_blind_when_its_own_journeys_are_not_heard_of() -> None:
    book, now = JourneyBook((ORDER, BROWSE)), 1000 * SECOND
    book.add(span("1", "shop", now), now)

    assert not book.blind(now)
    assert not book.only((ORDER,)).blind(now)
    assert book.only((BROWSE,)).blind(now)


def indicators() -> dict[str, JourneyIndicators]:
    """Return those of three journeys: one declares a promise and a conversion, one a promise, one neither."""
    both = JourneyIndicators(replace(ORDER, conversion=ConversionSteps("asked", "bought")))
    none = JourneyIndicators(replace(BROWSE, name="none", slo=None))
    return {"order": both, "browse": JourneyIndicators(BROWSE), "none": none}


def test_a_detector_watches_the_journeys_that_declare_what_it_needs() -> None:
    journeys, active = indicators(), ActiveSymptoms()
    detectors = (ConversionDetector(active, {}, journeys), SloDetector(active, {}, journeys))

    rows = [[report.subject for _, report in detector.rows(SECOND)] for detector in detectors]

    assert rows == [["order"], ["order", "browse"]]
    assert spent(journeys, SECOND) == {"order": 0, "browse": 0}


def test_a_conversion_is_known_once_its_own_journey_was_evaluated() -> None:
    journeys = indicators()
    other = replace(ORDER, name="rent", conversion=ConversionSteps("asked", "rented"))
    journeys["rent"] = JourneyIndicators(other)
    detector = ConversionDetector(ActiveSymptoms(), {}, journeys)
    lost = [Symptom(SymptomKind.CONVERSION, name, "", 0.2, 0.5, SECOND) for name in ("order", "rent", "gone")]
    answers = []
    for name in ("rent", "order"):
        conversion = journeys[name].conversion
        assert conversion is not None
        conversion.evaluate([Cohort(1, 20, 4)])
        answers.append([detector.is_evaluated(symptom) for symptom in lost])

    assert answers == [[False, True, False], [True, True, True]]
    assert ConversionDetector(ActiveSymptoms(), {}, {}).is_evaluated(lost[0])


def test_an_incident_of_a_conversion_is_recalled_by_its_own_journey() -> None:
    journeys = indicators()
    journeys["rent"] = JourneyIndicators(replace(ORDER, name="rent", conversion=ConversionSteps("asked", "rented")))
    detector = ConversionDetector(ActiveSymptoms(), {}, journeys)
    conversions = [one.conversion for one in journeys.values() if one.conversion is not None]

    detector.recall([Symptom(SymptomKind.CONVERSION, "rent", "", 0.2, 0.8, SECOND)])

    assert [(one.journey, one.in_incident, one.has_usual) for one in conversions] == [
        ("order", False, False), ("rent", True, True),
    ]  # fmt: skip


def test_both_journeys_burn_their_own_budgets() -> None:
    journeys, now = indicators(), 100_000 * SECOND
    detector = SloDetector(ActiveSymptoms(), {}, journeys)
    for name in ("order", "browse"):
        journeys[name].take(Attempt("a", "v", now - SECOND, True, "t", "GET /", 1, name), False)
        budget = journeys[name].budget
        assert budget is not None
        budget.add(now - SECOND, 0, 50 if name == "browse" else 1)

    assert [alarm.symptom.service for alarm in detector.alarms(now, ())] == ["browse"]


def test_a_conversion_of_two_steps_is_computed_from_good_attempts_of_one_visit() -> None:
    steps = ConversionSteps("GET /basket", "POST /order", topics=False)
    journey, now = JourneyIndicators(replace(ORDER, conversion=steps)), 1000 * SECOND
    for number in range(10):
        journey.take(Attempt(f"a{number}", f"{number}", now, True, "t", "GET /basket", 1, "order"), False)
        good = number < 4
        journey.take(Attempt(f"b{number}", f"{number}", now + SECOND, good, "t", "POST /order", 1, "order"), False)
    until = now + 6 * SECOND + LATE_NS

    (cohort,) = journey.cohorts.decided(until)

    assert (cohort.asked, cohort.bought) == (10, 4)


class Served(World):
    """A world whose visits are seen from the side of the service that serves them."""

    def _visit(self, now: int) -> Span:
        return replace(super()._visit(now), service="quote-service", kind=SpanKind.SERVER)


async def test_a_journey_that_is_seen_from_the_servers_side_verifies_too() -> None:
    journey = Journey("quotes", SpanSelector("quote-service", ("journey quote",), Side.SERVER), 0.999)
    world = Served(configured=replace(World().config, journeys=(journey,)))
    world.dead = {"policy-service"}

    case = await world.play(await world.detect())

    assert case.recovered
    assert case.detection.journey.bad


async def test_without_journeys_a_repair_is_verified_by_the_services_own_requests() -> None:
    plain = World().config
    world = Served(configured=replace(plain, journeys=()))
    world.dead = {"policy-service"}
    assert not world.detectors.journeys

    case = await world.play(await world.detect())

    verdict = case.latest(Verification)
    assert case.recovered
    assert verdict is not None
    assert verdict.outcome is Outcome.RECOVERED
    assert verdict.journey.good >= 30
    kinds = {report.kind for report in DetectorReports(world.detectors).at(world.clock.now()).detectors}
    assert SymptomKind.INFRASTRUCTURE in kinds
    assert not kinds & {SymptomKind.SLO, SymptomKind.CONVERSION}
