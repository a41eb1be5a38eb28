"""What telemetry means: whose fault a message tells, structure that is repaired, and what is no symptom."""

from dataclasses import replace

import numpy as np
import pytest
from support.shop import EPOCH, Fault, Made, changed, row, shop, telemetry

from sre_space.analysis.diagnosis.building import LogBuilder, LogRow, MetricBuilder, SpanBuilder
from sre_space.analysis.diagnosis.engine import diagnose
from sre_space.analysis.diagnosis.peers import Peers
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.analysis.diagnosis.tables import (
    CLIENT,
    CONSUMER,
    ERROR,
    PRODUCER,
    SERVER,
    Change,
    ServiceState,
    Telemetry,
)
from sre_space.domain.diagnosis import CauseKind, Confidence
from sre_space.text.diagnosis_report import report

HEALTH = telemetry(shop(seed=7))
SECOND = 10**9


def compared(spans: list[Made], usual: list[Made]) -> CaseDiagnosis:
    return diagnose(telemetry(spans), [telemetry(usual)])


# Whose fault a message tells


@pytest.mark.parametrize("peer", ["tax", "http://tax:8080", "tax.shop.svc.cluster.local:8080", "shop.Tax"])
def test_a_peer_that_is_a_service_is_accused_by_what_its_callers_say_of_it(peer: str) -> None:
    def seen_by_callers(spans: list[Made]) -> list[Made]:
        kept = [one for one in spans if one.service != "tax"]
        return changed(kept, lambda one: {"peer": peer} if one.peer == "tax" else {})

    broken = Fault(fails={"GET /rate": "boom"})
    healthy = shop(seed=7)
    found = diagnose(telemetry(seen_by_callers(shop(300, 2, broken))), [telemetry(healthy), telemetry(shop(seed=8))])
    assert found.causes[0].service == "tax"
    assert found.causes[0].kind not in (CauseKind.HANG, CauseKind.SATURATION)


def test_who_rejects_what_another_answered_accuses_that_one() -> None:
    """The caller fails, and what it says names the service whose answer it could not use."""
    found = compared(
        shop(300, 2, Fault(fails={"POST /quote": "decode answer of cart: unexpected end of JSON input"})), shop(seed=7)
    )
    assert found.causes[0].service == "cart"


def test_who_asks_for_what_does_not_exist_is_at_fault_and_not_who_says_so() -> None:
    """The client span failed with 404; its other end answered, and did not fail."""

    def asked(count: int, seed: int, bad: bool) -> Telemetry:
        spans = []
        for trace in range(seed, seed + count):
            state = {"status": ERROR} if bad else {}
            spans += [
                row(trace, "1", "", "web", "GET /buy", 0, 20, **state),
                row(trace, "2", "1", "web", "GET", 2, 9, kind=CLIENT, **state),
                row(trace, "3", "2", "shelf", "GET", 3, 7),
            ]
        table = telemetry(spans)
        code = np.where(table.spans.kind == CLIENT, 404 if bad else 200, 0).astype(np.int16)
        return replace(table, spans=replace(table.spans, code=code))

    assert diagnose(asked(30, 100, True), [asked(60, 10, False)]).causes[0].service == "web"


def test_a_wrong_password_is_of_who_uses_it() -> None:
    found = compared(shop(300, 2, Fault(fails={"POST /quote": "password authentication failed at cart"})), shop(seed=7))
    assert found.causes[0].service == "price"


def test_services_that_end_for_lack_of_their_store_accuse_the_store() -> None:
    lines, names = LogBuilder(), ("shop-orders", "shop-carts", "shop-users")
    for at, name in enumerate(names):
        text = "java.sql.SQLNonTransientConnectionException: Too many connections"
        lines.rows.append(LogRow(EPOCH + at * SECOND, lines.names[name], 17, lines.names[text]))
    down = [_state(name, ended=True) for name in names]
    other = [_state("shop-mysql"), _state("billing-mysql"), _state("web")]
    found = diagnose(
        Telemetry(SpanBuilder().table(), MetricBuilder().table(), lines.table()), [], states=[*down, *other]
    )
    assert found.causes[0].service == "shop-mysql"
    assert found.verdict is not Confidence.CONFIRMED


def _state(service: str, ended: bool = False) -> ServiceState:
    return ServiceState(service, ended, "exited" if ended else "running", f"unit:{service}", not ended, not ended, "")


# Structure is repaired


def test_a_span_without_parent_hangs_under_the_one_that_contains_it() -> None:
    def served(count: int, seed: int, slow: float) -> list[Made]:
        spans = []
        for trace in range(seed, seed + count):
            long = 60 + slow + trace % 5
            spans += [
                row(trace, "1", "", "web", "GET /buy", 0, long),
                row(trace, "2", "f", "price", "POST /quote", 5, long - 10),
                row(trace, "3", "e", "tax", "GET /rate", 10, long - 20),
            ]
        return spans

    found = compared(served(30, 100, 100), served(60, 10, 0))
    assert found.verdict is Confidence.CONFIRMED
    assert [cause.service for cause in found.causes if cause.score > 0.2] == ["tax"]


def test_a_trace_of_many_requests_is_left_as_it_is() -> None:
    spans = [replace(one, trace="7" * 32) for one in shop(40, 2)]
    assert compared(spans, [replace(one, trace="6" * 32) for one in shop(40, 3)]).verdict is Confidence.INCONCLUSIVE


@pytest.mark.parametrize("apart", [False, True])
def test_the_first_failure_explains_those_after_it(apart: bool) -> None:
    """One call fails, and the next, asked afterwards, for that: beside each other, or each beneath the last."""

    def served(count: int, seed: int, bad: int) -> list[Made]:
        spans = []
        for trace in range(seed, seed + count):
            spans += [
                row(trace, "1", "", "web", "POST /order", 0, 50, status=bad),
                row(trace, "2", "1", "web", "pay", 2, 9, kind=0, status=bad),
                row(trace, "3", "2", "pay", "POST /charge", 3, 7, status=bad, message="declined" if bad else ""),
                row(trace, "4", "3" if apart else "1", "web", "tell", 25, 9, kind=0, status=bad),
                row(trace, "5", "4", "mail", "POST /send", 26, 7, status=bad, message="no payment" if bad else ""),
            ]
        return spans

    found = compared(served(20, 100, ERROR), served(60, 10, 0))
    assert found.causes[0].service == "pay"


def test_pauses_between_attempts_are_no_work_of_the_callers_own() -> None:
    def served(count: int, seed: int, bad: bool) -> list[Made]:
        spans = []
        for trace in range(seed, seed + count):
            state = {"status": ERROR, "message": "boom"} if bad else {}
            attempts = 3 if bad else 1
            spans.append(row(trace, "1", "", "web", "GET /buy", 0, 10 + 100 * attempts, status=ERROR if bad else 0))
            for attempt in range(attempts):
                client = f"2{attempt}"
                spans.append(row(trace, client, "1", "web", "GET", 2 + 100 * attempt, 8, kind=CLIENT, **state))
                spans.append(row(trace, f"3{attempt}", client, "tax", "GET /rate", 4 + 100 * attempt, 4, **state))
        return spans

    found = compared(served(30, 100, True), served(60, 10, False))
    assert (found.causes[0].service, found.causes[0].kind) == ("tax", CauseKind.ERROR)
    assert "web" not in {cause.service for cause in found.causes if cause.score > 0.3}


# The symptom comes first


def test_a_failure_that_its_callers_handle_accuses_nobody() -> None:
    def served(count: int, seed: int, bad: int) -> list[Made]:
        spans = []
        for trace in range(seed, seed + count):
            spans += [
                row(trace, "1", "", "web", "GET /buy", 0, 30, status=1),
                row(trace, "2", "1", "web", "GET", 2, 9, kind=CLIENT, status=bad),
                row(trace, "3", "2", "ads", "GET /ads", 3, 7, status=bad, message="none left" if bad else ""),
            ]
        return spans

    found = compared(served(40, 100, ERROR), served(60, 10, 1))
    assert found.verdict is Confidence.INCONCLUSIVE
    assert found.causes[0].service == "ads"


@pytest.mark.parametrize(("requests", "verdict"), [(3, Confidence.INCONCLUSIVE), (30, Confidence.CONFIRMED)])
def test_a_few_requests_convict_nobody(requests: int, verdict: Confidence) -> None:
    """Two of three requests pass by tax."""
    assert diagnose(telemetry(shop(requests, 2, Fault(fails={"GET /rate": "boom"}))), [HEALTH]).verdict is verdict


def test_health_is_no_suspicion_of_one_per_cent() -> None:
    text = report(diagnose(telemetry(shop(seed=2)), [HEALTH]))
    assert text.startswith("INCONCLUSIVE: nothing here")
    assert "First suspicion" not in text


# The report


def test_a_message_that_waits_longer_is_a_suspicion() -> None:
    def served(count: int, seed: int, lag: float) -> list[Made]:
        spans = []
        for trace in range(seed, seed + count):
            spans += [
                row(trace, "1", "", "orders", "POST /orders", 0, 8),
                row(trace, "2", "1", "orders", "orders publish", 2, 2, kind=PRODUCER),
                row(trace, "3", "2", "stock", "orders process", 4 + lag, 5, kind=CONSUMER),
            ]
        return spans

    found = compared(served(20, 100, 30_000), served(40, 10, 20))
    assert (found.verdict, found.causes[0].service) == (Confidence.INCONCLUSIVE, "stock")
    assert "begins 30.0 s after orders sent" in report(found)


def test_one_query_a_row_is_called_repeated() -> None:
    found = diagnose(telemetry(shop(300, 2, Fault(repeats={"GET /items": 30}))), [HEALTH])
    assert "web repeats a call" in report(found)


def test_the_culprit_stays_in_a_long_trace() -> None:
    def served(count: int, seed: int, last: float) -> list[Made]:
        spans = []
        for trace in range(seed, seed + count):
            spans.append(row(trace, "1", "", "batch", "job", 0, 6 * 60 + last))
            for step in range(60):
                long = last if step == 59 else 5
                spans.append(row(trace, f"a{step}", "1", "batch", f"step {step}", 6 * step, long, kind=1))
        return spans

    found = compared(served(20, 100, 200), served(40, 10, 5))
    assert any(one.culprit and one.operation == "step 59" for one in found.waterfall)
    assert len(found.waterfall) <= 40


def test_two_services_that_share_span_ids_have_a_line_each() -> None:
    def shared(spans: list[Made]) -> list[Made]:
        by_id = {one.id: one for one in spans}
        parents = {one.id: one.parent for one in spans if one.kind == SERVER and one.parent}
        return [
            replace(one, id=parents.get(one.id, one.id), parent=by_id[one.parent].parent)
            if one.id in parents
            else replace(one, parent=parents.get(one.parent, one.parent))
            for one in spans
        ]

    found = compared(shared(shop(300, 2, Fault(fails={"GET /rate": "boom"}))), shared(shop(seed=7)))
    cited = {item.id: item.statement for item in found.evidence}
    assert found.causes[0].service == "tax"
    assert "`GET /rate` in tax" in cited[found.causes[0].evidence[0]]
    assert len({item.id for item in found.evidence}) == len(found.evidence)


def test_the_only_deployment_shortly_before_is_named_though_nothing_tells_whether_it_is_guilty() -> None:
    incident = [replace(one, start=one.start + SECOND * 60, end=one.end + SECOND * 60)
                for one in shop(300, 2, Fault(fails={"GET /rate": "boom"}))]  # fmt: skip
    change = Change("deploy-77", EPOCH + 55 * SECOND, "tax", "deployment", "tax 1.4.2", "")
    found = diagnose(telemetry(incident), [HEALTH], [change])
    assert found.change is None
    assert "deploy-77 of tax came 5 s before" in report(found)
    twice = diagnose(telemetry(incident), [HEALTH], [change, replace(change, id="deploy-78")])
    assert "No recent change explains it" in report(twice)


# Changes


@pytest.mark.parametrize(
    "diff",
    [
        "@@ src/handler.py @@\n-import os",
        '@@ src/handler.py @@\n+    log.debug("answer of %d bytes", len(body))',
    ],
)
def test_what_changes_no_behaviour_by_itself_is_not_blamed(diff: str) -> None:
    change = Change("c0ffee", EPOCH - SECOND, "tax", "deployment", "Tidy up", diff)
    assert diagnose(telemetry(shop(300, 2, Fault(fails={"GET /rate": "boom"}))), [HEALTH], [change]).change is None


def test_another_value_of_a_setting_is_no_renaming() -> None:
    diff = "@@ deploy/config/tax.env @@\n-DB_PASSWORD=${OLD}\n+DB_PASSWORD=${NEW}"
    change = Change("c0ffee", EPOCH - SECOND, "tax", "config", "Rotate the credentials", diff)
    broken = Fault(fails={"SELECT rate": "password authentication failed for user tax"})
    found = diagnose(telemetry(shop(300, 2, broken)), [HEALTH], [change])
    assert (found.change, found.causes[0].kind) == ("c0ffee", CauseKind.MISCONFIGURATION)


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("unable to reconcile the ledger: EOF", "ledger-service"),
        ("could not warm up cached recommendations", "recommendations"),
        ("error while getting orders", "order-svc"),
        ("failed to order", ""),  # the verb is no service
        ("ordered the ledger", ""),  # nothing failed
    ],
)
def test_what_was_asked_for_follows_any_verb(text: str, service: str) -> None:
    assert Peers(["ledger-service", "recommendations", "order-svc"]).asked(text) == service
