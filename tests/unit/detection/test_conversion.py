"""Conversion: matured cohorts only, two alarms, and nothing said when nobody asks."""

from hypothesis import given
from hypothesis import strategies as st

from sre_space.analysis.detection.cohorts import Cohort, Cohorts
from sre_space.analysis.detection.conversion import Conversion, Known
from sre_space.analysis.detection.inhibition import Inhibition, Source
from sre_space.analysis.detection.share_alarm import SILENCE_NS

SECOND = 10**9
BEGIN = 1_700_000_000
DECIDES = 5 * SECOND


def decided(cohorts: Cohorts, until: int) -> list[tuple[int, int, int]]:
    return [(one.second, one.asked, one.bought) for one in cohorts.decided(until)]


def steady(
    conversion: Conversion, begin: int, seconds: int, asked: int, bought: int, *windows: Inhibition
) -> Conversion:
    conversion.evaluate((Cohort(second, asked, bought) for second in range(begin, begin + seconds)), windows)
    return conversion


def learnt() -> Conversion:
    return steady(Conversion("buy"), BEGIN, 120, 10, 9)


def test_a_cohort_is_told_once_and_not_before_it_had_time_to_decide() -> None:
    cohorts = Cohorts(DECIDES)
    cohorts.ask("a", 10 * SECOND)
    cohorts.ask("b", 10 * SECOND + 1)
    cohorts.buy("b", 12 * SECOND)

    assert decided(cohorts, 16 * SECOND - 1) == []
    assert decided(cohorts, 16 * SECOND) == [(10, 2, 1)]
    cohorts.ask("late", 10 * SECOND)
    assert decided(cohorts, 99 * SECOND) == []


def test_a_purchase_that_comes_too_late_or_twice_does_not_count_more() -> None:
    cohorts = Cohorts(DECIDES)
    for id, at in (("slow", DECIDES + 1), ("twice", 1), ("twice", 3), ("stranger", 2)):
        cohorts.ask("slow", 0)
        cohorts.ask("twice", 0)
        cohorts.buy(id, at)

    assert decided(cohorts, 6 * SECOND) == [(0, 2, 1)]


@given(st.permutations([("ask", "a", 0), ("ask", "b", 1), ("buy", "a", 2), ("buy", "b", 3), ("ask", "c", 4)]))
def test_events_may_come_in_any_order(events: list[tuple[str, str, int]]) -> None:
    cohorts = Cohorts(DECIDES)
    for kind, id, at in events:
        (cohorts.ask if kind == "ask" else cohorts.buy)(id, at)

    assert decided(cohorts, 99 * SECOND) == [(0, 3, 2)]


@given(st.lists(st.integers(0, 40), max_size=80), st.integers(1, 5))
def test_everybody_who_asked_is_in_exactly_one_cohort_and_nothing_is_kept(seconds: list[int], every: int) -> None:
    cohorts, told = Cohorts(DECIDES), 0
    for number, second in enumerate(sorted(seconds)):
        cohorts.ask(str(number), second * SECOND)
        cohorts.buy(str(number), second * SECOND + 1)
        if number % every == 0:
            told += sum(one.asked for one in cohorts.decided(second * SECOND))
    told += sum(one.asked for one in cohorts.decided(100 * SECOND))

    assert told == len(seconds)
    assert cohorts.asked == cohorts.bought == {}


def test_a_bus_that_lags_delays_cohorts_instead_of_losing_their_purchases() -> None:
    cohorts = Cohorts(DECIDES)
    cohorts.ask("a", 0)
    assert decided(cohorts, 2 * SECOND) == []  # an hour later, but both topics are known until 2 s only
    cohorts.buy("a", 3 * SECOND)

    assert decided(cohorts, 10 * SECOND) == [(0, 1, 1)]


def test_conversion_is_unknown_without_attempts_learning_at_first_and_then_usual() -> None:
    conversion = Conversion("buy")
    assert conversion.known(BEGIN * SECOND) is Known.UNKNOWN
    steady(conversion, BEGIN, 10, 10, 9)
    assert conversion.known((BEGIN + 10) * SECOND) is Known.LEARNING
    steady(conversion, BEGIN + 10, 110, 10, 9)
    assert conversion.known((BEGIN + 120) * SECOND) is Known.USUAL
    assert conversion.known((BEGIN + 120) * SECOND + SILENCE_NS + 1) is Known.UNKNOWN
    assert conversion.findings((BEGIN + 120) * SECOND) == []


def test_purchases_that_stop_fire_at_once_and_a_fall_to_sixty_per_cent_in_time() -> None:
    stopped = steady(learnt(), BEGIN + 120, 5, 10, 0)
    assert stopped.known((BEGIN + 125) * SECOND) is Known.LOW
    [finding] = steady(learnt(), BEGIN + 120, 60, 10, 6).findings((BEGIN + 180) * SECOND)

    assert finding.journey
    assert finding.symptom.service == "buy"
    assert (BEGIN + 120) * SECOND <= finding.symptom.since <= (BEGIN + 122) * SECOND
    assert 0.59 <= finding.symptom.value <= 0.61
    assert "what is usual" in finding.symptom.detail


def test_the_second_alarm_does_not_begin_the_wait_anew() -> None:
    conversion = steady(learnt(), BEGIN + 120, 30, 4, 0)
    [finding] = conversion.findings((BEGIN + 150) * SECOND)

    assert 0 < conversion.under_usual.fired_at < conversion.under_floor.fired_at
    assert finding.fired == conversion.under_usual.fired_at


def test_the_floor_holds_even_while_learning_and_for_what_was_always_low() -> None:
    [finding] = steady(Conversion("buy"), BEGIN, 300, 10, 3).findings((BEGIN + 300) * SECOND)

    assert "the floor, 50%" in finding.symptom.detail
    assert steady(Conversion("buy"), BEGIN, 300, 10, 6).findings((BEGIN + 300) * SECOND) == []


def test_cohorts_inside_a_window_are_neither_judged_nor_learnt() -> None:
    window = Inhibition((BEGIN + 120) * SECOND, (BEGIN + 150) * SECOND, frozenset({"policy-service"}))
    conversion = steady(learnt(), BEGIN + 120, 30, 10, 0, window)
    known = conversion.baseline.errors
    steady(conversion, BEGIN + 150, 60, 10, 9, window)

    assert conversion.findings((BEGIN + 210) * SECOND) == []
    assert conversion.baseline.errors - known <= 60


def test_conversion_that_came_back_is_usual_again() -> None:
    conversion = steady(steady(learnt(), BEGIN + 120, 10, 10, 0), BEGIN + 130, 20, 10, 9)

    assert conversion.findings((BEGIN + 150) * SECOND) == []


def test_a_fall_is_not_reported_for_ever_when_nobody_asks_any_more() -> None:
    conversion = steady(learnt(), BEGIN + 120, 10, 10, 0)
    last = (BEGIN + 130) * SECOND

    assert conversion.findings(last + SILENCE_NS) != []
    assert conversion.findings(last + SILENCE_NS + 1) == []
    assert steady(conversion, BEGIN + 500, 1, 10, 9).findings((BEGIN + 501) * SECOND) == []


def test_while_its_own_incident_is_open_an_alarm_stands_as_long_as_nobody_buys_and_ends_soon_after() -> None:
    conversion = steady(learnt(), BEGIN + 120, 20, 10, 0)
    assert conversion.findings((BEGIN + 140) * SECOND)
    open_ = Inhibition(
        (BEGIN + 120) * SECOND, 2**63 - 1, frozenset({"buy-insurance"}), Source.INCIDENT, "conversion/buy-insurance"
    )

    steady(conversion, BEGIN + 140, 90, 10, 0, open_)
    assert conversion.findings((BEGIN + 230) * SECOND)

    steady(conversion, BEGIN + 230, 12, 10, 8, open_)
    assert not conversion.findings((BEGIN + 242) * SECOND)


def test_a_detector_that_was_started_anew_in_its_incident_goes_on_with_the_limit_that_the_incident_says() -> None:
    incident = Inhibition(0, 2**63 - 1, frozenset({"buy-insurance"}), Source.INCIDENT, "conversion/buy-insurance")
    forgetful, recalling = Conversion("buy-insurance"), Conversion("buy-insurance")
    recalling.recall([0.8])
    for conversion in (forgetful, recalling):
        steady(conversion, BEGIN, 30, 20, 12, incident)  # over the floor, and less than usual

    now = (BEGIN + 30) * SECOND
    assert not forgetful.evaluated_since
    assert not forgetful.findings(now)
    [alarm] = recalling.findings(now)
    assert recalling.evaluated_since == (BEGIN + 1) * SECOND
    assert (alarm.symptom.value, alarm.symptom.limit) == (0.6, 0.8)
    assert not recalling.baseline.ready

    recalling.recall([])
    assert not recalling.in_incident


def test_a_held_cohort_is_evaluated_with_its_beginning_and_never_learnt() -> None:
    held = Inhibition((BEGIN + 120) * SECOND, (BEGIN + 240) * SECOND, frozenset(), Source.PERSON)
    conversion = learnt()
    conversion.evaluate((Cohort(second, 10, 8) for second in range(BEGIN + 120, BEGIN + 300)), (held,))
    usual = conversion.baseline
    assert usual.errors / usual.usual.count < 0.15, "one in ten as learnt, two in ten outside of the hold alone"

    conversion = learnt()
    conversion.evaluate((Cohort(second, 10, 0) for second in range(BEGIN + 200, BEGIN + 260)), (held,))
    (finding,) = conversion.findings((BEGIN + 260) * SECOND)
    assert finding.symptom.since == (BEGIN + 200) * SECOND
