"""Scout's health detector and journey book, on virtual time."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.world import World

from sre_space.agents.scout.health import FAILURES_TO_FIRE, FAILURES_TO_FIRE_UNSEEN, ServiceHealth
from sre_space.agents.scout.journeys import JourneyBook
from sre_space.analysis.detection.saturation import Resource
from sre_space.analysis.detection.telemetry_health import Feed
from sre_space.analysis.statistics.effect import Effect, effect, effect_on_speed
from sre_space.domain.journeys import Journey, SpanSelector
from sre_space.domain.symptoms import JourneyCount, Symptom, SymptomKind
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus
from sre_space.ports.probe import Health

SECOND = 10**9
GOOD = Health(True, True, "200", 0.01)
BAD = Health(False, False, "no connection", 0.0)
STEPS = ("journey quote", "journey purchase")
JOURNEY = Journey("buy-insurance", SpanSelector("traffic", STEPS), 0.999, visit="journey.id")


def probed(*answers: Health) -> ServiceHealth:
    """Return the health of policy-service after these probe answers, four a second."""
    health = ServiceHealth("policy-service")
    for number, answer in enumerate(answers):
        health.update(answer, number * SECOND // 4)
    return health


def attempt(number: int, start: int, good: bool = True, **changed: object) -> Span:
    """Return a root span of the traffic."""
    values: dict[str, object] = {
        "trace_id": f"t{number}", "span_id": f"s{number}", "parent_id": "", "service": "traffic",
        "name": "journey quote", "kind": SpanKind.INTERNAL, "start": start, "end": start + 5,
        "status": SpanStatus.UNSET if good else SpanStatus.ERROR, "attributes": {"journey.id": f"j{number}"},
    }  # fmt: skip
    return Span(**(values | changed))  # type: ignore[arg-type]


def test_a_service_fires_after_three_failed_probes_in_a_row() -> None:
    assert not probed(GOOD, *[BAD] * (FAILURES_TO_FIRE - 1)).firing
    assert probed(GOOD, *[BAD] * FAILURES_TO_FIRE).firing


def test_one_lost_probe_is_forgiven() -> None:
    assert not probed(GOOD, BAD, BAD, GOOD, BAD, BAD).firing


def test_a_service_that_was_never_seen_healthy_may_still_be_starting() -> None:
    assert not probed(*[BAD] * (FAILURES_TO_FIRE_UNSEEN - 1)).firing
    assert probed(*[BAD] * FAILURES_TO_FIRE_UNSEEN).firing


def test_two_good_probes_end_an_outage_and_date_it() -> None:
    health = probed(GOOD, BAD, BAD, BAD, GOOD)
    fired = health.firing
    health.update(GOOD, 5 * SECOND // 4)

    assert (fired, health.firing) == (True, False)
    assert health.healthy_since == SECOND


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_firing_means_three_failures_without_two_successes_since(answers: list[bool]) -> None:
    health = probed(GOOD, *[GOOD if answer else BAD for answer in answers])
    word = "".join("g" if answer else "b" for answer in answers)
    after_clear = word[word.rfind("gg") + 2 :] if "gg" in word else word
    if word.startswith("g") and "gg" not in word:
        after_clear = word[1:]

    assert health.firing == ("bbb" in after_clear)


def test_attempts_are_counted_once_however_often_they_are_delivered() -> None:
    book = JourneyBook((JOURNEY,))
    for _ in range(3):
        book.add(attempt(1, 10), 20)
        book.add(attempt(2, 11, good=False), 20)

    count = book.count(0, 100)

    assert (count.good, count.bad) == (1, 1)


def test_spans_of_others_are_no_attempts() -> None:
    book = JourneyBook((JOURNEY,))
    book.add(attempt(1, 10, service="quote-service"), 20)
    book.add(attempt(2, 10, name="GET /quotes"), 20)
    book.add(attempt(3, 10, parent_id="p"), 20)

    assert not book.attempts


def test_good_visits_are_those_begun_after_the_last_bad_attempt() -> None:
    book = JourneyBook((JOURNEY,))
    for number in range(10):
        book.add(attempt(number, number * SECOND, good=number != 4), 10 * SECOND)

    assert book.good_visits(SECOND) == (5, 4 * SECOND + 1)
    assert book.good_visits(6 * SECOND) == (4, 6 * SECOND)


def test_a_visit_that_began_before_the_effect_does_not_count() -> None:
    book = JourneyBook((JOURNEY,))
    book.add(attempt(1, 1 * SECOND), 10 * SECOND)
    book.add(attempt(2, 5 * SECOND, attributes={"journey.id": "j1"}), 10 * SECOND)

    assert book.good_visits(3 * SECOND)[0] == 0


def test_a_book_that_hears_nothing_is_blind() -> None:
    book = JourneyBook((JOURNEY,))
    assert book.blind(5 * SECOND)
    book.add(attempt(1, 10), SECOND)

    assert not book.blind(3 * SECOND)
    assert book.blind(5 * SECOND)


def heard_at(times_s: Iterable[float]) -> JourneyBook:
    """Return a book of attempts that arrived at these seconds."""
    book = JourneyBook((JOURNEY,))
    for number, at in enumerate(times_s):
        book.add(attempt(number, int(at * SECOND)), int(at * SECOND))
    return book


def seconds_to_blind(book: JourneyBook) -> int:
    """Return after how many whole seconds without an attempt the book is blind."""
    last = book.attempts[-1].heard
    return next(seconds for seconds in range(10_000) if book.blind(last + seconds * SECOND))


@pytest.mark.parametrize(
    ("times_s", "seconds"),
    [
        ([number / 4 for number in range(2000)], 4),
        ([number * 10.0 for number in range(80)], 61),
        ([number * 60.0 for number in range(14)], 361),
        ([minute * 60.0 + number / 100 for minute in range(14) for number in range(100)], 355),  # bursts each minute
        ([0.0, 400.0, 800.0], 901),  # no longer than what is kept
    ],
)
def test_a_book_is_blind_after_much_longer_than_usual_without_an_attempt(times_s: list[float], seconds: int) -> None:
    assert seconds_to_blind(heard_at(times_s)) == seconds


def test_customers_that_come_by_chance_make_no_book_blind_between_them() -> None:
    chance, at, times_s = random.Random(3), 0.0, []
    for _ in range(3000):
        at += chance.expovariate(1 / 20)
        times_s.append(at)
    book, blind = JourneyBook((JOURNEY,)), 0
    for number, arrival in enumerate(times_s):
        now = int(arrival * SECOND)
        blind += number > 30 and book.blind(now)
        book.add(attempt(number, now), now)

    assert blind <= 3


def test_a_time_without_telemetry_is_not_taken_for_usual() -> None:
    before, after = [number / 4 for number in range(1200)], [400 + number / 4 for number in range(400)]

    assert seconds_to_blind(heard_at([*before, *after])) == 4


def test_spans_that_are_sent_by_the_batch_blind_no_book_between_two_batches() -> None:
    book = JourneyBook((JOURNEY,))
    for number in range(400):
        arrival = (number // 20 + 1) * 5 * SECOND
        book.add(attempt(number, number * SECOND // 4), arrival)

    assert seconds_to_blind(book) == 31


async def test_without_telemetry_only_what_probes_show_becomes_an_incident() -> None:
    world = World()
    memory = Resource("user-service", "memory", 100.0)
    for _ in range(60):
        world.detectors.take_level(memory, world.clock.now(), 99.0)
        await world.clock.sleep(0.5)
    now = world.clock.now()
    assert [group.key for group in world.detectors.evaluate(now)] == ["saturation/user-service"]

    world.dead = {"policy-service"}
    for _ in range(10):
        await world.clock.sleep(0.25)
    world.detectors.spans = Feed("otlp_spans", now, now - 60 * SECOND)

    groups = world.detectors.evaluate(world.clock.now())

    assert world.detectors.telemetry.blind
    assert [group.key for group in groups] == ["infrastructure/policy-service"]


@given(st.integers(1, 5000))
def test_memory_is_bounded_by_time(count: int) -> None:
    book = JourneyBook((JOURNEY,))
    for number in range(count):
        book.add(attempt(number, number * SECOND), number * SECOND)

    assert len(book.attempts) <= 900 + 1000
    assert len(book.seen) <= 900 + 1000 + 1


def test_what_is_usual_is_learnt_from_good_attempts_outside_of_incidents() -> None:
    book = JourneyBook((JOURNEY,))
    for number in range(30):
        slow = 10 <= number < 25  # of an incident
        span = attempt(number, number * SECOND, end=number * SECOND + (900 if slow else 9) * SECOND // 1000)
        book.add(span, span.end)

    def inhibited(at: int) -> bool:
        return 10 * SECOND <= at < 25 * SECOND

    usual = book.usual(0, 30 * SECOND, inhibited)

    assert usual == {"journey quote": 9 * SECOND // 1000}
    assert (book.count_quick(0, 30 * SECOND, usual).good, book.count_quick(0, 30 * SECOND, usual).bad) == (15, 15)
    assert book.count_quick(0, 30 * SECOND, {}).bad == 0


def test_a_visit_counts_where_it_began() -> None:
    book = JourneyBook((JOURNEY,))
    for number, (visit, start, good) in enumerate(
        [("a", 10, True), ("b", 20, False), ("a", 21, True), ("b", 30, True)]
    ):
        book.add(attempt(number, start, good, attributes={"journey.id": visit}), 40)

    before, during, later = book.count(15, 30), book.count_visits(15, 30), book.count_visits(15, 31)

    assert (before.good, before.bad) == (1, 1)  # one bought what was priced before
    assert (during.good, during.bad) == (0, 1)
    assert (later.good, later.bad) == (1, 1)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((50, 50), (0, 100), Effect.WORSE),
        ((95, 5), (70, 30), Effect.WORSE),
        ((9, 91), (0, 132), Effect.SAME),  # surely fewer, and not a tenth of all
        ((0, 20), (195, 5), Effect.BETTER),
        ((940, 60), (990, 10), Effect.BETTER),
        ((50, 50), (45, 55), Effect.SAME),
        ((0, 0), (0, 100), Effect.SAME),
    ],
)
def test_an_action_is_better_or_worse_when_chance_does_not_explain_it(
    before: tuple[int, int], after: tuple[int, int], expected: Effect
) -> None:
    assert effect(JourneyCount(*before, 0, 1), JourneyCount(*after, 1, 2)) is expected


def visited(book: JourneyBook, at: int, quotes: tuple[int, int], purchases: tuple[int, int]) -> None:
    """So many quick and slow attempts of each step from a Unix second on."""
    for step, (quick, slow) in (("journey quote", quotes), ("journey purchase", purchases)):
        for number in range(quick + slow):
            start, took = at * SECOND + number, SECOND // 50 if number < quick else SECOND // 2
            id = f"{at}-{step}-{number}"
            span = attempt(0, start, name=step, end=start + took, span_id=id, attributes={"journey.id": id})
            book.add(span, at * SECOND)


@pytest.mark.parametrize(
    ("purchases", "expected"),
    [
        ((14, 61), Effect.BETTER),  # as recorded of a slow query: who is quoted again goes on to a slow purchase
        ((0, 75), Effect.SAME),  # surely fewer are quick: quotes do not make up for it
    ],
)
def test_where_the_whole_says_nothing_a_step_that_is_quick_again_does_unless_another_became_slow(
    purchases: tuple[int, int], expected: Effect
) -> None:
    book = JourneyBook((JOURNEY,))
    visited(book, 10, (7, 11), (5, 5))
    visited(book, 20, (76, 9), purchases)
    usual = dict.fromkeys(JOURNEY.spans.names, SECOND // 50)
    before, after = (10 * SECOND, 11 * SECOND), (20 * SECOND, 21 * SECOND)

    assert effect(book.count_quick(*before, usual), book.count_quick(*after, usual)) is Effect.SAME
    assert effect_on_speed(book.numbers(*before, usual).quick, book.numbers(*after, usual).quick) is expected


def test_a_symptom_that_is_over_ended_when_its_detector_saw_it_last_and_not_when_the_hold_was_over() -> None:
    detectors, full = World().detectors, Symptom(SymptomKind.SATURATION, "policy-service", "", 0.95, 0.9, 0)
    memory = Resource("policy-service", "memory", 100.0)
    start = detectors.active_symptoms.evaluated_at
    seen: list[int] = []
    for tick in range(1, 41):
        at = start + tick * SECOND // 2
        if tick == 12:
            detectors.restarted("policy-service", at)
        detectors.spans = Feed("otlp_spans", at, at)
        detectors.take_level(memory, at, 95.0 if tick < 12 else 20.0)
        detectors.evaluate(at)
        seen += [tick] if "saturation/policy-service" in detectors.active_symptoms.seen else []

    last = start + 11 * SECOND // 2
    assert seen == list(range(7, 22))  # from three seconds on, and five more than it lasted
    assert detectors.active_symptoms.gone_since(full) == last


async def test_an_incident_that_is_opened_while_the_forge_lists_the_others_is_not_over() -> None:
    """Else what it causes has an incident of its own, and its failed visits burn the error budget."""

    world = World()
    world.dead = {"policy-service"}
    open_incidents = world.detectors.open_incidents
    before = await world.incidents.open_cases()
    await world.forge.close_issue(await world.detect())
    now = world.clock.now()

    open_incidents.refresh(before, now)
    assert open_incidents.open
    assert open_incidents.inhibitions.excuse(now)
    open_incidents.refresh(await world.incidents.open_cases(), now)
    assert not open_incidents.open
