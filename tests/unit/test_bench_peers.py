"""The comparison with Prometheus and Alertmanager: rules, healthy past, pages, and what is missing for it."""

from pathlib import Path

import pytest
from bench_peers import Round, line, table
from peers.history import STEP_S, history
from peers.pages import Pages
from peers.programs import PROGRAMS, Missing, programs
from peers.rules import VARIANTS, rules_of
from peers.servers import alertmanager, prometheus

HANDBOOK, EACH_SECOND, TUNED = VARIANTS


def test_the_handbooks_rules_have_their_windows_their_factors_and_their_waiting_times() -> None:
    rules = {rule["alert"]: rule for rule in rules_of(HANDBOOK)}
    fast = str(rules["JourneyErrorsBurn1h"]["expr"])

    assert "[1h]" in fast
    assert "[5m]" in fast
    assert fast.count("> 0.0144") == 2  # 14.4 times a budget of one in a thousand
    assert str(rules["JourneyErrorsBurn6h"]["expr"]).count("> 0.006") == 2
    assert (rules["InstanceDown"]["for"], rules["HighRequestLatency"]["for"]) == ("5m", "10m")
    assert {str(rule["labels"]) for rule in rules.values()} == {"{'severity': 'page', 'variant': 'handbook'}"}


def test_each_variant_reads_the_metrics_of_its_own_job_at_its_own_interval() -> None:
    jobs = prometheus(1, 2, 3, {"shop": "http://127.0.0.1:4/health"})["scrape_configs"]
    assert isinstance(jobs, list)

    assert [one["scrape_interval"] for one in jobs] == ["15s", "15s", "1s", "1s", "1s", "1s"]
    assert [one["scrape_timeout"] for one in jobs] == ["10s", "10s", "1s", "1s", "1s", "1s"]
    for variant in VARIANTS:
        assert all(f'job="{variant.name}"' in str(rule["expr"]) for rule in rules_of(variant))


def test_pages_of_a_tuned_variant_wait_for_no_others() -> None:
    route = alertmanager("http://127.0.0.1:1/")["route"]
    assert isinstance(route, dict)

    assert [one["group_wait"] for one in route["routes"]] == ["30s", "30s", "0s"]


def test_the_healthy_past_is_as_long_as_the_longest_window_and_grows_with_the_demand() -> None:
    past = history("tuned", 10.0, 1_000_000.0)
    calls, durations = past.resource_metrics[0].scope_metrics[0].metrics
    first, *_, last = [one for one in calls.sum.data_points if one.attributes[1].value.string_value == "journey quote"]

    assert (last.time_unix_nano - first.time_unix_nano) / 1e9 == 6 * 3600 - STEP_S
    assert last.as_int == 5 * (6 * 3600 - STEP_S)
    assert {tuple(one.bucket_counts)[1] for one in durations.histogram.data_points} == {0}  # none is slow


def test_a_page_counts_once_and_what_is_resolved_is_none() -> None:
    pages = Pages()
    alert = {"labels": {"variant": "tuned", "alertname": "ServiceDown"}, "fingerprint": "1", "status": "firing"}
    pages.take({"alerts": [{**alert, "fingerprint": "2", "status": "resolved"}]}, 1.0)
    pages.take({"alerts": [alert]}, 2.0)
    pages.take({"alerts": [alert]}, 3.0)

    assert [(page.variant, page.alert, page.at) for page in pages.seen] == [("tuned", "ServiceDown", 2.0)]


def test_without_go_it_is_said_what_is_missing_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for one in PROGRAMS[:1]:
        (tmp_path / one.file).touch()

    with pytest.raises(
        Missing, match=r"^alertmanager, otelcol: not in .*, and Go, which builds them, is not installed;"
    ):
        programs(tmp_path)


def test_the_table_has_who_was_first_with_what_and_how_often_nothing_was_wrong() -> None:
    nobody = dict.fromkeys(("Scout", *(one.name for one in VARIANTS)))
    hit = Round(
        "kill", 210.0, {**nobody, "Scout": 0.3, "tuned": 4.25},
        {"Scout": "infrastructure/shop", "tuned": "ServiceDown"}, {who: [] for who in nobody},
    )  # fmt: skip
    control = Round("busy-day", 210.0, {}, {}, {**{who: [] for who in nobody}, "tuned": ["JourneysSlow"]})

    assert table([hit, control])[2:] == [
        "| Scout | 0.3 (`infrastructure/shop`) | 0 |",
        "| handbook | none in 210 | 0 |",
        "| handbook-1s | none in 210 | 0 |",
        "| tuned | 4.2 (`ServiceDown`) | 1 |",
    ]
    assert line(control) == "busy-day: a control; false alarms: tuned: JourneysSlow"
