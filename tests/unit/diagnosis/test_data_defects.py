"""Data as it is: each defect of real telemetry, and the same fault is still found."""

import random

import pytest
from support.shop import MS, Fault, Made, changed, shop, telemetry

from sre_space.analysis.diagnosis.engine import diagnose
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.analysis.diagnosis.selftime import shape_of
from sre_space.analysis.diagnosis.tables import CLIENT, CONSUMER, PRODUCER, ROOT
from sre_space.domain.diagnosis import CauseKind, Confidence

SLOW = Fault(slow={"GET /rate": 40})
BROKEN = Fault(fails={"GET /rate": "boom"})


def compared(incident: list[Made], health: list[Made]) -> CaseDiagnosis:
    return diagnose(telemetry(incident), [telemetry(health)])


def without(spans: list[Made], share: float) -> list[Made]:
    p_value = random.Random(3)
    return [span for span in spans if p_value.random() >= share]


@pytest.mark.parametrize("fault", [SLOW, BROKEN])
@pytest.mark.parametrize("share", [0.05, 0.2])
def test_missing_parents(fault: Fault, share: float) -> None:
    found = compared(without(shop(300, 2, fault), share), without(shop(seed=7), share))
    assert found.causes[0].service == "tax"
    assert any("name a parent that is not here" in note for note in found.notes)


@pytest.mark.parametrize("fault", [SLOW, BROKEN])
def test_clocks_of_hosts_that_differ(fault: Fault) -> None:
    skew = {"web": 0, "cart": 700, "price": -900, "tax": 2500, "mail": -40}

    def moved(span: Made) -> dict[str, object]:
        return {"start": span.start + skew[span.service] * MS, "end": span.end + skew[span.service] * MS}

    found = compared(changed(shop(300, 2, fault), moved), changed(shop(seed=7), moved))
    assert found.causes[0].service == "tax"
    assert found.verdict is Confidence.CONFIRMED


def test_a_clock_that_differs_in_the_incident_alone_is_no_fault() -> None:
    def moved(span: Made) -> dict[str, object]:
        late = 800 * MS if span.service == "price" else 0
        return {"start": span.start + late, "end": span.end + late}

    assert compared(changed(shop(seed=2), moved), shop(seed=7)).verdict is Confidence.INCONCLUSIVE


@pytest.mark.parametrize("fault", [SLOW, BROKEN])
def test_sampled_traces(fault: Fault) -> None:
    kept = [span for span in shop(600, 2, fault) if int(span.trace[:2], 16) < 26]
    assert compared(kept, shop(seed=7)).causes[0].service == "tax"


def test_async_children_that_outlive_their_parents_take_none_of_its_time() -> None:
    def later(span: Made) -> dict[str, object]:
        if span.operation == "POST" and span.peer == "mail":
            return {"kind": PRODUCER, "end": span.start + MS}
        if span.service == "mail":
            return {"kind": CONSUMER, "start": span.start + 900 * MS, "end": span.end + 2900 * MS}
        return {}

    incident, health = changed(shop(300, 2, SLOW), later), changed(shop(seed=7), later)
    table = telemetry(incident).spans
    shape = shape_of(table)
    consumers = table.kind == CONSUMER
    assert not shape.waited[consumers].any()
    assert (shape.own <= table.duration).all()
    assert compared(incident, health).causes[0].service == "tax"


def test_a_child_that_ends_after_its_parent_is_cut_at_the_parents_end() -> None:
    parent = Made("t", "a", "", "web", "GET", 2, 0, 10 * MS)
    child = Made("t", "b", "a", "web", "work", 1, 4 * MS, 90 * MS)
    shape = shape_of(telemetry([parent, child]).spans)
    assert shape.own.tolist() == [4 * MS, 6 * MS]


@pytest.mark.parametrize("fault", [SLOW, Fault(breaks_off="POST /quote")])
def test_spans_without_status_and_kind(fault: Fault) -> None:
    def bare(_: Made) -> dict[str, object]:
        return {"kind": 0, "status": 0, "message": "", "peer": ""}

    found = compared(changed(shop(300, 2, fault), bare), changed(shop(seed=7), bare))
    assert found.causes[0].service == ("price" if fault.breaks_off else "tax")


@pytest.mark.parametrize("fault", [SLOW, BROKEN])
def test_services_seen_from_the_server_side_only(fault: Fault) -> None:
    def server_side(spans: list[Made]) -> list[Made]:
        gone = {span.id: span.parent for span in spans if span.kind == CLIENT and not span.statement}
        kept = [span for span in spans if span.id not in gone]
        return changed(kept, lambda span: {"parent": gone.get(span.parent, span.parent)})

    assert compared(server_side(shop(300, 2, fault)), server_side(shop(seed=7))).causes[0].service == "tax"


def test_a_service_that_never_leaves_spans_is_seen_from_its_callers_side() -> None:
    def caller_side(spans: list[Made]) -> list[Made]:
        return [span for span in spans if span.service != "tax"]

    found = compared(caller_side(shop(300, 2, SLOW)), caller_side(shop(seed=7)))
    assert (found.causes[0].service, found.causes[0].kind) == ("price", CauseKind.SLOW_NETWORK)
    assert "tax" in found.evidence[0].statement


def test_spans_that_were_delivered_twice_count_once() -> None:
    once = shop(300, 2, SLOW)
    assert len(telemetry(once + once[::2]).spans) == len(once)
    assert compared(once + once, shop(seed=7)) == compared(once, shop(seed=7))


def test_ids_that_form_a_circle_end_the_circle() -> None:
    ring = [Made("t", "a", "c", "web", "x", 1, 0, MS), Made("t", "b", "a", "web", "y", 1, 0, MS)]
    ring += [Made("t", "c", "b", "web", "z", 1, 0, MS), Made("t", "d", "d", "web", "self", 1, 0, MS)]
    assert (telemetry(ring).spans.parent == ROOT).all()


def test_two_halves_that_share_one_id_are_client_and_server() -> None:
    halves = [Made("t", "a", "", "web", "GET", 3, 0, 10 * MS), Made("t", "a", "", "cart", "GET /items", 2, MS, 9 * MS)]
    below = Made("t", "b", "a", "cart", "work", 1, 2 * MS, 3 * MS)
    table = telemetry([*halves, below]).spans
    parents = {table.names[table.operation[row]]: int(table.parent[row]) for row in range(3)}
    assert table.names[table.service[parents["work"]]] == "cart"
    assert table.names[table.service[parents["GET /items"]]] == "web"


def test_a_trace_that_a_proxy_renamed_finds_its_parent() -> None:
    spans = shop(300, 2, BROKEN)
    cut = changed(spans, lambda span: {"trace": f"renamed-{span.trace}"} if span.service in ("price", "tax") else {})
    found = compared(cut, shop(seed=7))
    assert [step.statement.split()[0] for step in found.chain[1:]] == ["price", "web"]
