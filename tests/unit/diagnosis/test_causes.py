"""One fault at a time in a system that no case set knows: the engine names service, operation and kind."""

from dataclasses import replace

import numpy as np
import pytest
from support.matrix import matrix
from support.shop import Fault, Made, changed, made_up, nodes_of, shop, telemetry

from sre_space.analysis.diagnosis.engine import diagnose
from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.graph import CallGraph
from sre_space.analysis.diagnosis.hurt import affected_by
from sre_space.analysis.diagnosis.ranking import Suspect, rank
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.analysis.diagnosis.tables import CLIENT, ERROR, Telemetry
from sre_space.analysis.diagnosis.verdict import Seen, verdict_of
from sre_space.analysis.diagnosis.window import Window
from sre_space.domain.diagnosis import CauseKind, Confidence, Evidence
from sre_space.text.diagnosis_report import report

HEALTH = telemetry(shop(seed=7))


def diagnosed(fault: Fault, requests: int = 300) -> CaseDiagnosis:
    return diagnose(telemetry(shop(requests, 2, fault)), [HEALTH])


@pytest.mark.parametrize(
    ("fault", "service", "operation", "kind"),
    [
        (Fault(slow={"GET /rate": 40}), "tax", "GET /rate", CauseKind.SLOW_CODE),
        (Fault(slow={"SELECT rate": 40}), "tax", "SELECT rate WHERE id = ?", CauseKind.SLOW_QUERY),
        (Fault(slow={"GET /rate": 60}, share=0.3), "tax", "GET /rate", CauseKind.SLOW_CODE),
        (Fault(fails={"POST /quote": "KeyError: 'rate'"}), "price", "POST /quote", CauseKind.ERROR),
        (Fault(fails={"GET /rate": "boom"}, share=0.2), "tax", "GET /rate", CauseKind.ERROR),
        (
            Fault(fails={"SELECT rate": "QueuePool limit reached"}),
            "tax",
            "SELECT rate WHERE id = ?",
            CauseKind.SATURATION,
        ),
        (Fault(fails={"SELECT rate": "disk I/O error"}), "tax", "SELECT rate WHERE id = ?", CauseKind.DEPENDENCY_ERROR),
        (Fault(fails={"GET /items": "invalid config: REGION"}), "cart", "GET /items", CauseKind.MISCONFIGURATION),
        (Fault(dead="tax"), "tax", "GET", CauseKind.CRASH),
        (Fault(dead="tax", dead_message="ReadTimeout"), "tax", "GET", CauseKind.HANG),
        (Fault(breaks_off="POST /quote"), "price", "POST /quote", CauseKind.ERROR),
        (Fault(repeats={"SELECT items": 30}), "cart", "GET /items", CauseKind.SLOW_QUERY),
        (Fault(way={("web", "cart"): 40}), "cart", "GET /items", CauseKind.SLOW_NETWORK),
    ],
)
def test_one_fault_is_named(fault: Fault, service: str, operation: str, kind: CauseKind) -> None:
    found = diagnosed(fault)
    assert found.verdict is not Confidence.INCONCLUSIVE
    assert (found.causes[0].service, found.causes[0].operation, found.causes[0].kind) == (service, operation, kind)


EVERYWHERE = {"GET /buy": 3.0, "GET /look": 2.0, "GET /items": 4.0, "POST /quote": 15.0, "POST /send": 2.0}


def test_what_slows_every_service_is_the_fault_of_none() -> None:
    """All take twice as long, one of them four times: a machine that is full, not a service that is ill."""
    found = diagnosed(Fault(slow={**EVERYWHERE, "GET /rate": 3.0}))

    assert found.verdict is Confidence.INCONCLUSIVE
    assert any("the own work of every service takes at least" in note for note in found.notes)


def test_what_slows_all_services_but_one_is_named() -> None:
    found = diagnosed(Fault(slow=EVERYWHERE))

    assert found.verdict is not Confidence.INCONCLUSIVE
    assert found.causes[0].service == "price"


CALM = replace(HEALTH, whole=True)
CROWD = Fault(slow={"POST /quote": 15.0})  # four times as long as usual


def crowd(fault: Fault, whole: bool) -> Telemetry:
    """Four times the requests in the same time."""
    return replace(telemetry([span for seed in range(2, 6) for span in shop(300, seed, fault)]), whole=whole)


def test_what_takes_four_times_as_long_under_four_times_the_demand_is_busy() -> None:
    assert diagnose(crowd(CROWD, whole=True), [CALM]).verdict is Confidence.INCONCLUSIVE


@pytest.mark.parametrize("fault", [Fault(slow={"POST /quote": 60.0}), Fault(fails={"POST /quote": "KeyError: 'rate'"})])
def test_a_fault_among_four_times_the_demand_is_named(fault: Fault) -> None:
    found = diagnose(crowd(fault, whole=True), [CALM])

    assert (found.causes[0].service, found.verdict) == ("price", Confidence.CONFIRMED)


def test_of_sampled_traces_the_number_excuses_nothing() -> None:
    found = diagnose(crowd(CROWD, whole=False), [HEALTH])

    assert (found.causes[0].service, found.verdict) == ("price", Confidence.CONFIRMED)


def test_a_failure_is_named_however_slow_everything_is() -> None:
    found = diagnosed(Fault(slow={**EVERYWHERE, "GET /rate": 3.0}, fails={"GET /rate": "KeyError: 'rate'"}))

    assert (found.causes[0].service, found.verdict) == ("tax", Confidence.CONFIRMED)


def test_a_sick_caller_is_told_from_its_callees_by_all_of_its_ways() -> None:
    ways = {("web", callee): 40.0 for callee in ("cart", "price", "mail")}
    assert diagnosed(Fault(way=ways)).causes[0].service == "web"


ONE_WAY = {("price", "tax"): 40.0}  # price calls tax alone, and nobody else calls it


@pytest.mark.parametrize(("leg", "sender"), [(1.0, "price"), (0.0, "tax")])
def test_of_one_way_alone_the_slow_leg_tells_the_sender(leg: float, sender: str) -> None:
    found = diagnosed(Fault(way=ONE_WAY, leg=leg))
    assert (found.causes[0].service, found.causes[0].kind) == (sender, CauseKind.SLOW_NETWORK)
    assert found.verdict is Confidence.CONFIRMED


def test_of_one_way_alone_without_a_slow_leg_nobody_is_accused_for_sure() -> None:
    assert diagnosed(Fault(way=ONE_WAY)).verdict is Confidence.INCONCLUSIVE


@pytest.mark.parametrize(("leg", "kind"), [(1.0, CauseKind.SATURATION), (0.0, CauseKind.SLOW_NETWORK)])
def test_a_callee_that_has_no_time_for_its_callers_is_saturated(leg: float, kind: CauseKind) -> None:
    found = diagnosed(Fault(way={("web", "cart"): 40}, leg=leg))
    assert (found.causes[0].service, found.causes[0].kind) == ("cart", kind)


def test_two_causes_at_once_are_both_named() -> None:
    found = diagnosed(Fault(slow={"GET /rate": 40, "GET /items": 30}))
    assert found.verdict is not Confidence.INCONCLUSIVE
    assert {cause.service for cause in found.causes[:2]} == {"tax", "cart"}
    assert found.causes[1].score > 0.5 * found.causes[0].score


def test_callers_of_a_failing_service_are_victims() -> None:
    found = diagnosed(Fault(fails={"GET /rate": "boom"}))
    assert all(cause.score < 0.1 for cause in found.causes[1:])
    assert [step.statement.split()[0] for step in found.chain[1:]] == ["price", "web"]


@pytest.mark.parametrize("seed", range(8))
def test_a_fault_free_pair_of_windows_is_inconclusive(seed: int) -> None:
    found = diagnose(telemetry(shop(seed=100 + seed)), [HEALTH])
    assert found.verdict is Confidence.INCONCLUSIVE


def test_a_hundredth_of_the_time_more_is_no_cause() -> None:
    assert diagnosed(Fault(slow={"GET /rate": 0.3})).verdict is Confidence.INCONCLUSIVE


def test_without_a_baseline_the_quick_requests_serve_as_one_and_nothing_is_confirmed() -> None:
    incident = telemetry(shop(300, 2, Fault(slow={"GET /rate": 60}, share=0.4)))
    found = diagnose(incident, [])
    assert found.causes[0].service == "tax"
    assert found.verdict is not Confidence.CONFIRMED
    assert any("no baseline" in note for note in found.notes)


def test_a_baseline_of_one_minute_is_enough() -> None:
    minute = telemetry(shop(60, 7))
    found = diagnose(telemetry(shop(60, 2, Fault(slow={"GET /rate": 60}))), [minute])
    assert (found.causes[0].service, found.verdict) == ("tax", Confidence.CONFIRMED)


def test_one_request_is_enough_for_a_suspicion() -> None:
    found = diagnose(telemetry(shop(2, 2, Fault(slow={"GET /rate": 60}))), [HEALTH])
    assert found.causes[0].service == "tax"
    assert found.verdict is not Confidence.CONFIRMED


def test_nothing_at_all_is_inconclusive() -> None:
    empty = telemetry([])
    found = diagnose(empty, [empty])
    assert (found.verdict, found.causes) == (Confidence.INCONCLUSIVE, ())


def test_every_step_and_cause_cites_evidence_that_exists() -> None:
    found = diagnosed(Fault(slow={"GET /rate": 40}, fails={"POST /send": "boom"}))
    known = {item.id for item in found.evidence}
    cited = [id for cause in found.causes for id in cause.evidence] + [
        id for step in found.chain for id in step.evidence
    ]
    assert cited
    assert set(cited) <= known


def test_the_waterfall_marks_the_culprit() -> None:
    rows = diagnosed(Fault(slow={"GET /rate": 40})).waterfall
    assert [(row.service, row.operation) for row in rows if row.culprit] == [("tax", "GET /rate")]
    assert rows[0].duration == max(row.duration for row in rows)


def test_the_waterfall_of_work_that_broke_off_marks_whom_it_called_last() -> None:
    def quiet(fault: Fault, seed: int) -> Telemetry:
        return telemetry(changed(shop(300, seed, fault), lambda span: {"status": 0, "message": ""}))

    found = diagnose(quiet(Fault(fails={"GET /items": "boom"}), 2), [quiet(Fault(), 7)])
    assert found.causes[0].service == "cart"
    assert {row.service for row in found.waterfall if row.culprit} == {"cart"}


@pytest.mark.parametrize("seed", matrix(range(6)))
def test_systems_that_nobody_drew_are_diagnosed_as_well(seed: int) -> None:
    roots = made_up(seed)
    health = telemetry(shop(200, 1, roots=roots))
    assert diagnose(telemetry(shop(200, 2, roots=roots)), [health]).verdict is Confidence.INCONCLUSIVE
    victim = next(node for node in reversed(nodes_of(roots)) if node.service != "gate" and not node.statement)
    for fault in (
        Fault(slow={victim.operation: 40}),
        Fault(fails={victim.operation: "boom"}),
        Fault(dead=victim.service),
    ):
        found = diagnose(telemetry(shop(200, 3, fault, roots)), [health])
        assert found.causes[0].service == victim.service
        assert found.verdict is not Confidence.INCONCLUSIVE


REFUSALS = (
    "connection refused: dial tcp 10.0.0.9:5432",
    "ERROR: canceling statement due to statement timeout",
    "FATAL: sorry, too many clients already",
    "429 Too Many Requests",
)


@pytest.mark.parametrize("message", REFUSALS)
def test_what_a_database_says_to_its_caller_is_of_the_database_and_names_it(message: str) -> None:
    found = diagnosed(Fault(fails={"SELECT rate": message}))
    cause = found.causes[0]

    assert (cause.service, cause.kind) == ("tax", CauseKind.DEPENDENCY_ERROR)
    assert "a call to postgresql" in next(one.statement for one in found.evidence if one.id == cause.evidence[0])
    assert "MITIGATION" not in report(found)  # files hold no word of the runtime's, and command nothing


def test_who_says_that_it_was_refused_is_not_down() -> None:
    found = diagnosed(Fault(fails={"GET /rate": "connect ECONNREFUSED 10.0.0.9:443"}))

    assert (found.causes[0].service, found.causes[0].kind) == ("tax", CauseKind.DEPENDENCY_ERROR)


def test_whom_a_cause_hurts_is_told_by_their_own_spans() -> None:
    assert diagnosed(Fault(fails={"GET /rate": "boom"})).hurt == ("price", "web")
    assert diagnosed(Fault(slow={"SELECT rate": 60})).hurt == ("price", "web")
    liar = [one for made in shop(300, 2) for one in (made, *forged(made))]
    assert diagnose(telemetry(liar), [telemetry(shop(300, 1))]).hurt == ()


def test_a_weak_finding_beside_the_cause_does_not_hide_whom_the_cause_hurts() -> None:
    incident = Window.of(telemetry(shop(300, 2, Fault(fails={"GET /rate": "boom"}, share=0.5))))
    status, names = incident.spans.status, incident.spans.names
    served = np.flatnonzero([names[number] == "GET /rate" for number in incident.spans.operation])
    failed, good = served[status[served] == ERROR], served[status[served] != ERROR]
    strong = Finding("tax", "", CauseKind.ERROR, Signal.FAILURE, 0.5, 1e-9, Evidence("s", "s"), rows=tuple(failed[:3]))
    weak = [replace(strong, signal=Signal.TIME, impact=0.01, rows=tuple(good[at : at + 3])) for at in (0, 3, 6)]

    assert affected_by(Suspect("tax", 0.5, 0.5, (strong, *weak)), incident, [Window.of(HEALTH)]) == ("price", "web")


def forged(made: Made) -> list[Made]:
    """Return a forged failed call to tax inside this span when its operation is `POST /send`, else nothing."""
    if made.operation != "POST /send":
        return []
    return [
        replace(made, id=f"{made.id[:-1]}x", parent=made.id, operation="POST", kind=CLIENT, status=ERROR, peer="tax")
    ]


@pytest.mark.parametrize(
    ("writer", "share", "verdict"),
    [
        ("tax", 0.28, Confidence.CONFIRMED),
        ("tax", 0.15, Confidence.CONFIRMED),
        ("tax", 0.08, Confidence.LIKELY),
        ("", 0.28, Confidence.LIKELY),
        ("mail", 0.28, Confidence.LIKELY),
    ],
)
def test_a_service_whose_own_log_confirms_its_failing_spans_needs_fewer_of_them(
    writer: str, share: float, verdict: Confidence
) -> None:
    failing = Finding(
        "tax", "GET /rate", CauseKind.ERROR, Signal.FAILURE, share, 1e-20, Evidence("s", "s"), reporter="tax"
    )
    logged = replace(
        failing, signal=Signal.LOG, impact=0.5, p_value=1e-10, evidence=Evidence("l", "l"), reporter=writer
    )
    findings = [failing, *([logged] if writer else [])]

    assert verdict_of(rank(findings, CallGraph({}, ())), len(findings), Seen(compared=True)) is verdict
