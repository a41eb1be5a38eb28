"""Scout's report on the bus: read as it was told, bounded, and no stumbling block for older readers and writers."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.world import REPOSITORY, Key, Trust

from sre_space.codec.detector_rows import MAX_CELL, MAX_INHIBITIONS, UNREADABLE, report_of, table_of
from sre_space.codec.symptom_report import SymptomReport, decode, encode
from sre_space.codec.topics import SYMPTOM_REPORTS
from sre_space.dashboard.following.remembering import Rows
from sre_space.domain.bounds import CUT
from sre_space.domain.detectors import (
    DetectorReport,
    DetectorsReport,
    DetectorState,
    JourneyReport,
    MeasureUnit,
    ReportedInhibition,
    ServiceReport,
    by_urgency,
)
from sre_space.domain.symptoms import SymptomKind
from sre_space.ports.bus import Record

SECOND = 10**9
NOW = 1_700_000_000 * SECOND
ROOM = 20_000
SCOUT = Key("scout")
TRUST = Trust({"scout": SCOUT})
TEXT = st.text(max_size=40)
NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TIME = st.integers(0, 2**63 - 1)
ROWS = st.builds(
    DetectorReport, st.sampled_from(SymptomKind), TEXT, st.sampled_from(DetectorState), TEXT, TIME, NUMBER, NUMBER,
    NUMBER, st.sampled_from(MeasureUnit), TEXT, TIME,
)  # fmt: skip
INHIBITIONS = st.builds(ReportedInhibition, TIME, TIME, st.lists(TEXT, max_size=3).map(tuple), TEXT)
REPORTS = st.builds(
    DetectorsReport, st.just(NOW), st.lists(ROWS, max_size=8).map(tuple), st.lists(INHIBITIONS, max_size=3).map(tuple),
    st.dictionaries(TEXT, st.floats(0, 2), max_size=2), st.dictionaries(TEXT, st.integers(0, 9), max_size=2),
)  # fmt: skip


def row(number: int, state: DetectorState = DetectorState.OK) -> DetectorReport:
    """One of many operations."""
    return DetectorReport(
        SymptomKind.LATENCY, "policy-service", state, f"server GET /{number:05}", NOW, 0.01, 0.1, 0.02,
        why="slow is over 104 ms; the usual median is 5 ms",
    )  # fmt: skip


def read_back(report: DetectorsReport | None, seen: tuple[str, ...] = (), at: int = NOW) -> tuple[SymptomReport, int]:
    """Return the symptom report that a reader decodes, and the size of its record's value in bytes."""
    value, headers = encode(SymptomReport(REPOSITORY, at, seen, False, report), SCOUT)
    return decode(Record(SYMPTOM_REPORTS, 0, 0, at, value, headers=headers), TRUST), len(value)


def by_old_rules(value: bytes) -> Mapping[str, object]:
    """As a reader of 0.1.0 takes it."""
    assert len(value) <= ROOM
    told = json.loads(value)
    return {"seen": tuple(told["seen"]), "blind": told["blind"] is True, "at": int(told["at"])}


@given(REPORTS)
def test_a_report_is_read_as_it_was_told(report: DetectorsReport) -> None:
    assert read_back(report)[0].report == report


@given(REPORTS, st.integers(1_500, 6_000))
def test_a_table_keeps_within_its_room_and_counts_what_it_leaves_out(report: DetectorsReport, room: int) -> None:
    many = replace(report, detectors=report.detectors * 40, left_out={}, inhibitions=(), budgets={})
    table = table_of(many, room)

    assert len(json.dumps(table)) <= room
    found = report_of(json.loads(json.dumps(table)), NOW)
    assert found is not None
    assert found.counts == many.counts


def test_of_more_detectors_than_a_record_takes_those_that_fire_are_told_first() -> None:
    firing = tuple(row(number, DetectorState.FIRING) for number in range(20))
    rows = (*(row(number) for number in range(1500)), *firing)

    told, size = read_back(DetectorsReport(NOW, tuple(sorted(rows, key=by_urgency))))

    assert told.report is not None
    assert told.report.detectors[:20] == firing
    assert told.report.left_out["OK"] == 1520 - len(told.report.detectors)
    assert told.report.counts[DetectorState.OK] == 1500
    assert len(told.report.detectors) > 100
    assert size <= ROOM


def test_of_two_hundred_services_everything_is_told_within_half_a_minute() -> None:
    """The dashboard, which remembers a minute, knows all of it, and what fires is in each report."""
    services = tuple(
        ServiceReport(f"service-{number}", 12.5, 0.001, 0.0123, 2.5e8, 4e8, 2, NOW, NOW, "c0ffee" * 6 + "c0ff", NOW)
        for number in range(200)
    )
    firing = row(1_000, DetectorState.FIRING)
    rows = tuple(replace(row(number), since=NOW, subject=f"service-{number % 200}") for number in range(800))
    remembered = Rows()
    for second in range(60, 90):
        at = NOW + second * SECOND
        report = DetectorsReport(at, (firing, *rows), journeys=(JourneyReport("buy", NOW, 9, 1),), services=services)
        told, size = read_back(report, at=at)
        assert size <= ROOM
        assert told.report is not None
        assert told.report.detectors[0] == firing
        known = remembered.completed(told.report)

    assert {one.service for one in known.services} == {one.service for one in services}
    assert len(known.journeys) == 1
    assert set(known.detectors) == {firing, *rows}
    assert known.left_out == {}


def test_a_detector_that_has_become_quiet_is_told_at_once() -> None:
    rows = tuple(replace(row(number), since=NOW) for number in range(800))
    healed = replace(row(1_000), since=NOW + 50 * SECOND)
    at = NOW + 60 * SECOND

    told, _ = read_back(DetectorsReport(at, (*rows, healed)), at=at)

    assert told.report is not None
    assert healed in told.report.detectors


def test_the_symptoms_come_before_the_report() -> None:
    seen = tuple(f"latency/{'x' * 180}{number}" for number in range(100))

    told, size = read_back(DetectorsReport(NOW, (row(1),)), seen)

    assert (told.seen, told.blind, told.report) == (seen, False, None)
    assert size > ROOM - 1_000


def test_a_reader_of_before_reads_a_record_with_a_report() -> None:
    report = DetectorsReport(NOW, tuple(row(number) for number in range(1500)))
    value, _ = encode(SymptomReport(REPOSITORY, NOW, ("latency/policy-service",), True, report), SCOUT)

    assert by_old_rules(value) == {"seen": ("latency/policy-service",), "blind": True, "at": NOW}


def test_a_record_of_before_is_one_without_a_report() -> None:
    value = json.dumps({"repository": REPOSITORY, "at": NOW, "seen": [], "blind": False}, sort_keys=True).encode()
    assert encode(SymptomReport(REPOSITORY, NOW, (), False), SCOUT)[0] == value  # byte for byte what 0.1.0 wrote

    assert read_back(None)[0] == SymptomReport(REPOSITORY, NOW, (), False)


def test_a_row_and_a_column_of_a_newer_writer_are_left_out_and_the_rest_is_read() -> None:
    table = json.loads(json.dumps(table_of(DetectorsReport(NOW, (row(1), row(2))), ROOM)))
    table["columns"].append("weather")
    table["rows"][0] = [*table["rows"][0], 0, None, None, "fine"][: len(table["columns"])]
    table["rows"][1][2] = "PONDERING"

    found = report_of(table, NOW)

    assert found is not None
    assert found.detectors == (row(1),)
    assert found.left_out == {UNREADABLE: 1}


@pytest.mark.parametrize("table", [None, 5, [], {}, {"columns": 3, "rows": []}, {"columns": [], "rows": [4]}])
def test_what_is_no_table_is_no_report(table: object) -> None:
    assert report_of(table, NOW) is None


@given(st.recursive(st.none() | st.integers() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)))
def test_nothing_that_json_says_is_more_than_no_report(table: object) -> None:
    found = report_of({"columns": table, "rows": table, "budgets": table}, NOW)

    assert found is None or not found.detectors


def test_long_names_and_many_inhibitions_are_cut() -> None:
    long = DetectorReport(SymptomKind.ERROR, "policy-service", DetectorState.FIRING, "x" * 500, why="y" * 5000)
    work = tuple(ReportedInhibition(0, 0, tuple(f"s{n}" for n in range(99)), "z" * 500) for _ in range(50))

    told = read_back(DetectorsReport(NOW, (long,), work))[0].report

    assert told is not None
    assert len(told.detectors[0].operation) == len(told.detectors[0].why) == MAX_CELL
    assert told.detectors[0].why.endswith(CUT)
    assert len(told.inhibitions) == len(told.inhibitions[0].services) == MAX_INHIBITIONS
