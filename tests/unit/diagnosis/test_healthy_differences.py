"""What healthy windows differ from each other, and what merely differs, is no fault of anybody."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from support.shop import EPOCH, Fault, shop, telemetry

from sre_space.analysis.diagnosis.building import LogBuilder, LogRow, MetricBuilder, SpanBuilder
from sre_space.analysis.diagnosis.engine import diagnose
from sre_space.analysis.diagnosis.metric_words import Meaning, is_unused, meaning_of
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.analysis.diagnosis.tables import OK, Alert, Change, Series, Telemetry
from sre_space.domain.diagnosis import CauseKind, Confidence
from sre_space.text.diagnosis_report import report

MINUTE = 60 * 10**9
HEALTH = telemetry(shop(seed=7))
LATENCY = Series("web", "web-1", "request_latency_p95")
CPU = Series("tax", "tax-1", "cpu_usage")
STEADY = [100.0, 101.0, 99.0] * 6


def measured(values: dict[Series, Sequence[float]]) -> Telemetry:
    """Return metrics alone, one point a minute."""
    metrics = MetricBuilder()
    for series, points in values.items():
        number = metrics.number(series)
        metrics.points.extend((number, EPOCH + at * MINUTE, value) for at, value in enumerate(points))
    return Telemetry(SpanBuilder().table(), metrics.table(), LogBuilder().table())


def logged(lines: Sequence[tuple[str, str]], level: int = 9) -> Telemetry:
    """Return logs alone, one line a second."""
    logs = LogBuilder()
    for at, (service, text) in enumerate(lines):
        logs.rows.append(LogRow(EPOCH + at * 10**9, logs.names[service], level, logs.names[text]))
    return Telemetry(SpanBuilder().table(), MetricBuilder().table(), logs.table())


def first(found: CaseDiagnosis) -> tuple[str, CauseKind]:
    return found.causes[0].service, found.causes[0].kind


# Healthy windows


def test_a_level_that_another_healthy_window_had_is_no_fault() -> None:
    slower = [value * 4 for value in STEADY]

    assert diagnose(measured({LATENCY: slower}), [measured({LATENCY: STEADY})]).verdict is not Confidence.INCONCLUSIVE
    found = diagnose(measured({LATENCY: slower}), [measured({LATENCY: STEADY}), measured({LATENCY: slower[::-1]})])
    assert found.verdict is Confidence.INCONCLUSIVE


def test_bursts_that_health_has_too_are_no_fault() -> None:
    bursts = [100.0, 100.0, 100.0, 900.0] * 5

    found = diagnose(measured({LATENCY: [*bursts[1:], 900.0]}), [measured({LATENCY: bursts})])
    assert found.verdict is Confidence.INCONCLUSIVE


@pytest.mark.parametrize(("healthy", "accused"), [(6, False), (120, True)])
def test_a_few_healthy_requests_do_not_tell_how_often_one_fails(healthy: int, accused: bool) -> None:
    failing = Fault(fails={"GET /rate": "boom"}, share=0.1)

    found = diagnose(telemetry(shop(300, 2, failing)), [telemetry(shop(healthy, 7))])
    assert (bool(found.causes) and found.causes[0].service == "tax") is accused


# Resources


def test_a_resource_that_is_used_more_is_no_fault_while_requests_end_as_before() -> None:
    usual = measured({LATENCY: STEADY, CPU: STEADY})
    busier = measured({LATENCY: STEADY, CPU: [value * 5 for value in STEADY]})

    assert diagnose(busier, [usual]).verdict is Confidence.INCONCLUSIVE
    alerted = diagnose(busier, [usual], alert=Alert(fired_at=EPOCH))
    assert (first(alerted), alerted.verdict) == (("tax", CauseKind.SATURATION), Confidence.LIKELY)


def test_it_is_where_requests_are_slower() -> None:
    usual = measured({LATENCY: STEADY, CPU: STEADY})
    found = diagnose(measured({LATENCY: [v * 5 for v in STEADY], CPU: [v * 5 for v in STEADY]}), [usual])

    assert "tax" in [cause.service for cause in found.causes if cause.score > 0.25]


def pods(service: str, count: int, *levels: float) -> dict[Series, Sequence[float]]:
    """Return the processor of each instance: the levels given, then those of the last one."""
    every = [*levels, *[levels[-1]] * (count - len(levels))]
    return {
        Series(service, f"{service}-{number}", "cpu_usage"): [level, level * 1.01] * 9
        for number, level in enumerate(every)
    }


def test_an_instance_that_is_ill_among_well_ones_is_the_suspect_and_not_what_all_share() -> None:
    usual = measured(pods("price", 4, 1.0) | pods("tax", 4, 1.0) | pods("mail", 3, 1.0))
    busy = measured(pods("price", 4, 3.0) | pods("tax", 4, 9.0, 3.0) | pods("mail", 3, 3.0))

    found = diagnose(busy, [usual])
    assert [cause.service for cause in found.causes] == ["tax"]


def test_services_of_one_instance_that_all_use_more_accuse_none() -> None:
    names = ("price", "tax", "mail", "cart")
    usual = measured({key: value for name in names for key, value in pods(name, 1, 1.0).items()})
    busy = measured({key: value for name in names for key, value in pods(name, 1, 3.0).items()})

    assert not diagnose(busy, [usual]).causes


def test_a_trace_of_use_where_health_has_none_is_small_beside_what_others_use() -> None:
    disks = [Series(name, f"{name}-1", "fs_usage") for name in ("price", "tax", "mail")]
    usual = measured(dict(zip(disks, ([0.0] * 18, [9.0, 9.1] * 9, [9.0, 9.1] * 9), strict=True)))
    now = measured(dict(zip(disks, ([0.001] * 18, [9.0, 9.1] * 9, [9.0, 9.1] * 9), strict=True)))

    assert not diagnose(now, [usual]).causes


@pytest.mark.parametrize("name", ["cpu_limit", "memory.quota", "heap_free_bytes"])
def test_what_may_be_used_is_no_use(name: str) -> None:
    assert is_unused(name)
    assert meaning_of(name) is Meaning.OTHER
    limit = Series("tax", "tax-1", name)
    assert not diagnose(measured({limit: [800.0] * 18}), [measured({limit: [100.0] * 18})]).causes


# Load


def later(telemetry: Telemetry, seconds: int) -> Telemetry:
    """Return the same metrics so many seconds later."""
    metrics = telemetry.metrics
    return replace(telemetry, metrics=replace(metrics, time=metrics.time + seconds * 10**9))


def surge(name: str, times: float, usual: Sequence[float] = STEADY) -> CaseDiagnosis:
    """Return the diagnosis of slow requests while a measure is so many times its usual level."""
    rate = Series("web", "web-1", name)
    slow = measured({LATENCY: [value * 5 for value in STEADY], rate: [times * 100.0] * 18})
    return diagnose(slow, [measured({LATENCY: STEADY, rate: usual})])


@pytest.mark.parametrize(("times", "kind"), [(2.5, CauseKind.TRAFFIC), (1.8, CauseKind.SLOW_CODE)])
def test_load_that_doubles_while_requests_wait_is_a_surge(times: float, kind: CauseKind) -> None:
    assert first(surge("requests_per_sec", times)) == ("web", kind)


@pytest.mark.parametrize(("times", "kind"), [(3.0, CauseKind.TRAFFIC), (2.4, CauseKind.SLOW_CODE)])
def test_load_that_was_growing_already_is_a_surge_a_quarter_beyond_what_health_reached(
    times: float, kind: CauseKind
) -> None:
    """The median is 100, and 200 is what health reached."""
    assert first(surge("requests_per_sec", times, [*[100.0] * 15, 150.0, 200.0, 200.0])) == ("web", kind)


def test_a_surge_that_is_noticed_late_began_in_the_newest_healthy_window() -> None:
    """Whatever the order of the windows is; where there are only two, none can be spared."""
    rate = Series("web", "web-1", "requests_per_sec")
    slow = [value * 5 for value in STEADY]
    begun = later(measured({LATENCY: STEADY, rate: [100.0] * 4 + [900.0] * 14}), 60)
    before = [later(measured({LATENCY: STEADY, rate: [100.0] * 18}), seconds) for seconds in (40, 20)]
    now = later(measured({LATENCY: slow, rate: [900.0] * 18}), 80)

    assert first(diagnose(now, [begun, *before])) == ("web", CauseKind.TRAFFIC)
    assert first(diagnose(now, [*before, begun])) == ("web", CauseKind.TRAFFIC)
    assert first(diagnose(now, [begun, before[0]])) == ("web", CauseKind.SLOW_CODE)


@pytest.mark.parametrize("name", ["network_receive_bytes", "net_receive", "node_requests_per_sec"])
def test_bytes_and_what_a_machine_counts_are_no_requests(name: str) -> None:
    assert first(surge(name, 9.0)) == ("web", CauseKind.SLOW_CODE)


def test_more_requests_that_use_more_of_a_resource_are_no_fault() -> None:
    rate = Series("web", "web-1", "requests_per_sec")
    usual = measured({rate: STEADY, CPU: STEADY})

    found = diagnose(measured({rate: [500.0] * 18, CPU: [value * 5 for value in STEADY]}), [usual])
    assert all(cause.kind is not CauseKind.TRAFFIC for cause in found.causes)


# Logs


def test_a_service_that_writes_what_it_never_wrote_is_where_something_is_different() -> None:
    usual = logged([("web", "request served"), ("queue", "message taken")] * 40)
    now = logged([("web", "request served"), ("queue", "retrying the flag store, sleeping")] * 40)

    found = diagnose(now, [usual])
    assert (found.verdict, first(found)) == (Confidence.INCONCLUSIVE, ("queue", CauseKind.UNKNOWN))
    assert "queue logs 40 times (new): retrying the flag store" in report(found)


def test_without_healthy_lines_no_line_is_new() -> None:
    now = logged([("web", "request served"), ("queue", "retrying the flag store, sleeping")] * 40)

    assert not diagnose(now, []).causes
    assert not diagnose(now, [HEALTH]).causes


def test_no_change_is_blamed_for_what_merely_differs() -> None:
    usual = logged([("web", "request served"), ("queue", "message taken")] * 40)
    now = logged([("web", "request served"), ("queue", "retrying the flag store, sleeping")] * 40)
    change = Change(
        "c1", EPOCH - MINUTE, "queue", "commit", "ask the flag store", "@@ queue.py @@\n-  take(x)\n+  ask(x)\n"
    )

    assert diagnose(now, [usual], [change]).change is None


def _logging(text: str, level: int, seed: int, service: str = "web", status: int = 0) -> Telemetry:
    """Return requests, half of which write a line at the span of one service."""
    spans = [replace(one, status=status) for one in shop(120, seed)]
    logs = LogBuilder()
    for at, one in enumerate(one for one in spans if one.service == service and one.kind == 2):
        body = logs.names[text if at % 2 else "request served"]
        rank = level if at % 2 else 9
        logs.rows.append(LogRow(one.start, logs.names[service], rank, body, logs.ids[one.trace], logs.ids[one.id]))
    return replace(telemetry(spans), logs=logs.table())


def test_errors_in_the_log_of_work_whose_health_has_no_log_may_be_its_everyday() -> None:
    now = _logging("no such coupon", 17, 2, "price")

    assert diagnose(now, [_logging("coupon taken", 9, 7, "price")]).causes[0].service == "price"
    assert diagnose(now, [HEALTH]).verdict is Confidence.INCONCLUSIVE


# Steps


def test_another_mix_of_requests_that_end_as_before_repeats_no_call() -> None:
    """Each execution asks three times for less, and nobody waits longer."""
    usual = [replace(one, status=OK) for one in shop(300, 7, Fault(slow={"GET /rate": 40}))]
    thrice = [replace(one, status=OK) for one in shop(300, 2, Fault(slow={"GET /rate": 5}, repeats={"GET /rate": 3}))]

    found = diagnose(telemetry(thrice), [telemetry(usual)])
    assert (found.verdict, found.causes[0].service) == (Confidence.INCONCLUSIVE, "price")


@pytest.mark.parametrize("healthy", [3, 30])
def test_a_few_executions_do_not_tell_how_often_a_call_is_made(healthy: int) -> None:
    found = diagnose(telemetry(shop(300, 2, Fault(repeats={"GET /items": 30}))), [telemetry(shop(healthy, 7))])

    assert ("repeats a call" in report(found)) is (healthy >= 10)
