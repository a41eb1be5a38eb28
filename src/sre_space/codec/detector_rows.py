"""The report of Scout's detectors as JSON inside a symptom report: a table with named columns, cut to fit.

A reader uses the columns that it knows, by name, and leaves out a row that it cannot read; so writer and reader may be
of different versions.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sre_space.domain.bounds import cut
from sre_space.domain.detectors import (
    DetectorReport,
    DetectorsReport,
    JourneyReport,
    ReportedInhibition,
    ServiceReport,
)

MAX_CELL = 120  # characters of a text
MAX_INHIBITIONS = 10
UNREADABLE = "unreadable"  # key in `left_out`: rows of a newer writer
_ROW: TypeAdapter[DetectorReport] = TypeAdapter(DetectorReport)
_REST: TypeAdapter[DetectorsReport] = TypeAdapter(DetectorsReport)
_COLUMNS = tuple(field.name for field in fields(DetectorReport))
_DEFAULTS = tuple(field.default for field in fields(DetectorReport))

Json = dict[str, Any]


def table_of(report: DetectorsReport, room: int) -> Json:
    """Return the report as at most `room` bytes of JSON, without its time; rows that do not fit are counted only."""
    inhibitions = tuple(map(_short, report.inhibitions[:MAX_INHIBITIONS]))
    header = replace(report, detectors=(), inhibitions=inhibitions, journeys=(), services=())
    table = asdict(header) | {"columns": _COLUMNS, "rows": []}
    for name in ("detectors", "at", "journeys", "services"):
        del table[name]
    left, out = room - len(json.dumps(table)) - 200, Counter(report.left_out)  # 200: the counts of what is left out
    table["rows"], left = _fitting(map(_row, report.detectors), left)
    out.update(detector.state.value for detector in report.detectors[len(table["rows"]) :])
    for name, numbers in (("journeys", report.journeys), ("services", report.services)):
        rows, left = _fitting(map(_numbers, numbers), left - len(f', "{name}": []'))
        table |= {name: rows} if rows else {}
    return table | {"left_out": out}


def _fitting(rows: Iterable[Any], room: int) -> tuple[list[Any], int]:
    """Return the first rows that fit into `room` bytes of JSON, and the bytes that they leave."""
    kept = []
    for row in rows:
        room -= len(json.dumps(row)) + 2
        if room < 0:
            break
        kept.append(row)
    return kept, room


def report_of(table: object, at: int) -> DetectorsReport | None:
    """Return the detectors' report in `table` as of `at` (Unix ns), or None when it is not such a table."""
    if not isinstance(table, dict):
        return None
    try:
        header = _REST.validate_python({**table, "at": at, "detectors": ()})
        columns, rows = list(map(str, table["columns"])), list(map(list, table["rows"]))
    except (ValidationError, KeyError, TypeError):
        return None
    read = [_read(dict(zip(columns, row, strict=False))) for row in rows]
    known = tuple(row for row in read if row is not None)
    unread = {UNREADABLE: len(read) - len(known)} if len(known) < len(read) else {}
    return replace(header, detectors=known, left_out={**header.left_out, **unread})


def _row(report: DetectorReport) -> list[object]:
    """Return the report's values in the order of the columns, without default values at the end."""
    values = [_cell(getattr(report, name)) for name in _COLUMNS]
    while values and values[-1] == _DEFAULTS[len(values) - 1]:
        values.pop()
    return values


def _numbers(row: JourneyReport | ServiceReport) -> Json:
    """Return the numbers of a journey or a service by name, without those that have their default."""
    defaults = {field.name: field.default for field in fields(row)}
    return {name: value for name, value in asdict(row).items() if value != defaults[name]}


def _cell(value: object) -> object:
    return cut(value, MAX_CELL) if isinstance(value, str) else value


def _read(row: Mapping[str, object]) -> DetectorReport | None:
    try:
        return _ROW.validate_python({name: value for name, value in row.items() if name in _COLUMNS})
    except ValidationError:
        return None


def _short(inhibition: ReportedInhibition) -> ReportedInhibition:
    """Return the inhibition with its list of services and its texts cut to the table's limits."""
    services = tuple(cut(service, MAX_CELL) for service in inhibition.services[:MAX_INHIBITIONS])
    return replace(inhibition, services=services, source=cut(inhibition.source, MAX_CELL))
