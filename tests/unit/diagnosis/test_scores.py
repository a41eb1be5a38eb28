"""The counting of `make bench-diagnosis`: what is right, when health is accused, which windows are compared."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from case_sets import Budget, pairs_of
from scores import mistakes, rows, scored
from support.foreign import NOW

from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.domain.diagnosis import Cause, CauseKind, Confidence, Evidence

MINUTE = 60 * 10**9
TRUTH = {"case": "a", "services": ["cart"], "kind": "slow code", "kinds": ["slow-code"], "change": None}
HEALTH = {"case": "h", "services": ["none"], "kind": "none", "change": "none"}


def _diagnosis(service: str, verdict: Confidence = Confidence.CONFIRMED, change: str | None = None) -> CaseDiagnosis:
    cause = Cause(service, "GET /", CauseKind.SLOW_CODE, 0.9, ("e",))
    return CaseDiagnosis(verdict, (cause,), (Evidence("e", "slow"),), change=change)


def test_the_true_service_with_an_allowed_kind_is_right() -> None:
    score = scored(TRUTH, _diagnosis("cart"))

    assert score.right
    assert score.right_kind
    assert score.right_change is None
    assert not list(mistakes("set", [score]))


def test_another_service_is_a_mistake_when_confirmed() -> None:
    score = scored(TRUTH, _diagnosis("price"))

    assert not score.right
    assert list(mistakes("set", [score])) == ["- set a: wrong CONFIRMED: price slow-code 0.90 (slow code)"]


@pytest.mark.parametrize(("verdict", "accused"), [(Confidence.LIKELY, True), (Confidence.INCONCLUSIVE, False)])
def test_health_is_accused_by_a_verdict_not_by_a_suspicion(verdict: Confidence, accused: bool) -> None:
    score = scored(HEALTH, _diagnosis("cart", verdict))

    assert score.healthy
    assert score.accused is accused


def test_where_no_change_is_guilty_only_the_change_counts() -> None:
    truth = {**TRUTH, "change": "none"}

    assert scored(truth, _diagnosis("price")).right
    assert not scored(truth, _diagnosis("price", change="c0ffee")).right


def test_a_change_named_among_blameless_ones_is_a_mistake() -> None:
    score = scored({**TRUTH, "blameless": True}, _diagnosis("cart", change="c0ffee"))

    assert score.wrongly_blamed
    assert "an innocent change blamed" in next(mistakes("set", [score]))


def test_a_table_has_the_set_its_kinds_and_its_health() -> None:
    other = {**TRUTH, "case": "b", "kind": "crash"}
    found = [scored(TRUTH, _diagnosis("cart")), scored(other, _diagnosis("price")), scored(HEALTH, _diagnosis("cart"))]

    lines = list(rows("set", found))

    assert [line.split("|")[1].strip() for line in lines] == [
        "**set**",
        "set: crash",
        "set: slow code",
        "set: fault-free",
    ]
    assert "1/2" in lines[0]
    assert "accused 1/1" in lines[-1]


def test_each_baseline_of_a_case_is_compared_with_the_others_once(tmp_path: Path) -> None:
    _set(tmp_path, [{"case": "a", "baseline": ["x", "y"]}, {"case": "b", "baseline": ["x", "y"]}])

    assert [pair.name for pair in pairs_of(tmp_path, Budget(60))] == ["x against y", "y against x"]


def test_a_single_baseline_is_compared_with_itself_by_halves(tmp_path: Path) -> None:
    _set(tmp_path, [{"case": "a", "baseline": ["x"]}])

    assert [pair.name for pair in pairs_of(tmp_path, Budget(60))] == ["halves of x"]


def test_what_does_not_fit_into_the_time_is_counted(tmp_path: Path) -> None:
    _set(tmp_path, [{"case": "a", "baseline": ["x", "y"]}])
    budget = Budget(-1)

    assert not list(pairs_of(tmp_path, budget))
    assert budget.left_out == 2


def test_the_time_of_incidents_is_no_health(tmp_path: Path) -> None:
    _set(
        tmp_path,
        [{"case": "a", "baseline": ["x", "y"]}],
        {"x": [0, 1, 5 * MINUTE], "y": [0], "incident-a": [5 * MINUTE]},
    )

    assert [(pair.name, len(pair.incident.spans)) for pair in pairs_of(tmp_path, Budget(60))] == [
        ("x against y", 2),
        ("y against x", 1),
    ]


def test_what_is_diagnosed_without_a_fault_is_health_too(tmp_path: Path) -> None:
    begins = {"x": [0], "y": [5 * MINUTE], "incident-h": [5 * MINUTE]}
    _set(tmp_path, [{"case": "h", "baseline": ["x", "y"]}], begins)

    assert len(list(pairs_of(tmp_path, Budget(60)))) == 2


def test_a_window_that_lies_in_an_incident_makes_no_pair(tmp_path: Path) -> None:
    _set(tmp_path, [{"case": "a", "baseline": ["x", "y"]}], {"x": [0], "y": [5 * MINUTE], "incident-a": [5 * MINUTE]})

    assert not list(pairs_of(tmp_path, Budget(60)))


def _set(folder: Path, cases: list[dict[str, Any]], begins: Mapping[str, list[int]] = MappingProxyType({})) -> None:
    """Write a set; `begins` are the times (ns) of the spans of a folder, two near its beginning unless it says."""
    rows = [{"incident": f"incident-{case['case']}", **case} for case in cases]
    (folder / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    truths = [{**(HEALTH if row["case"] == "h" else TRUTH), "case": row["case"]} for row in rows]
    (folder / "truth.jsonl").write_text("".join(json.dumps(truth) + "\n" for truth in truths))
    for name in {name for row in rows for name in (row["incident"], *row["baseline"])}:
        (folder / name).mkdir()
        times = begins.get(name, [MINUTE * 60] if name.startswith("incident") else [0, 1000])
        spans = [_span(number, NOW + at) for number, at in enumerate(times, 1)]
        (folder / name / "traces.jsonl").write_text(
            json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]})
        )


def _span(number: int, start: int) -> dict[str, Any]:
    return {
        "traceId": str(number),
        "spanId": "2",
        "name": "GET /",
        "kind": 2,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 1000),
    }
