"""Alarms, baselines and norms of operations: what is judged, when, and what is learnt from."""

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from sre_space.analysis.detection.baseline import (
    BLOCK_S,
    BLOCKS,
    MIN_LEARNT_COUNT,
    MIN_LEARNT_S,
    QUARANTINE_S,
    Baseline,
)
from sre_space.analysis.detection.inhibition import STILL_OPEN, Inhibition, Source, inhibitions_of
from sre_space.analysis.detection.operations import ALL, DEMAND_S, SETTLE_NS, FiringOperation, Operations
from sre_space.analysis.detection.share_alarm import SILENCE_NS, ShareAlarm
from sre_space.analysis.detection.thresholds import SLOWER_NS, Thresholds, thresholds_of
from sre_space.analysis.statistics.sketch import Operation, Sketch, bucket_of
from sre_space.domain.dependencies import reach
from sre_space.domain.symptoms import SymptomKind
from sre_space.domain.telemetry import SpanKind

SECOND = 10**9
BEGIN = 1_700_000_000
MS = 10**6
ISSUE = Operation("policy-service", SpanKind.SERVER, "POST /policies")
CALLS = {"quote-service": ("policy-service",), "policy-service": ()}


def sketch(count: int = 10, errors: int = 0, duration: int = 5 * MS) -> Sketch:
    one = Sketch()
    for number in range(count):
        one.add(duration, number < errors, number.to_bytes(16, "big"))
    return one


def played(
    operations: Operations, begin: int, seconds: int, one: Sketch, windows: tuple[Inhibition, ...] = ()
) -> Operations:
    """Add the same sketch for every second, evaluate 1.5 s after each, and return the operations."""
    for second in range(begin, begin + seconds):
        operations.add({(ISSUE, second): one}, second * SECOND + 3 * SECOND // 2)
        operations.evaluate((second + 3) * SECOND, windows)
    return operations


def learnt() -> Operations:
    return played(Operations(CALLS), BEGIN, 120, sketch())


def kinds(operations: Operations) -> set[SymptomKind]:
    return {suspect.kind for suspect in suspects(operations)}


def suspects(operations: Operations, later: int = 0) -> list[FiringOperation]:
    """Of one operation, so many ns after its last second."""
    now = max(alarm.seen for alarm in operations.watches[ISSUE].alarms.values()) + later
    return [one for one in operations.suspects(now) if one.operation == ISSUE]


def test_an_operation_is_not_judged_before_it_is_learnt() -> None:
    young = played(Operations(CALLS), BEGIN, 30, sketch())

    assert kinds(played(young, BEGIN + 30, 30, sketch(errors=10))) == set()


def test_failures_and_slowness_fire_each_its_own_alarm() -> None:
    begin = BEGIN + 120
    assert kinds(played(learnt(), begin, 10, sketch())) == set()
    assert kinds(played(learnt(), begin, 10, sketch(errors=5))) == {SymptomKind.ERROR}
    assert kinds(played(learnt(), begin, 10, sketch(duration=180 * MS))) == {SymptomKind.LATENCY}


def test_twice_as_slow_is_no_symptom_when_nobody_could_feel_it() -> None:
    assert kinds(played(learnt(), BEGIN + 120, 30, sketch(duration=5 * MS + SLOWER_NS - 3 * MS))) == set()


def test_a_symptom_begins_with_its_first_bad_second_and_ends_when_the_operation_is_well_again() -> None:
    operations = played(learnt(), BEGIN + 120, 10, sketch(errors=5))
    [suspect] = suspects(operations)

    assert suspect.alarm.since == (BEGIN + 120) * SECOND
    assert suspect.alarm.fired_at == (BEGIN + 124) * SECOND
    assert kinds(played(operations, BEGIN + 130, 5, sketch(errors=5))) == {SymptomKind.ERROR}
    assert kinds(played(operations, BEGIN + 135, 15, sketch())) == set()


def test_all_requests_to_a_service_are_watched_together() -> None:
    assert Operation("policy-service", SpanKind.SERVER, ALL) in learnt().watches


def test_services_outside_the_chart_are_not_judged() -> None:
    operations = Operations({"other": ()})
    operations.add({(ISSUE, BEGIN): sketch()}, BEGIN * SECOND)

    assert not operations.watches


def test_seconds_of_a_wrong_clock_are_not_kept() -> None:
    operations = Operations(CALLS)
    for second in (0, BEGIN - 10_000, BEGIN + 3600, 2**63):
        operations.add({(ISSUE, second): sketch()}, BEGIN * SECOND)

    assert not operations.watches


def test_a_second_is_judged_once_when_its_spans_had_time_to_arrive() -> None:
    operations = Operations(CALLS)
    operations.add({(ISSUE, BEGIN): sketch(3)}, BEGIN * SECOND + 1)
    operations.evaluate((BEGIN + 1) * SECOND + SETTLE_NS - 1)
    operations.add({(ISSUE, BEGIN): sketch(4)}, (BEGIN + 1) * SECOND + SETTLE_NS - 1)
    watch = operations.watches[ISSUE]
    assert watch.baseline.waiting == {}

    operations.evaluate((BEGIN + 1) * SECOND + SETTLE_NS)
    assert watch.open == {}
    assert watch.baseline.waiting[BEGIN].count == 7
    operations.add({(ISSUE, BEGIN): sketch(2)}, (BEGIN + 3) * SECOND)
    assert watch.open == {}
    assert watch.baseline.waiting[BEGIN].count == 9


def test_telemetry_that_lags_is_judged_late_but_as_it_was() -> None:
    begin, lag = BEGIN + 120, 20 * SECOND
    operations = learnt()
    for second in range(begin, begin + 10):
        operations.add({(ISSUE, second): sketch(errors=5)}, (begin + 10) * SECOND + lag)
    operations.evaluate((begin + 10) * SECOND + lag + SETTLE_NS)

    [suspect] = suspects(operations)
    assert suspect.alarm.since == begin * SECOND


def test_nothing_is_learnt_inside_a_window_nor_from_a_fault() -> None:
    operations = learnt()
    known = operations.watches[ISSUE].baseline.usual.count
    window = Inhibition((BEGIN + 120) * SECOND, STILL_OPEN, frozenset({"policy-service"}), Source.INCIDENT, "case")
    played(operations, BEGIN + 120, 60, sketch(), (window,))
    assert operations.watches[ISSUE].baseline.usual.count == known + 10 * (QUARANTINE_S - 2)

    sick = learnt()
    played(sick, BEGIN + 120, 100, sketch(errors=5))
    assert sick.watches[ISSUE].baseline.errors == 0


def test_evidence_from_inside_a_window_is_dropped_when_it_is_over() -> None:
    begin = BEGIN + 120
    window = Inhibition(begin * SECOND, (begin + 10) * SECOND, frozenset({"policy-service"}), Source.INCIDENT, "case")
    operations = played(learnt(), begin, 9, sketch(errors=5), (window,))
    assert kinds(operations) == {SymptomKind.ERROR}

    assert kinds(played(operations, begin + 9, 2, sketch(), (window,))) == set()


def test_a_held_second_is_evaluated_with_its_beginning_and_never_learnt() -> None:
    begin, services = BEGIN + 120, frozenset({"policy-service"})
    held = Inhibition(begin * SECOND, (begin + 60) * SECOND, services, Source.PERSON)
    operations = learnt()
    known = operations.watches[ISSUE].baseline.usual.count
    for second in range(begin, begin + 60):
        operations.add({(ISSUE, second): sketch()}, second * SECOND + 3 * SECOND // 2)
        operations.evaluate((second + 3) * SECOND, (held,))
    assert operations.watches[ISSUE].baseline.usual.count == known + 10 * (QUARANTINE_S - 2)

    sick = learnt()
    for second in range(begin + 50, begin + 65):
        sick.add({(ISSUE, second): sketch(errors=5)}, second * SECOND + 3 * SECOND // 2)
        sick.evaluate((second + 3) * SECOND, (held,))
    assert [suspect.alarm.since for suspect in suspects(sick)] == [(begin + 50) * SECOND]


def test_planned_work_on_a_dependency_excuses_its_callers_too() -> None:
    window = Inhibition(0, 1, frozenset({"policy-service"}))

    assert inhibitions_of([window], "quote-service", CALLS) == (window,)
    assert inhibitions_of([Inhibition(0, 1, frozenset({"quote-service"}))], "policy-service", CALLS) == ()
    assert reach("quote-service", {**CALLS, "policy-service": ("quote-service",)}) == {
        "quote-service",
        "policy-service",
    }


@given(st.lists(st.integers(0, 60), min_size=1, max_size=30))
def test_the_ring_of_a_baseline_holds_exactly_the_last_day(hours: list[int]) -> None:
    baseline, last = Baseline(), Baseline()
    for hour in sorted(hours):
        second = BEGIN // BLOCK_S * BLOCK_S + hour * BLOCK_S
        for one in (baseline, last) if hour > max(hours) - BLOCKS else (baseline,):
            one.offer(second + len(one.waiting), sketch(1, duration=(hour + 1) * MS))
            one.learn(second + BLOCK_S, lambda _: True)

    assert len(baseline.blocks) <= BLOCKS
    assert baseline.usual == last.usual


def test_a_baseline_is_ready_after_a_minute_and_a_hundred_spans() -> None:
    for seconds, count, ready in (
        (MIN_LEARNT_S, 10, False),
        (MIN_LEARNT_S + 1, 10, True),
        (MIN_LEARNT_S + 1, 1, False),
    ):
        baseline = Baseline()
        for second in range(BEGIN, BEGIN + seconds):
            baseline.offer(second, sketch(count))
        baseline.learn(BEGIN + seconds, lambda _: True)
        assert baseline.ready is ready
    assert MIN_LEARNT_COUNT == 100


def test_a_slow_request_is_slower_than_the_usual_worst_and_clearly_than_the_median() -> None:
    baseline = Baseline()
    for second in range(BEGIN, BEGIN + 100):
        one = sketch(9, duration=100 * MS)
        one.add(400 * MS, False, b"")
        baseline.offer(second, one)
    baseline.learn(BEGIN + 100, lambda _: True)
    thresholds = thresholds_of(baseline)

    assert thresholds.slow_from / MS == 400 or abs(thresholds.slow_from / MS / 400 - 1) < 0.02
    assert thresholds.mean == 130 * MS
    assert thresholds.slow_tolerated == 0.1


def test_what_takes_three_times_as_long_under_four_times_the_demand_is_busy_and_not_slow() -> None:
    """The usual ten a second take 50 ms; slow is over 150 ms, and a second whatever the demand."""
    usual = played(Operations(CALLS), BEGIN, 120, sketch(duration=50 * MS))
    begin = BEGIN + 120

    calm = played(deepcopy(usual), begin, 20, sketch(10, duration=200 * MS))
    busy = played(deepcopy(usual), begin, DEMAND_S, sketch(40, duration=100 * MS))
    busy = played(busy, begin + DEMAND_S, 20, sketch(40, duration=200 * MS))
    too_slow = played(deepcopy(busy), begin + DEMAND_S + 20, 20, sketch(40, duration=1100 * MS))

    assert kinds(calm) == {SymptomKind.LATENCY}
    assert kinds(busy) == set()
    (suspect,) = suspects(too_slow)
    assert suspect.kind is SymptomKind.LATENCY
    assert 970 < suspect.slow_from / MS < 1030


@given(st.integers(0, 10_000), st.floats(0.1, 1000))
def test_demand_raises_what_is_slow_to_a_second_at_most_and_never_lowers_it(count: int, busiest: float) -> None:
    thresholds = Thresholds(20 * MS, 20 * MS, bucket_of(120 * MS), 0.1, 0.0, 0.1, busiest)

    bar = thresholds.slow_under(count, DEMAND_S)

    assert thresholds.slow <= bar <= bucket_of(1000 * MS)
    assert bar == thresholds.slow or count > busiest * DEMAND_S
    assert thresholds.slow_under(count + 1, DEMAND_S) >= bar


def test_under_twice_the_demand_four_times_as_long_is_busy() -> None:
    thresholds = Thresholds(20 * MS, 20 * MS, bucket_of(120 * MS), 0.1, 0.0, 0.1, 10.0)
    surely_twice = 122  # of 50 usual ones, for 122 - 2 * sqrt(122) = 99.9

    assert abs(thresholds.slow_under(surely_twice, DEMAND_S) - bucket_of(480 * MS)) <= 1


def test_what_is_usual_over_a_second_stays_so() -> None:
    thresholds = Thresholds(2000 * MS, 2000 * MS, bucket_of(4000 * MS), 0.1, 0.0, 0.1, 1.0)

    assert thresholds.slow_under(1000, DEMAND_S) == thresholds.slow


def test_a_share_that_only_rises_a_little_is_forgiven_for_ever() -> None:
    alarm = ShareAlarm()
    for second in range(5000):
        alarm.update(second * SECOND, (second + 1) * SECOND, 10, int(second % 10 == 0), 0.05)

    assert not alarm.firing


def test_a_fault_that_nobody_meets_any_more_is_not_known_to_be_there() -> None:
    operations = played(learnt(), BEGIN + 120, 10, sketch(errors=5))

    assert suspects(operations, SILENCE_NS)
    assert not suspects(operations, SILENCE_NS + 1)
    assert kinds(played(operations, BEGIN + 230, 1, sketch(errors=5))) == set()
