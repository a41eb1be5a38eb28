"""The report of Scout's detectors as JSON inside a symptom report: a table with named columns, cut to fit.

Where not all rows fit, what is urgent comes first, and the others take turns, second by second (decisions/0020).

A reader uses the columns that it knows, by name, and leaves out a row that it cannot read; so writer and reader may be
of different versions.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sre_space.domain.bounds import cut
from sre_space.domain.detectors import (
    DetectorReport,
    DetectorsReport,
    DetectorState,
    JourneyReport,
    ReportedInhibition,
    ServiceReport,
)

MAX_CELL = 120  # characters of a text
MAX_INHIBITIONS = 10
SECOND = 10**9
NEWS_NS = 15 * SECOND  # so long a detector that has become quiet is told as urgently as one that is not
QUIET = (DetectorState.LEARNING, DetectorState.OK)  # they take turns where not all fit
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
    for name in ("detectors", "at", "journeys", "services", *(() if report.verifying else ("verifying",))):
        del table[name]
    left = room - len(json.dumps(table)) - 250  # the names of lists, and the counts of what is left out
    rows = _Rows.of(report)
    told = rows.within(left, report.at // SECOND)
    out = Counter(report.left_out)
    out.update(one.state.value for place, one in enumerate(report.detectors) if place not in told.detectors)
    table["rows"] = [rows.detectors[place] for place in sorted(told.detectors)]
    for name, numbers, places in (
        ("journeys", rows.journeys, told.journeys),
        ("services", rows.services, told.services),
    ):
        table |= {name: [numbers[place] for place in sorted(places)]} if places else {}
    return table | {"left_out": out}


@dataclass(frozen=True)
class _Told:
    """The positions of the rows that a record has space for."""

    detectors: frozenset[int]
    journeys: frozenset[int]
    services: frozenset[int]


@dataclass(frozen=True)
class _Rows:
    """All rows of a report as JSON; `urgent` are the positions of the detectors that come first."""

    detectors: Sequence[Sequence[object]]
    journeys: Sequence[Json]
    services: Sequence[Json]
    urgent: Sequence[int]

    @classmethod
    def of(cls, report: DetectorsReport) -> "_Rows":
        loud = [place for place, one in enumerate(report.detectors) if one.state not in QUIET]
        changed = [
            place
            for place, one in enumerate(report.detectors)
            if one.state in QUIET and report.at - one.since < NEWS_NS
        ]
        rows = ([*map(_row, report.detectors)], [*map(_numbers, report.journeys)], [*map(_numbers, report.services)])
        return cls(*rows, (*loud, *changed))

    def within(self, room: int, turn: int) -> _Told:
        """Return what is told in `room` bytes: everything, or what is urgent first and of the others whose turn it is.

        The urgent detectors take half of the room at most, so that the numbers of the services are told as well.
        """
        detectors, journeys, services = map(_sizes, (self.detectors, self.journeys, self.services))
        if sum(detectors) + sum(journeys) + sum(services) <= room:
            return _Told(*(frozenset(range(len(sizes))) for sizes in (detectors, journeys, services)))
        first = frozenset(
            self.urgent[place] for place in _due([detectors[place] for place in self.urgent], room // 2, 0)
        )
        room -= sum(detectors[place] for place in first)
        counted = _due(journeys, room // 2, turn)
        room -= sum(journeys[place] for place in counted)
        measured = _due(services, room // 3, turn)
        room -= sum(services[place] for place in measured)
        others = [place for place in range(len(detectors)) if place not in first]
        more = frozenset(others[place] for place in _due([detectors[place] for place in others], room, turn))
        return _Told(first | more, counted, measured)


def _sizes(rows: Sequence[object]) -> Sequence[int]:
    return [len(json.dumps(row)) + 2 for row in rows]


def _due(sizes: Sequence[int], room: int, turn: int) -> frozenset[int]:
    """Return the positions that fit into `room` bytes and whose turn it is: in a few turns every one is due."""
    if not sizes:
        return frozenset()
    first = turn * max(1, room // max(sizes)) % len(sizes)
    told = []
    for place in (*range(first, len(sizes)), *range(first)):
        if sizes[place] <= room:
            room -= sizes[place]
            told.append(place)
        elif told:
            break
    return frozenset(told)


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
