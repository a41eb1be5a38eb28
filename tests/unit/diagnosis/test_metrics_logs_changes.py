"""What spans do not show: metrics and logs alone, and which change explains an incident."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.shop import EPOCH, Fault, shop, telemetry

from sre_space.analysis.diagnosis.building import LogBuilder, LogRow, MetricBuilder, SpanBuilder
from sre_space.analysis.diagnosis.diffs import HARMLESS, SIZE_WITHOUT_DIFF, effect_of
from sre_space.analysis.diagnosis.engine import diagnose
from sre_space.analysis.diagnosis.metric_words import Meaning, meaning_of
from sre_space.analysis.diagnosis.tables import Alert, Change, Series, Telemetry
from sre_space.analysis.diagnosis.templates import Templates
from sre_space.domain.diagnosis import CauseKind, Confidence

MINUTE = 60 * 10**9
HEALTH = telemetry(shop(seed=7))
SLOW = telemetry(shop(300, 2, Fault(slow={"GET /rate": 40})))


def measured(values: dict[Series, list[float]], logs: list[tuple[str, str, int]] | None = None) -> Telemetry:
    """One point a minute, and log lines a second apart."""
    metrics, lines = MetricBuilder(), LogBuilder()
    for series, points in values.items():
        number = metrics.number(series)
        metrics.points.extend((number, EPOCH + at * MINUTE, value) for at, value in enumerate(points))
    for at, (service, text, severity) in enumerate(logs or []):
        lines.rows.append(LogRow(EPOCH + at * 10**9, lines.names[service], severity, lines.names[text]))
    return Telemetry(SpanBuilder().table(), metrics.table(), lines.table())


def edge(source: str, destination: str, name: str, unit: str = "") -> Series:
    return Series(destination, unit or f"{destination}-1", name, "v1", source, destination)


POINTS = st.lists(st.floats(0, 200), min_size=1, max_size=12)
EDGES = [edge(*pair, name) for pair in (("a", "b"), ("b", "c"), ("c", "a")) for name in ("SuccessRate", "p99", "cpu")]


@given(st.lists(POINTS, min_size=9, max_size=9), st.lists(POINTS, min_size=9, max_size=9), st.booleans())
def test_any_metrics_give_a_diagnosis_that_cites_what_exists(
    now: list[list[float]], usual: list[list[float]], fault: bool
) -> None:
    logs = [("a", "error: c does not answer", 17), ("c", "warning: queue full", 13)] if fault else []
    incident = measured(dict(zip(EDGES, now, strict=True)), logs * 5)
    found = diagnose(incident, [measured(dict(zip(EDGES, usual, strict=True)))])
    known = {item.id for item in found.evidence}
    assert {id for cause in found.causes for id in cause.evidence} <= known


def test_a_finding_too_small_to_list_is_cited_when_it_is_the_first() -> None:
    small, wide = edge("a", "b", "queue_delay"), edge("a", "b", "render_duration")
    usual = {small: [100.0, 99.9] * 20, wide: [50.0, 150.0] * 20}
    now = {small: [100.8] * 20, wide: [110.0, 150.0, 150.0, 50.0] * 2}
    found = diagnose(measured(now), [measured(usual)])
    assert found.verdict is Confidence.INCONCLUSIVE
    assert set(found.chain[0].evidence) <= set(found.causes[0].evidence)


@pytest.mark.parametrize(("state", "kinds"), [("used", [CauseKind.SATURATION]), ("idle", [])])
def test_more_connections_in_use_fill_a_pool_and_more_idle_ones_do_not(state: str, kinds: list[CauseKind]) -> None:
    pool = Series("a", "a-1", "db.client.connections.usage", attributes=(("state", state),))
    found = diagnose(measured({pool: [5.0] * 8}), [measured({pool: [2.0] * 20})])
    assert [cause.kind for cause in found.causes] == kinds


@pytest.mark.parametrize(
    ("usual", "now", "kind"), [(0.05, 0.11, CauseKind.SLOW_CODE), (0.4, 0.95, CauseKind.SATURATION)]
)
def test_a_processor_that_is_mostly_idle_slows_nothing(usual: float, now: float, kind: CauseKind) -> None:
    processor = Series("tax", "tax-1", "process.cpu.utilization")
    incident = replace(SLOW, metrics=measured({processor: [now] * 8}).metrics)
    found = diagnose(incident, [replace(HEALTH, metrics=measured({processor: [usual] * 20}).metrics)])
    assert (found.causes[0].service, found.causes[0].kind) == ("tax", kind)


def test_metrics_alone_name_the_deepest_service_that_fails() -> None:
    good = [100.0] * 20
    calls = [
        edge("web", "price", "SuccessRate"),
        edge("price", "tax", "SuccessRate"),
        edge("web", "cart", "SuccessRate"),
    ]
    incident = measured({calls[0]: [60.0] * 8, calls[1]: [58.0] * 8, calls[2]: [100.0] * 8})
    found = diagnose(incident, [measured(dict.fromkeys(calls, good))])
    assert (found.causes[0].service, found.verdict) == ("tax", Confidence.LIKELY)
    assert any("price depends on tax" in step.statement for step in found.chain)


def test_a_fault_free_pair_of_metric_windows_is_inconclusive() -> None:
    series = edge("web", "tax", "latency_ms")
    found = diagnose(measured({series: [10.0, 11, 9, 10]}), [measured({series: [10.0, 9, 11, 10, 10.5, 9.5] * 3})])
    assert found.verdict is Confidence.INCONCLUSIVE


def test_a_resource_that_fills_up_is_saturation() -> None:
    disk = Series("store", "store-1", "disk_used_ratio")
    found = diagnose(measured({disk: [1.0] * 8}), [measured({disk: [0.3, 0.31] * 10})])
    assert (found.causes[0].service, found.causes[0].kind) == ("store", CauseKind.SATURATION)


def test_slow_work_on_a_busy_processor_is_saturation() -> None:
    cpu = Series("tax", "tax-1", "process_cpu_usage")
    busy, calm = measured({cpu: [0.9] * 8}).metrics, measured({cpu: [0.1, 0.12] * 10}).metrics
    incident = Telemetry(SLOW.spans, busy, SLOW.logs)
    assert diagnose(incident, [Telemetry(HEALTH.spans, calm, HEALTH.logs)]).causes[0].kind is CauseKind.SATURATION


def test_a_surge_where_requests_come_in_is_traffic_and_no_change_is_guilty() -> None:
    rate, below = edge("", "web", "requests_per_sec"), edge("web", "tax", "error_rate")
    errors = edge("", "web", "error_rate")
    usual = measured({rate: [100.0, 101, 99] * 6, below: [0.01] * 18, errors: [0.01] * 18})
    change = Change("c1", EPOCH - MINUTE, "web", "commit", "rework the handler", "@@ web.py @@\n-  guard(x)\n")
    found = diagnose(measured({rate: [900.0] * 8, below: [0.6] * 8, errors: [0.7] * 8}), [usual], [change])
    assert (found.causes[0].service, found.causes[0].kind) == ("web", CauseKind.TRAFFIC)
    assert found.change is None


def test_a_new_template_accuses_the_service_that_it_names() -> None:
    usual = measured({}, [("web", "request 1 done", 9), ("tax", "rate 2 served", 9)] * 20)
    faults = [("web", "upstream tax returned 503", 17), ("tax", "panic: nil map", 17)] * 10
    found = diagnose(measured({}, faults), [usual])
    assert found.causes[0].service == "tax"
    assert "web logs 10 times (new): upstream tax returned 503" in {item.statement for item in found.evidence}


def test_lines_that_differ_in_numbers_share_a_template() -> None:
    templates = Templates()
    lines = ["took 12 ms for user 7f3a9c2b11", "took 9 ms for user 00ff00ff00", "took long for nobody at all today"]
    numbers = [templates.of(line) for line in lines]
    assert numbers[0] == numbers[1] != numbers[2]
    assert templates.text(numbers[0]) == "took <*> ms for user <*>"


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("http.server.request.duration.sum", Meaning.LATENCY),
        ("SuccessRate", Meaning.SUCCESS),
        ("http_5xx_ratio", Meaning.FAILURE),
        ("CpuUsageRate(%)", Meaning.SATURATION),
        ("requests_total", Meaning.TRAFFIC),
        ("room_temperature", Meaning.OTHER),
    ],
)
def test_a_metric_is_understood_by_its_name(name: str, meaning: Meaning) -> None:
    assert meaning_of(name) is meaning


def change(id: str, service: str, minutes_before: float, diff: str = "", summary: str = "") -> Change:
    return Change(id, EPOCH - int(minutes_before * MINUTE), service, "commit", summary, diff)


LOOP = "@@ tax/rate.py @@\n-    return rates[code]\n+    return db.fetch(select_rate(code))\n"


def named(*changes: Change) -> str | None:
    return diagnose(SLOW, [HEALTH], changes, Alert(fired_at=EPOCH)).change


def test_the_change_at_the_place_before_the_onset_is_named_and_gives_the_kind() -> None:
    found = diagnose(SLOW, [HEALTH], [change("guilty", "tax", 3, LOOP), change("other", "mail", 2, LOOP)])
    assert (found.change, found.causes[0].kind) == ("guilty", CauseKind.BAD_CHANGE)
    assert found.chain[0].evidence == ("change:guilty",)


@pytest.mark.parametrize(
    "innocent",
    [
        change("later", "tax", -5, LOOP),
        change("elsewhere", "mail", 3, LOOP),
        change("yesterday", "tax", 24 * 60, LOOP),
        change("docs", "tax", 3, "@@ tax/README.md @@\n-old words\n+new words\n"),
        change("tests", "tax", 3, "@@ tests/test_rate.py @@\n+    assert rate('x') == 1\n"),
        change(
            "rename", "tax", 3, "@@ tax/rate.py @@\n-  r = get(c)\n-  use(r, c)\n+  rate = get(c)\n+  use(rate, c)\n"
        ),
    ],
)
def test_a_change_at_another_time_or_place_or_without_effect_is_innocent(innocent: Change) -> None:
    assert named(innocent) is None
    assert named(innocent, change("guilty", "tax", 3, LOOP)) == "guilty"


def test_a_changed_setting_is_a_misconfiguration() -> None:
    setting = change("setting", "tax", 3, "@@ deploy/config/tax.env @@\n-DB_POOL=20\n+DB_POOL=1\n")
    assert diagnose(SLOW, [HEALTH], [setting]).causes[0].kind is CauseKind.MISCONFIGURATION


def test_of_two_changes_at_one_place_the_one_that_the_symptoms_speak_of_is_named() -> None:
    error = telemetry(shop(300, 2, Fault(fails={"GET /rate": "KeyError: region missing"})))
    near = change("near", "tax", 3, "@@ tax/rate.py @@\n-  default_region(row)\n+  row.region\n")
    far = change("far", "tax", 3, "@@ tax/view.py @@\n-  shade(button)\n+  button.colour\n")
    assert diagnose(error, [HEALTH], [far, near], Alert(fired_at=EPOCH)).change == "near"


def test_moved_code_changes_little_and_removed_code_all() -> None:
    moved = "@@ a.py @@\n-  check(x)\n-  save(x)\n+def store(x):\n+  check(x)\n+  save(x)\n+store(x)\n"
    assert effect_of("", moved).size < 0.6
    assert effect_of("", "@@ a.py @@\n-  check(x)\n").size == 1.0
    assert effect_of("", '@@ a.py @@\n-  say("old")\n+  say("new")\n').size == HARMLESS
    assert effect_of("deploy", "").size == SIZE_WITHOUT_DIFF


def released(service: str, unit: str) -> Change:
    return Change(f"release-{service}", EPOCH, service, "deployment", "v2", "", ((unit, EPOCH),))


def test_the_release_whose_new_units_do_worse_than_the_old_ones_is_guilty() -> None:
    series = {
        edge("web", name, "SuccessRate", f"{name}-{unit}"): [100.0] * 12 for name in ("tax", "cart") for unit in "12"
    }
    incident = dict(series)
    incident[edge("web", "tax", "SuccessRate", "tax-new")] = [30.0] * 12
    incident[edge("web", "cart", "SuccessRate", "cart-new")] = [100.0] * 12
    changes = [released("cart", "cart-new"), released("tax", "tax-new")]
    found = diagnose(measured(incident), [measured(series)], changes, Alert(fired_at=EPOCH + 8 * MINUTE))
    assert (found.change, found.causes[0].service) == ("release-tax", "tax")


def test_a_release_whose_new_unit_never_serves_is_guilty() -> None:
    series = {
        edge("web", name, "SuccessRate", f"{name}-{unit}"): [100.0] * 12 for name in ("tax", "cart") for unit in "12"
    }
    incident = {**series, edge("web", "cart", "SuccessRate", "cart-new"): [100.0] * 12}
    changes = [released("cart", "cart-new"), released("tax", "tax-new")]
    found = diagnose(measured(incident), [measured(series)], changes, Alert(fired_at=EPOCH + 8 * MINUTE))
    assert found.change == "release-tax"
