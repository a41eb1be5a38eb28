"""Writes a case as the files of a labelled case set: OTLP/JSON lines, changes, states, alert."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from sre_evaluation.hostile.case import MS, Case
from sre_evaluation.hostile.log_lines import record_of
from sre_evaluation.hostile.records import Attributes, Observed, Point, Span
from sre_evaluation.hostile.topology import Service

BATCH = 200  # items of one resource in a request
Json = dict[str, object]


def write(cases: Iterable[Case], folder: Path) -> None:
    """Write a set of cases with its `cases.jsonl` and `truth.jsonl`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "cases.jsonl").open("w") as rows, (folder / "truth.jsonl").open("w") as truths:
        for case in cases:
            for path, content in files_of(case).items():
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            rows.write(json.dumps(row_of(case)) + "\n")
            truths.write(json.dumps(case.truth) + "\n")


def row_of(case: Case) -> Json:
    """Return the case's row of `cases.jsonl`."""
    changes = f"incidents/{case.name}/changes.jsonl" if case.changes else None
    baselines = [f"baseline/{case.name}-{number}" for number in range(len(case.baselines))]
    return {"case": case.name, "incident": f"incidents/{case.name}", "baseline": baselines, "changes": changes}


def files_of(case: Case) -> dict[str, bytes]:
    """Return the files of a case by their path in the set; equal for equal seeds."""
    row = row_of(case)
    folders = [str(row["incident"]), *(f"baseline/{case.name}-{number}" for number in range(len(case.baselines)))]
    files = {}
    for folder, observed, start in zip(folders, (case.incident, *case.baselines), case.starts, strict=True):
        for name, lines in _signals(observed, start, case).items():
            files[f"{folder}/{name}.jsonl"] = _lines(lines)
    for name, records in (("changes", case.changes), ("states", case.states)):
        if records:
            files[f"{folders[0]}/{name}.jsonl"] = _lines(records)
    if case.alert:
        files[f"{folders[0]}/alert.json"] = json.dumps(case.alert).encode()
    return files


def _signals(observed: Observed, start: int, case: Case) -> dict[str, Iterator[Json]]:
    services, found = case.system.services, dict[str, Iterator[Json]]()
    if "spans" in case.signals:
        made = (((span.service, span.instance), _span(span, start)) for span in observed.spans)
        found["traces"] = _requests(made, "resourceSpans", "scopeSpans", "spans")
    if "logs" in case.signals:
        lines = (((log.service, log.instance), record_of(log, services[log.service], start)) for log in observed.logs)
        found["logs"] = _requests(lines, "resourceLogs", "scopeLogs", "logRecords")
    if "metrics" in case.signals:
        points = (
            ((point.service, point.instance), _metric(point, start, services[point.service]))
            for point in observed.points
        )
        found["metrics"] = _requests(points, "resourceMetrics", "scopeMetrics", "metrics")
    return found


def _lines(records: Iterable[Json]) -> bytes:
    return b"".join(json.dumps(record, separators=(",", ":")).encode() + b"\n" for record in records)


def _requests(items: Iterable[tuple[tuple[str, str], Json]], resources: str, scopes: str, name: str) -> Iterator[Json]:
    by_origin: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for origin, item in items:
        by_origin[origin].append(item)
    for (service, instance), many in by_origin.items():
        resource = {"attributes": attributes_of({"service.name": service, "service.instance.id": instance})}
        for first in range(0, len(many), BATCH):
            part = many[first : first + BATCH]
            yield {resources: [{"resource": resource, scopes: [{"scope": {"name": "app"}, name: part}]}]}


def attributes_of(values: Attributes) -> list[Json]:
    """Return OTLP's list of attributes."""
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: str | float | bool) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}


def _span(span: Span, start: int) -> Json:
    made: Json = {
        "traceId": span.trace, "spanId": span.id, "parentSpanId": span.parent, "name": span.name, "kind": span.kind,
        "startTimeUnixNano": str(start + int(span.start * MS)), "endTimeUnixNano": str(start + int(span.end * MS)),
        "attributes": attributes_of(span.attributes),
    }  # fmt: skip
    if span.status:
        made["status"] = {"code": span.status, **({"message": span.message} if span.message else {})}
    if span.exceptions:
        made["events"] = [
            {"timeUnixNano": str(start + int(at * MS)), "name": "exception",
             "attributes": attributes_of({"exception.message": text})}
            for at, text in span.exceptions
        ]  # fmt: skip
    return made


def _metric(point: Point, start: int, service: Service) -> Json:
    at: Json = {"timeUnixNano": str(start + int(point.at * MS)), "attributes": attributes_of(dict(point.attributes))}
    if point.form == "histogram":
        data = {**at, "count": str(point.count), "sum": point.value}
        body: Json = {"histogram": {"dataPoints": [data], "aggregationTemporality": 2}}
    elif point.form == "counter":
        body = {
            "sum": {"dataPoints": [{**at, "asDouble": point.value}], "aggregationTemporality": 2, "isMonotonic": True}
        }
    else:
        body = {"gauge": {"dataPoints": [{**at, "asDouble": point.value}]}}
    return {"name": point.name, **({"unit": point.unit} if point.unit and not service.old_names else {}), **body}
