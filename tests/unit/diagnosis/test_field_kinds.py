"""Small incidents as the field has them: peers outside, no kinds, no baseline, one request, plain terminals."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.foreign import Json, log_record, log_request, otlp, pairs, written
from support.shop import EPOCH, Fault, Made, changed, shop, telemetry

from sre_space.analysis.diagnosis.engine import diagnose
from sre_space.analysis.diagnosis.messages import is_callers_fault
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.analysis.diagnosis.tables import CLIENT, CONSUMER, ERROR, Telemetry
from sre_space.bootstrap.diagnose import diagnose_folder
from sre_space.domain.diagnosis import CauseKind, Confidence
from sre_space.text.diagnosis_report import report

HEALTHY = shop(120, 7)
FAILING = Fault(fails={"GET /rate": "no rates"})


# Who is outside is named, and no service is down for its sake


def _is_last(span: Made) -> bool:
    return span.service == "tax" and span.kind == CLIENT


def _is_above(span: Made) -> bool:
    """Return True for the calls that lead to tax's last one, and for that."""
    return _is_last(span) or span.operation in ("GET /rate", "POST /quote", "GET /buy") or span.peer in ("price", "tax")


def _failed(span: Made, message: str) -> Made:
    return replace(span, status=ERROR, message=message if _is_last(span) else "")


def outside(peer: str, message: str, statement: str = "") -> CaseDiagnosis:
    """Return the diagnosis where tax's last call, to somebody without spans, fails in 6 of 10 requests."""

    def called(spans: list[Made], failing: bool) -> list[Made]:
        told = [replace(one, peer=peer, statement=statement) if _is_last(one) else one for one in spans]
        lost = {one.trace for one in spans if failing and int(one.trace, 16) % 10 < 6}
        return [_failed(one, message) if one.trace in lost and _is_above(one) else one for one in told]

    return diagnose(telemetry(called(shop(200, 2), True)), [telemetry(called(shop(150, 7), False))])


@pytest.mark.parametrize(
    ("peer", "message", "statement"),
    [
        ("cards", "connection refused", "SELECT rate WHERE id = ?"),
        ("cards", "canceling statement due to statement timeout", "SELECT rate WHERE id = ?"),
        ("cards", "FATAL: sorry, too many clients already", "SELECT rate WHERE id = ?"),
        ("api.bank.example", "connect ECONNREFUSED 192.0.2.7:443", ""),
        ("api.bank.example", "429 Too Many Requests", ""),
        ("api.bank.example", "context deadline exceeded", ""),
        ("cache-7.internal:6379", "READONLY You can't write against a read only replica.", ""),
        ("smtp.example:25", "421 4.7.0 Try again later", ""),
        ("api.bank.example", "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired", ""),
        ("api.bank.example", "PKIX path validation failed: CertPathValidatorException: validity check failed", ""),
    ],
)
def test_what_a_peer_without_spans_does_is_a_fault_of_that_peer_and_named(
    peer: str, message: str, statement: str
) -> None:
    found = outside(peer, message, statement)

    assert (found.causes[0].service, found.causes[0].kind) == ("tax", CauseKind.DEPENDENCY_ERROR)
    text = report(found)
    assert peer in text
    assert not any(word in text.split("\n")[0] for word in ("is down", "run out", "does not answer"))


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("dial tcp: too many open files", CauseKind.SATURATION),
        ("HikariPool-1 - Connection is not available, request timed out after 30000ms", CauseKind.SATURATION),
        ("Knex: Timeout acquiring a connection. The pool is probably full.", CauseKind.SATURATION),
        ("NOAUTH Authentication required.", CauseKind.MISCONFIGURATION),
        ("getaddrinfo ENOTFOUND cards", CauseKind.MISCONFIGURATION),
        ("remote error: tls: expired certificate", CauseKind.MISCONFIGURATION),
    ],
)
def test_what_is_the_callers_own_is_its_fault(message: str, kind: CauseKind) -> None:
    found = outside("cards", message, "SELECT rate WHERE id = ?")

    assert (found.causes[0].service, found.causes[0].kind) == ("tax", kind)


def test_a_pool_of_http_connections_is_named_by_who_was_asked() -> None:
    said = "HTTPConnectionPool(host='tax', port=80): Max retries exceeded: [Errno 111] Connection refused"
    assert not is_callers_fault(said)
    assert is_callers_fault("QueuePool limit of size 5 overflow 10 reached")


@pytest.mark.parametrize("status", [{"code": 2}, {}])
def test_a_limit_of_a_peer_is_that_peers_and_its_code_is_said(tmp_path: Path, status: Json) -> None:
    def answered(told: Json, span: Made) -> Json:
        bare = [pair for pair in told["attributes"] if not pair["key"].startswith(("db.", "peer."))]
        limited = int(span.trace, 16) % 10 < 6 and (span.trace, span.id) in failing
        if _is_last(span):
            more = {"server.address": "api.bank.example", "http.response.status_code": 429 if limited else 200}
            return {**told, "attributes": bare + pairs(more), "status": status if limited else {}}
        return {**told, "status": {"code": 2} if limited and _is_above(span) else told["status"]}

    failing = {(one.trace, one.id) for one in shop(200, 2)}
    written(tmp_path / "incident", "traces.jsonl", otlp(shop(200, 2), answered))
    written(tmp_path / "healthy", "traces.jsonl", otlp(shop(150, 7), answered))
    found = diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None).diagnosis

    assert (found.causes[0].service, found.causes[0].kind) == ("tax", CauseKind.DEPENDENCY_ERROR)
    assert found.verdict is Confidence.CONFIRMED
    assert "api.bank.example" in found.evidence[0].statement
    assert "429" in found.evidence[0].statement


def test_a_peer_that_does_not_answer_fails_rather_than_its_network_is_slow() -> None:
    def silent(spans: list[Made], failing: bool) -> list[Made]:
        told = [
            replace(one, operation="POST", peer="api.bank.example", statement="") if _is_last(one) else one
            for one in spans
        ]
        return [_timed_out(one) if failing and _is_above(one) else one for one in told]

    found = diagnose(telemetry(silent(shop(200, 2), True)), [telemetry(silent(shop(150, 7), False))])

    assert (found.causes[0].service, found.causes[0].kind) == ("tax", CauseKind.DEPENDENCY_ERROR)


def _timed_out(span: Made) -> Made:
    waited = replace(span, end=span.end + 3 * 10**9)
    return replace(waited, status=ERROR, message="Read timed out." if _is_last(span) else "")


@pytest.mark.parametrize(("operation", "accused"), [("orders receive", []), ("orders process", ["mailer"])])
def test_who_waits_for_messages_is_not_slow_and_who_works_on_them_is(operation: str, accused: list[str]) -> None:
    def consumed(number: int, took: float) -> list[Made]:
        begin = EPOCH + number * 10**9
        return [
            Made(f"{number:032x}", f"{number:016x}", "", "mailer", operation, CONSUMER, begin, begin + int(took * 1e9))
        ]

    def window(number: int, took: float) -> Telemetry:
        return telemetry([one for each in range(number) for one in consumed(each, took + 0.001 * (each % 5))])

    found = diagnose(window(30, 0.9), [window(60, 0.04)])

    assert [cause.service for cause in found.causes] == accused


def test_clocks_askew_change_no_request() -> None:
    ahead = {"cart": 2 * 10**9, "tax": -3 * 10**9}

    def askew(span: Made) -> Made:
        shift = ahead.get(span.service, 0)
        return replace(span, start=span.start + shift, end=span.end + shift)

    slow = shop(90, 2, Fault(slow={"GET /rate": 120.0}))
    found = diagnose(telemetry([askew(span) for span in slow]), [telemetry(HEALTHY)])

    assert (found.causes[0].service, found.verdict) == ("tax", Confidence.CONFIRMED)


# Telemetry that says less


@pytest.mark.parametrize("kinds", ["none", "clients", "servers"])
def test_a_service_that_left_no_span_is_down_whatever_kinds_say(kinds: str) -> None:
    def bare(span: Made) -> dict[str, object]:
        keep = {"none": (), "clients": (3,), "servers": (2,)}[kinds]
        return {} if span.kind in keep or span.statement else {"kind": 0}

    found = diagnose(
        telemetry(changed(shop(200, 2, Fault(dead="tax")), bare)), [telemetry(changed(shop(150, 7), bare))]
    )
    assert (found.causes[0].service, found.causes[0].kind) == ("tax", CauseKind.CRASH)


@pytest.mark.parametrize("answered", [{"http.response.status_code": 200}, {"http.status_code": "204"}])
@pytest.mark.parametrize("inner", [{"error": True}, {"http.response.status_code": 500}, {"error.type": "KeyError"}])
def test_without_a_baseline_an_inner_failure_that_its_callers_handled_accuses_nobody(
    tmp_path: Path, answered: dict[str, object], inner: dict[str, object]
) -> None:
    spans = shop(1, 2)

    def told(span: dict[str, object], made: Made) -> dict[str, object]:
        return {**span, "status": {}, "attributes": pairs(inner if made.operation == "GET /items" else answered)}

    written(tmp_path, "t.jsonl", otlp(spans, told))
    assert diagnose_folder(tmp_path, [], None).diagnosis.verdict is Confidence.INCONCLUSIVE


def test_without_a_baseline_a_failure_that_reached_the_customer_is_a_suspicion(tmp_path: Path) -> None:
    written(tmp_path, "t.jsonl", otlp(shop(30, 2, FAILING)))

    assert diagnose_folder(tmp_path, [], None).diagnosis.causes[0].service == "tax"


def test_one_failed_request_against_a_healthy_one_is_a_suspicion_of_who_failed() -> None:
    found = diagnose(telemetry(shop(2, 2, FAILING)), [telemetry(shop(2, 7))])

    assert found.verdict is not Confidence.CONFIRMED
    assert found.causes[0].service == "tax"


@pytest.mark.parametrize("name", ["traces.pb", "traces.parquet", "traces.csv", "traces.log"])
def test_a_baseline_that_is_not_read_confirms_nothing_and_is_said(tmp_path: Path, name: str) -> None:
    written(tmp_path / "incident", "t.jsonl", otlp(shop(90, 2, Fault(slow={"GET /rate": 40}))))
    (tmp_path / "healthy").mkdir()
    (tmp_path / "healthy" / name).write_bytes(b"\n\x0aPAR1")

    answer = diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None)
    assert answer.diagnosis.verdict is not Confidence.CONFIRMED
    text = report(answer.diagnosis)
    assert "nothing here differs" not in text
    assert "baseline" in text.partition("Limits")[2]
    assert answer.unread


# Changes


@pytest.mark.parametrize("unit", [10**9, 10**6, 10**3, 1])
def test_a_change_is_found_by_its_time_in_any_unit(tmp_path: Path, unit: int) -> None:
    written(tmp_path / "incident", "t.jsonl", otlp(shop(90, 2, FAILING)))
    written(tmp_path / "healthy", "t.jsonl", otlp(HEALTHY))
    diff = "@@ tax.py @@\n-  cached(rate)\n"
    guilty = {"id": "c0ffee1", "time": (EPOCH - 5 * 10**9) // unit, "service": "tax", "diff": diff}
    old = {"id": "0ld", "time": (EPOCH - 10**14) // unit, "service": "tax", "diff": diff}
    written(tmp_path / "incident", "changes.jsonl", old, guilty)

    found = diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None).diagnosis
    assert (found.change, found.causes[0].kind) == ("c0ffee1", CauseKind.BAD_CHANGE)


# Logs and terminals


def test_more_of_the_same_lines_are_no_suspicion(tmp_path: Path) -> None:
    def lines(number: int) -> object:
        records = [
            log_record(n, f"GET /a/{n} {500 if n % 25 == 0 else 200} in 3 ms", severityNumber=9) for n in range(number)
        ]
        return log_request(
            "orders",
            *({**one, "timeUnixNano": str(EPOCH + n * 10**9 * 600 // number)} for n, one in enumerate(records)),
        )

    written(tmp_path / "healthy", "logs.jsonl", lines(100))
    written(tmp_path / "incident", "logs.jsonl", lines(400))
    assert diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None).diagnosis.causes == ()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_a_terminal_without_unicode_gets_a_report(tmp_path: Path, encoding: str) -> None:
    renamed = changed(shop(60, 2, FAILING), lambda span: {"service": "税金"} if span.service == "tax" else {})
    written(tmp_path, "t.jsonl", otlp(renamed))

    done = subprocess.run(
        [sys.executable, "-m", "sre_space.cli.main", "diagnose", "--incident", str(tmp_path)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"Evidence" in done.stdout
    assert b"Traceback" not in done.stderr
    assert done.stdout.decode(encoding)
