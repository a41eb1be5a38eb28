"""What is a symptom: an alert, all of a few requests, an answer that only a client's last call shows, impatience."""

from dataclasses import replace

import pytest
from support.shop import MS, Fault, Made, row, shop, telemetry

from sre_space.analysis.diagnosis.engine import diagnose
from sre_space.analysis.diagnosis.tables import CLIENT, ERROR, INTERNAL, Alert, ServiceState
from sre_space.domain.diagnosis import CauseKind, Confidence

SECOND = 10**9
REFUSED = 409


def _handled(count: int, first: int, status: int) -> list[Made]:
    """Return requests that end well although their call of `ads` may fail."""
    spans = []
    for trace in range(first, first + count):
        web = replace(row(trace, "1", "", "web", "GET /buy", 0, 30), status=1)
        call = replace(row(trace, "2", "1", "web", "GET", 2, 9), kind=CLIENT, status=status)
        ads = replace(row(trace, "3", "2", "ads", "GET /ads", 3, 7), status=status)
        spans += [web, call, replace(ads, message="none left" if status == ERROR else "")]
    return spans


def test_an_alert_on_a_service_is_a_symptom_although_its_callers_handle_its_failures() -> None:
    now, usual = telemetry(_handled(40, 100, ERROR)), [telemetry(_handled(60, 10, 1))]
    alert = Alert("ads", "Error", "40 of 40 failed")
    found = [diagnose(now, usual, alert=each) for each in (None, alert)]
    assert [one.verdict for one in found] == [Confidence.INCONCLUSIVE, Confidence.CONFIRMED]
    assert found[1].causes[0].service == "ads"


def test_an_alert_on_what_no_span_measures_is_a_symptom_of_every_request() -> None:
    alert = Alert("sales", "Conversion", "0 of 40 who asked bought")
    found = diagnose(telemetry(_handled(40, 100, ERROR)), [telemetry(_handled(60, 10, 1))], alert=alert)
    assert found.verdict is Confidence.CONFIRMED
    assert found.causes[0].service == "ads"


@pytest.mark.parametrize(("alerted", "verdict"), [("", Confidence.LIKELY), ("tax", Confidence.CONFIRMED)])
def test_all_of_a_few_requests_are_likely_and_confirm_what_an_alert_says(alerted: str, verdict: Confidence) -> None:
    spans = shop(3, 2, Fault(fails={"GET /rate": "boom"}))
    bought = {one.trace for one in spans if one.service == "tax"}
    incident = telemetry(one for one in spans if one.trace in bought)
    alert = Alert(alerted, "Error", "all failed") if alerted else None
    found = diagnose(incident, [telemetry(shop(seed=7))], alert=alert)
    assert found.causes[0].service == "tax"
    assert found.verdict is verdict


def _journeys(count: int, first: int, refused: bool) -> list[Made]:
    """Return journeys of clients whose own span says nothing: what they were answered is on their last call."""
    spans = []
    for trace in range(first, first + count):
        journey = replace(row(trace, "1", "", "clients", "journey", 0, 30), kind=INTERNAL)
        call = replace(row(trace, "2", "1", "clients", "POST", 2, 9), kind=CLIENT)
        served = row(trace, "3", "2", "shop", "POST /buy", 3, 7)
        failed = {"status": ERROR, "message": "no such product"} if refused else {}
        spans += [journey, replace(call, status=ERROR if refused else 0), replace(served, **failed)]  # type: ignore[arg-type]
    return spans


def test_what_a_client_was_answered_is_on_its_last_call() -> None:
    usual = _journeys(60, 10, refused=False)
    now = [*_journeys(30, 100, refused=True), *_journeys(30, 200, refused=False)]
    found = diagnose(telemetry(now), [telemetry(usual)])
    assert found.verdict is Confidence.CONFIRMED
    assert found.causes[0].service == "shop"


def _impatient(ms: float, seed: int) -> list[Made]:
    """Return requests whose calls of tax are given up after `ms`; tax answers, as it always does."""
    spans = shop(120, seed)
    calls = {one.parent for one in spans if one.service == "tax" and one.operation == "GET /rate"}
    tell = {"status": ERROR, "message": "timed out"}
    given_up = [
        replace(one, end=one.start + int(ms * MS), **tell) if one.id in calls else one  # type: ignore[arg-type]
        for one in spans
    ]
    failed = {one.parent for one in given_up if one.status == ERROR}
    prices = {one.parent for one in given_up if one.id in failed}
    webs = {one.parent for one in given_up if one.id in prices}
    return [replace(one, status=ERROR) if one.id in failed | prices | webs else one for one in given_up]


def test_who_gives_up_within_a_time_that_health_waits_for_is_at_fault() -> None:
    found = diagnose(telemetry(_impatient(6.5, 2)), [telemetry(shop(seed=7))])
    assert found.causes[0].service == "price"


def _timed_out() -> list[Made]:
    """Return requests whose calls of a slow tax are given up as soon as it answers."""
    spans = shop(120, 2, Fault(slow={"GET /rate": 400}))
    return [replace(one, status=ERROR, message="timed out") if one.peer == "tax" else one for one in spans]


def test_a_slow_service_that_callers_give_up_on_is_slow() -> None:
    found = diagnose(telemetry(_timed_out()), [telemetry(shop(seed=7))])
    assert found.causes[0].service == "tax"
    assert found.causes[0].kind in (CauseKind.SLOW_CODE, CauseKind.SLOW_NETWORK)


@pytest.mark.parametrize("alerted", ["tax", "web"])
def test_callers_without_patience_convict_a_service_that_answers_its_probe_only_when_an_alert_is_about_it(
    alerted: str,
) -> None:
    states = [
        ServiceState(
            name, ended=False, runtime="running", runtime_id=f"unit:{name}", answered=True, healthy=True, health="200"
        )
        for name in ("web", "cart", "price", "tax", "mail")
    ]
    alert = Alert(alerted, "Latency", "slow")
    found = diagnose(telemetry(_timed_out()), [telemetry(shop(seed=7))], alert=alert, states=states)
    accused = found.causes[0].service if found.verdict is not Confidence.INCONCLUSIVE else ""
    assert (accused == "tax") == (alerted == "tax")
