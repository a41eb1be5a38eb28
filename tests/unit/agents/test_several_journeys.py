"""Several journeys, or none: whose attempts count, and which detectors there are."""

from dataclasses import replace

from support.world import World

from sre_space.agents.scout.journey_detectors import LATE_NS, JourneyDetectors, spent
from sre_space.agents.scout.journeys import Attempt, JourneyBook
from sre_space.agents.scout.reports import DetectorReports
from sre_space.domain.facts import Outcome, Verification
from sre_space.domain.journeys import ConversionSteps, Journey, Side, SpanSelector
from sre_space.domain.symptoms import SymptomKind
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


def test_a_journey_has_the_detectors_that_it_declares() -> None:
    both = JourneyDetectors(replace(ORDER, conversion=ConversionSteps("asked", "bought")))
    detectors = {"order": both, "browse": JourneyDetectors(BROWSE), "none": JourneyDetectors(replace(BROWSE, slo=None))}

    assert [(one.budget is None, one.conversion is None) for one in detectors.values()] == [
        (False, False), (False, True), (True, True),
    ]  # fmt: skip
    assert [len(list(one.reports(SECOND))) for one in detectors.values()] == [2, 1, 0]
    assert spent(detectors, SECOND) == {"order": 0, "browse": 0}


def test_a_conversion_of_two_steps_is_computed_from_good_attempts_of_one_visit() -> None:
    steps = ConversionSteps("GET /basket", "POST /order", topics=False)
    detectors, now = JourneyDetectors(replace(ORDER, conversion=steps)), 1000 * SECOND
    for number in range(10):
        detectors.take(Attempt(f"a{number}", f"{number}", now, True, "t", "GET /basket", 1, "order"), False)
        good = number < 4
        detectors.take(Attempt(f"b{number}", f"{number}", now + SECOND, good, "t", "POST /order", 1, "order"), False)
    until = now + 6 * SECOND + LATE_NS

    (cohort,) = detectors.cohorts.decided(until)

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
