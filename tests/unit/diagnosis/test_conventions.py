"""Failures, levels and metrics in the words of every convention, old and new: each is found, and health is not ill."""

from pathlib import Path

import pytest
from support.foreign import (
    NOW,
    Json,
    counter,
    gauge,
    histogram,
    log_record,
    log_request,
    metric_request,
    otlp,
    pairs,
    value_of,
    written,
)
from support.shop import Fault, Made, shop

from sre_space.bootstrap.diagnose import diagnose_folder
from sre_space.codec.changes import time_of
from sre_space.codec.log_text import severity_of, text_of
from sre_space.codec.origins import origin_of
from sre_space.codec.span_facts import facts_of

FAILING = shop(300, 2, Fault(fails={"GET /rate": "boom"}))
HEALTHY = shop(90, 7)


def exception(**more: object) -> Json:
    return {"name": "exception", "attributes": pairs({"exception.message": "boom", **more})}


@pytest.mark.parametrize(
    "sign",
    [
        {"attributes": {"http.response.status_code": 503.0}},
        {"attributes": {"http.status_code": "500"}},
        {"attributes": {"http.status_code": "503 Service Unavailable"}},
        {"attributes": {"grpc.code": "Internal"}},
        {"attributes": {"rpc.grpc.status_code": "UNAVAILABLE: no route"}},
        {"attributes": {"rpc.response.status_code": "INTERNAL"}},
        {"attributes": {"rpc.response.status_code": "14"}},
        {"attributes": {"grpc.status_code": 13.0}},
        {"attributes": {"rpc.grpc.status_code": 2}},
        {"attributes": {"error": True}},
        {"attributes": {"error": "no route to host"}},
        {"attributes": {"error.type": "java.io.IOException"}},
        {"attributes": {"otel.status_code": "ERROR"}},
        {"events": [exception()]},
    ],
)
def test_failures_without_a_status_are_found(tmp_path: Path, sign: Json) -> None:
    def told(span: Json, made: Made) -> Json:
        bare = {**span, "status": {}}
        if made.status != 2 or made.service != "tax":
            return bare
        more = pairs(sign.get("attributes", {}))
        return {**bare, "attributes": bare["attributes"] + more, "events": sign.get("events", [])}

    for folder, spans in (("incident", FAILING), ("healthy", HEALTHY)):
        written(tmp_path / folder, "traces.jsonl", otlp(spans, told))
    answer = diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None)
    assert answer.diagnosis.causes[0].service == "tax"
    assert answer.diagnosis.causes[0].kind == "error"


@pytest.mark.parametrize(
    "attributes",
    [
        {"error": False}, {"error": "false"}, {"http.response.status_code": 404.0}, {"rpc.grpc.status_code": 0},
        {"rpc.response.status_code": "NOT_FOUND"}, {"error.type": "404"}, {"error.type": ""},
    ],
)  # fmt: skip
def test_what_is_no_failure_stays_none(attributes: dict[str, object]) -> None:
    assert not facts_of(tuple(attributes.items())).failed


RESERVED = "could not reserve stock: no room"


@pytest.mark.parametrize(
    "told",
    [
        {"body": {"level": "error", "msg": RESERVED}},
        {"body": {"severity": "CRITICAL", "message": RESERVED}},
        {"body": '{"level": 50, "msg": "could not reserve stock: no room"}'},
        {"body": '{"log.level": "error", "message": "could not reserve stock: no room"}'},
        {"body": '{"log": {"level": "error"}, "message": "could not reserve stock: no room"}'},
        {"body": '{"s": "E", "c": "STORAGE", "msg": "could not reserve stock: no room"}'},
        {"body": '{"levelno": 40, "msg": "could not reserve stock: no room"}'},
        {"body": '{"msg": "request failed", "error": "could not reserve stock: no room"}'},
        {"body": '{"msg": "request failed", "err": {"message": "could not reserve stock: no room", "stack": "x"}}'},
        {"body": '{"msg": "request failed", "exception": {"exception_message": "could not reserve stock: no room"}}'},
        {"body": RESERVED, "severityNumber": "SEVERITY_NUMBER_ERROR"},
        {"body": RESERVED, "severityNumber": "17"},
        {"body": RESERVED, "severityText": "SEVERE"},
        {"body": RESERVED, "severityText": "crit"},
        {"body": RESERVED, "severityText": "Error"},
        {"body": RESERVED, "severityText": "E"},
        {"body": RESERVED, "severityText": "emerg"},
        {"body": RESERVED, "attributes": pairs({"level": "error"})},
        {"body": "request failed", "attributes": pairs({"exception.type": "X", "exception.message": RESERVED})},
        {"body": f'level=error msg="{RESERVED}"'},
        {"body": f'ts=2026-07-25T10:00:00Z lvl=eror msg="{RESERVED}"'},
        {"body": f"2026/07/25 10:00:00 [error] 7#7: *1 {RESERVED}"},
        {"body": f"[Sat Jul 25 10:00:00.1 2026] [core:error] [pid 1] {RESERVED}"},
        {"body": f"error: {RESERVED}"},
        {"body": f"2026-07-25T10:00:00Z [thread-1] c.b.e.b.e.ALongNameOfAClassThatConnects [FATAL] {RESERVED}"},
        {"body": f"2026-07-25 10:00:00,123 - stock - ERROR - {RESERVED}"},
        {"body": f"2026-07-25T10:00:00.000Z\terror\tstock/reserve.go:12\t{RESERVED}"},
        {"body": f"[10:00:00 ERR] {RESERVED}"},
        {"body": f"E0725 10:00:00.123456 7 reserve.go:12] {RESERVED}"},
        {"body": f"<11>Jul 25 10:00:00 host stock[1]: {RESERVED}"},
        {"body": f"Jul 25 10:00:00 host stock[1]: error: {RESERVED}"},
        {"body": f"2026-07-25 10:00:00.123 UTC [77] ERROR:  {RESERVED}"},
        {"body": f"fail: Stock.Reserve[1] {RESERVED}"},
        {"body": f"panic: {RESERVED}"},
        {"body": f"\x1b[31mERROR\x1b[0m {RESERVED}"},
        {"body": f"java.lang.IllegalStateException: {RESERVED}"},
        {"body": f"Traceback (most recent call last): {RESERVED}"},
        {"body": f'{{"@t": "2026-07-25T10:00:00Z", "@m": "{RESERVED}", "@l": "Error"}}'},
        {"body": f'{{"@t": "2026-07-25T10:00:00Z", "@mt": "no", "@x": "System.Exception: {RESERVED}"}}'},
        {"body": f'{{"Timestamp": "x", "Level": "Error", "RenderedMessage": "{RESERVED}"}}'},
        {"body": f'{{"EventId": 0, "LogLevel": "Critical", "Message": "{RESERVED}"}}'},
        {"body": f'{{"@level": "error", "@message": "{RESERVED}"}}'},
        {"body": f'{{"level": 400, "level_name": "ERROR", "message": "{RESERVED}"}}'},
        {"body": f'{{"level_value": 40000, "message": "{RESERVED}"}}'},
        {"body": f'{{"level": "ERROR+4", "msg": "{RESERVED}"}}'},
        {"body": f'{{"status": "error", "message": "{RESERVED}"}}'},
        {"body": f'{{"timestamp": "x", "level": "ERROR", "fields": {{"message": "{RESERVED}"}}}}'},
        {"body": {"Level": "Error", "Message": RESERVED}},
        {"body": RESERVED, "severityText": "LogLevel.Error"},
        {"body": RESERVED, "severityText": "SEVERITY_NUMBER_ERROR"},
        {"body": RESERVED, "severityText": "1000"},
        {"body": RESERVED, "attributes": pairs({"Level": "Error"})},
        {"body": RESERVED, "attributes": pairs({"detected_level": "error"})},
        {"body": RESERVED, "attributes": pairs({"syslog.severity.name": "err"})},
        {"body": f"[2026-07-25 10:00:00] production.ERROR: {RESERVED}"},
        {"body": f"[25-Jul-2026 10:00:00 UTC] PHP Fatal error:  {RESERVED} in /app/x.php:5"},
        {"body": f"2026-07-25 10:00:00.123456 E [7:puma] Stock -- {RESERVED}"},
        {"body": f"ERRO[0005] {RESERVED}"},
        {"body": f"CEF:0|Acme|stock|1.0|100|{RESERVED}|8|src=192.0.2.1"},
        {"body": f"7:M 25 Jul 2026 10:00:00.123 # {RESERVED}"},
        {"body": f"2026/07/25 10:00:00 http: panic serving 192.0.2.1:5: {RESERVED}"},
        {"body": f"reserve.go:55: error: {RESERVED}"},
        {"body": f"RuntimeError ({RESERVED}):"},
    ],
)  # fmt: skip
def test_a_level_is_found_however_it_is_said(tmp_path: Path, told: Json) -> None:
    well = [log_record(number, f"GET /items/{number} 200 in {number} ms", severityNumber=9) for number in range(20)]
    ill = [{**log_record(number, ""), **told, "body": value_of(told["body"])} for number in range(20)]
    written(tmp_path / "healthy", "logs.jsonl", log_request("stock", *well))
    written(tmp_path / "incident", "logs.jsonl", log_request("stock", *well), log_request("stock", *ill))
    diagnosis = diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None).diagnosis
    assert diagnosis.causes[0].service == "stock"
    assert RESERVED in diagnosis.evidence[0].statement


@pytest.mark.parametrize(
    "line",
    ["GET /error 200", "no errors found", "INFO handled ERROR response", '{"level": 30, "msg": "x"}', "LOG:  done",
     "error rate is 0", 'level=info msg="[error] gone"', "done, error: none", '{"@t": "x", "@mt": "no {Error}"}',
     '192.0.2.1 - - [x] "GET /a HTTP/1.1" 404 7', "GET /a 200 in 503 ms", '{"msg": "done", "status": 500.5}',
     '{"level": 20, "msg": "x", "priority": 1}', "7:M 25 Jul 2026 10:00:00.123 * saved",
     "method=GET status=204 ms=500"],
)  # fmt: skip
def test_a_line_that_speaks_of_errors_is_none(line: str) -> None:
    text = text_of(line)
    assert severity_of(None, None, text) < 17


@pytest.mark.parametrize(
    "line",
    [
        '192.0.2.1 - - [25/Jul/2026:10:00:00 +0000] "POST /a HTTP/1.1" 502 157 "-" "curl/8"',
        'INFO:     192.0.2.1:55 - "POST /a HTTP/1.1" 500 Internal Server Error',
        '[2026-07-25T10:00:00Z] "POST /a HTTP/2" 503 UF 0 91 5 - "-"',
        'haproxy[7]: 192.0.2.1:5 [x] fe be/s1 0/0/-1/-1/5 503 217 - - SC-- 1/1/0/0/3 0/0 "POST /a HTTP/1.1"',
        '[GIN] 2026/07/25 - 10:00:00 | 500 |     5.1ms |  192.0.2.1 | POST     "/a"',
        "POST /a 500 5.123 ms - 157",
        "method=POST path=/a status=500 duration=5.0",
        '{"response_code": 503, "method": "POST"}',
        '{"level": "info", "msg": "", "DownstreamStatus": 502, "RequestPath": "/a"}',
        '{"level": "info", "msg": "request completed", "status": 500, "path": "/a"}',
    ],
)
def test_a_line_of_an_access_log_that_tells_of_a_servers_failure_is_an_error(line: str) -> None:
    assert severity_of(None, None, text_of(line)) == 17
    assert severity_of(9, "INFO", text_of(line)) == 17


def test_a_body_without_its_type_is_read(tmp_path: Path) -> None:
    ill = [{"timeUnixNano": str(NOW + number), "body": f"ERROR {RESERVED}"} for number in range(20)]
    well = [log_record(number, "all is well", severityNumber=9) for number in range(20)]
    written(tmp_path / "healthy", "logs.jsonl", log_request("stock", *well))
    written(tmp_path / "incident", "logs.jsonl", log_request("stock", *well), log_request("stock", *ill))
    answer = diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None)
    assert answer.diagnosis.causes[0].service == "stock"
    assert not answer.unread


def test_lines_of_one_shape_and_two_levels_are_counted_apart(tmp_path: Path) -> None:
    def lines(ill: int, number: int) -> Json:
        records = [
            log_record(n, f"GET /a/{n} {500 if n < ill else 200} in 3 ms", severityNumber=17 if n < ill else 9)
            for n in range(number)
        ]
        return log_request("stock", *records)

    written(tmp_path / "healthy", "logs.jsonl", lines(0, 40))
    written(tmp_path / "incident", "logs.jsonl", lines(24, 40))
    written(tmp_path / "busy", "logs.jsonl", lines(0, 160))
    ill = diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None).diagnosis
    assert "GET /a/0 500" in ill.evidence[0].statement
    assert diagnose_folder(tmp_path / "busy", [tmp_path / "healthy"], None).diagnosis.causes == ()


@pytest.mark.parametrize("where", ["healthy", "incident"])
def test_an_observation_without_a_time_does_not_make_its_window_longer(tmp_path: Path, where: str) -> None:
    lines = [log_record(number, "no mirror, using the cache", severityNumber=17) for number in range(20)]
    written(tmp_path / "healthy", "logs.jsonl", log_request("stock", *lines))
    written(tmp_path / "incident", "logs.jsonl", log_request("stock", *lines))
    written(tmp_path / where, "more.jsonl", log_request("stock", {"body": value_of("started")}))
    point = {"asDouble": 3.0}
    written(
        tmp_path / where,
        "m.jsonl",
        metric_request({"service.name": "web"}, {"name": "x", "gauge": {"dataPoints": [point]}}),
    )
    assert diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None).diagnosis.causes == ()


def measured(tmp_path: Path, incident: list[Json], healthy: list[Json], resource: Json | None = None) -> list[str]:
    """Return the causes that metrics name, as `service kind`."""
    named = {"service.name": "stock"} if resource is None else resource
    written(tmp_path / "incident", "metrics.jsonl", metric_request(named, *incident))
    written(tmp_path / "healthy", "metrics.jsonl", metric_request(named, *healthy))
    diagnosis = diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None).diagnosis
    return [f"{cause.service} {cause.kind}" for cause in diagnosis.causes]


DURATION = "http.server.request.duration"


def test_a_histogram_is_its_mean_not_its_sum(tmp_path: Path) -> None:
    assert measured(tmp_path / "busy", [histogram(DURATION, 900, 0.05)], [histogram(DURATION, 300, 0.05)]) == []
    slow = measured(tmp_path / "slow", [histogram(DURATION, 75, 0.2)], [histogram(DURATION, 300, 0.05)])
    assert slow == ["stock slow-code"]


def test_a_summary_only_grows(tmp_path: Path) -> None:
    old, new = (
        histogram("rpc_duration_seconds", 30, 0.01, "summary"),
        histogram("rpc_duration_seconds", 30, 0.01, "summary"),
    )
    for point in new["summary"]["dataPoints"]:
        point["count"], point["sum"] = str(int(point["count"]) + 90_000), point["sum"] + 900.0
    assert measured(tmp_path, [new], [old]) == []


def test_a_sum_and_a_count_of_their_own_are_a_mean(tmp_path: Path) -> None:
    def pair(mean: float, rate: float) -> list[Json]:
        return [counter("request_duration_seconds_sum", mean * rate), counter("request_duration_seconds_count", rate)]

    assert measured(tmp_path / "busy", pair(0.05, 900), pair(0.05, 300)) == []
    assert measured(tmp_path / "slow", pair(0.3, 100), pair(0.05, 300)) == ["stock slow-code"]


def test_counters_are_rates_whatever_the_interval(tmp_path: Path) -> None:
    often, seldom = counter("job.errors", 10, seconds=15), counter("job.errors", 40, seconds=60)
    assert measured(tmp_path, [seldom], [often]) == []


@pytest.mark.parametrize(
    ("name", "key", "bad", "good"),
    [
        ("http_requests_total", "code", "500", "200"),
        ("http.server.requests", "http.response.status_code", "503", "201"),
        ("http_server_requests_seconds_count", "outcome", "SERVER_ERROR", "SUCCESS"),
        ("traces.span.metrics.calls", "status.code", "STATUS_CODE_ERROR", "STATUS_CODE_UNSET"),
        ("grpc_server_handled_total", "grpc_code", "Internal", "OK"),
        ("rpc.server.calls", "rpc.grpc.status_code", "14", "0"),
    ],
)
def test_the_share_of_bad_answers_is_a_failure(tmp_path: Path, name: str, key: str, bad: str, good: str) -> None:
    def answers(ill: int, whole: int) -> list[Json]:
        return [counter(name, ill, {key: bad}), counter(name, whole - ill, {key: good})]

    assert measured(tmp_path / "ill", answers(180, 300), answers(3, 300)) == ["stock error"]
    assert measured(tmp_path / "busy", answers(9, 900), answers(3, 300)) == []


def test_counted_spans_are_those_of_the_service_that_they_name(tmp_path: Path) -> None:
    def calls(ill: int) -> list[Json]:
        return [
            counter("calls", count, {"service.name": "tax", "status.code": code})
            for count, code in ((ill, "STATUS_CODE_ERROR"), (300 - ill, "STATUS_CODE_UNSET"))
        ]

    assert measured(tmp_path, calls(200), calls(3), {}) == ["tax error"]


@pytest.mark.parametrize("name", ["process.uptime", "process_start_time_seconds", "queue_created"])
@pytest.mark.parametrize("later", [0.01, 1.0, 100.0])
def test_a_process_that_was_started_anew_is_no_failure(tmp_path: Path, name: str, later: float) -> None:
    healthy, now = ([begin + 15 * number for number in range(8)] for begin in (86_400.0, 86_400.0 * later))
    assert measured(tmp_path, [gauge(name, now)], [gauge(name, healthy)]) == []


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"service.name": "a", "k8s.deployment.name": "b"}, "a"),
        ({"service.name": "unknown_service:java", "k8s.deployment.name": "b"}, "b"),
        ({"k8s.deployment.name": "b", "k8s.pod.name": "b-5d4f8c7b9-abcde"}, "b"),
        ({"k8s.statefulset.name": "db"}, "db"),
        ({"k8s.pod.name": "cart-5d4f8c7b9-x2x4z"}, "cart"),
        ({"k8s.pod.name": "db-0"}, "db"),
        ({"k8s.replicaset.name": "cart-5d4f8c7b9"}, "cart"),
        ({"faas.name": "resize"}, "resize"),
        ({"host.name": "n1"}, "unknown_service"),
    ],
)
def test_a_service_without_a_name_has_that_of_its_deployment(attributes: dict[str, str], name: str) -> None:
    assert origin_of(attributes).service == name


@pytest.mark.parametrize(
    "time",
    [NOW // 10**9, NOW / 10**9, str(NOW // 10**6), NOW // 1000, NOW, "2026-09-21T14:13:20Z",
     "2026-09-21 14:13:20 +0000", "Mon, 21 Sep 2026 14:13:20 GMT"],
)  # fmt: skip
def test_a_change_has_its_time_in_any_unit(time: object) -> None:
    assert time_of(time) == NOW
