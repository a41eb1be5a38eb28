"""Numbers as exporters write them: counters that nobody calls so, timers, queues, shares of failures, wrong clocks."""

from pathlib import Path

import pytest
from support.foreign import NOW, Json, counter, gauge, histogram, log_record, log_request, metric_request, written

from sre_space.analysis.diagnosis.metric_words import Meaning, is_clock, meaning_of
from sre_space.bootstrap.diagnose import diagnose_folder
from sre_space.domain.diagnosis import Confidence


def causes(tmp_path: Path, incident: list[Json], healthy: list[Json], resource: Json | None = None) -> list[str]:
    """Return the causes that metrics name, as `service kind`."""
    named = {"service.name": "stock"} if resource is None else resource
    written(tmp_path / "incident", "metrics.jsonl", metric_request(named, *incident))
    written(tmp_path / "healthy", "metrics.jsonl", metric_request(named, *healthy))
    diagnosis = diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None).diagnosis
    return [f"{cause.service} {cause.kind}" for cause in diagnosis.causes]


def grown(name: str, begin: float, step: float = 30.0) -> Json:
    """Return a counter that is written as a gauge."""
    return gauge(name, [begin + step * number * (1 + 0.01 * (number % 3)) for number in range(8)])


def undeclared(told: Json, monotonic: bool) -> Json:
    """Return the gauge as a sum that does not say how it counts, or that it only grows."""
    temporality = {} if monotonic else {"aggregationTemporality": 2}
    return {"name": told["name"], "sum": {"isMonotonic": monotonic, **temporality, **told["gauge"]}}


@pytest.mark.parametrize(
    "name",
    ["process_cpu_seconds_total", "http_server_errors_total", "gc_collection_seconds_count", "process.cpu.time"],
)
def test_a_counter_that_is_written_as_a_level_is_no_failure_of_a_process_that_ran_long(
    tmp_path: Path, name: str
) -> None:
    young, old = grown(name, 100.0), grown(name, 90_000.0)
    assert causes(tmp_path / "gauge", [old], [young]) == []
    assert causes(tmp_path / "sum", [undeclared(old, False)], [undeclared(young, False)]) == []
    assert causes(tmp_path / "untold", [undeclared(old, True)], [undeclared(young, True)]) == []


def test_a_counter_that_is_written_as_a_level_tells_its_rate(tmp_path: Path) -> None:
    ill, well = grown("orders_errors_total", 100.0, 600.0), grown("orders_errors_total", 90_000.0, 3.0)
    assert causes(tmp_path, [ill], [well]) == ["stock error"]


def test_a_level_that_falls_stays_a_level(tmp_path: Path) -> None:
    full, empty = [90.0, 80.0, 95.0, 70.0, 99.0, 85.0, 90.0, 91.0], [3.0, 2.0, 4.0, 3.0, 2.0, 4.0, 3.0, 2.0]
    found = causes(tmp_path, [gauge("pool_pending_total", full)], [gauge("pool_pending_total", empty)])
    assert found == ["stock saturation"]


@pytest.mark.parametrize("name", ["http_server_requests_seconds", "http.server.requests", "handler_millis"])
def test_the_mean_of_a_timer_is_a_time_of_requests(tmp_path: Path, name: str) -> None:
    assert causes(tmp_path, [histogram(name, 75, 0.3)], [histogram(name, 300, 0.05)]) == ["stock slow-code"]


def test_the_mean_size_of_requests_is_no_time() -> None:
    assert meaning_of("http.server.request.size.mean") is not Meaning.LATENCY
    assert meaning_of("process_cpu_seconds.mean") is not Meaning.LATENCY


@pytest.mark.parametrize(
    "name", ["rabbitmq_queue_messages_ready", "sqs_approximate_number_of_messages_visible", "num_undelivered_messages"]
)
def test_messages_that_wait_are_a_queue(name: str) -> None:
    assert meaning_of(name) is Meaning.SATURATION


def test_the_age_of_the_oldest_message_is_no_clock() -> None:
    assert not is_clock("oldest_unacked_message_age")
    assert meaning_of("oldest_unacked_message_age") is Meaning.SATURATION
    assert is_clock("time_since_last_restart_seconds")


@pytest.mark.parametrize(
    ("key", "bad", "good"),
    [("success", "false", "true"), ("error", "true", "false"), ("classification", "failure", "success"),
     ("envoy_response_code_class", "5", "2"), ("is_error", "True", "False")],
)  # fmt: skip
def test_an_attribute_that_says_yes_or_no_tells_bad_answers(tmp_path: Path, key: str, bad: str, good: str) -> None:
    def answers(ill: int) -> list[Json]:
        return [counter("requests_total", ill, {key: bad}), counter("requests_total", 300 - ill, {key: good})]

    assert causes(tmp_path, answers(180), answers(3)) == ["stock error"]


@pytest.mark.parametrize("owner", ["deployment", "backend", "workload"])
def test_a_point_names_whom_it_counts(tmp_path: Path, owner: str) -> None:
    def answers(ill: int) -> list[Json]:
        codes = (("500", ill), ("200", 300 - ill))
        return [counter("responses_total", number, {owner: "tax", "code": code}) for code, number in codes]

    assert causes(tmp_path, answers(180), answers(3), {"service.name": "unknown_service"}) == ["tax error"]


def test_failures_that_health_has_no_attribute_for_are_found(tmp_path: Path) -> None:
    ill = [counter("jobs.duration.count", 200, {"error.type": "TimeoutError"}), counter("jobs.duration.count", 100)]
    assert causes(tmp_path, ill, [counter("jobs.duration.count", 300)]) == ["stock error"]


@pytest.mark.parametrize("where", ["healthy", "incident"])
@pytest.mark.parametrize("stray", [1, 10**9, NOW - 86_400 * 10**9, 2**63 - 1])
def test_one_wrong_clock_does_not_make_its_window_longer(tmp_path: Path, where: str, stray: int) -> None:
    lines = [log_record(number, "no mirror, using the cache", severityNumber=17) for number in range(20)]
    for folder in ("healthy", "incident"):
        wrong = {**lines[3], "timeUnixNano": str(stray)}
        written(tmp_path / folder, "l.jsonl", log_request("stock", *lines, *([wrong] if folder == where else [])))
    diagnosis = diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None).diagnosis
    assert diagnosis.verdict is Confidence.INCONCLUSIVE
    assert max((cause.score for cause in diagnosis.causes), default=0.0) < 0.05


def test_everyday_faults_come_with_load_and_new_ones_do_not(tmp_path: Path) -> None:
    def lines(number: int, faults: int, text: str) -> Json:
        well = [log_record(n, f"GET /a/{n} done", severityNumber=9) for n in range(number)]
        return log_request("stock", *well, *(log_record(n, text, severityNumber=17) for n in range(faults)))

    written(tmp_path / "healthy", "l.jsonl", lines(20, 4, "no mirror"))
    written(tmp_path / "busy", "l.jsonl", {**lines(20, 16, "no mirror")}, lines(60, 0, ""))
    written(tmp_path / "ill", "l.jsonl", lines(20, 16, "bank says too late"), lines(60, 0, ""))
    assert diagnose_folder(tmp_path / "busy", [tmp_path / "healthy"], None).diagnosis.causes == ()
    ill = diagnose_folder(tmp_path / "ill", [tmp_path / "healthy"], None).diagnosis
    assert "bank says too late" in ill.evidence[0].statement
