"""The files of one case: what Brain gathers, what a bundle holds, what `sre-space diagnose` reads.

`incident/` and the folders `baseline*/` hold `traces.jaeger.json`, `logs.jsonl` and `metrics.jsonl`; `incident/` also
holds `changes.jsonl`, `alert.json`, `states.jsonl` and `missing.txt`. A live diagnosis and a repeated one use these
files and nothing else; what is in `output/` is for people. `window.json`, if present, bounds the times of the folder's
spans: other spans are left out and reported.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from sre_space.analysis.diagnosis.building import LogBuilder, MetricBuilder, SpanBuilder
from sre_space.analysis.diagnosis.case import CaseEvidence
from sre_space.analysis.diagnosis.tables import Change, ServiceState, SkippedInput, Telemetry
from sre_space.codec.changes import alert_of, change_of, time_of
from sre_space.codec.jaeger_columns import add_traces
from sre_space.codec.otlp_json import add_logs, add_metrics
from sre_space.domain.errors import Malformed

INCIDENT, BASELINE = "incident/", "baseline"
TRACES, LOGS, METRICS = "traces.jaeger.json", "logs.jsonl", "metrics.jsonl"
CHANGES, ALERT, STATES, MISSING = "changes.jsonl", "alert.json", "states.jsonl", "missing.txt"
WINDOW = "window.json"
OUTPUT = "output/"  # in it, SERVICE.log is what a service that was out wrote last
_PARSE_ERRORS = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)

Files = Mapping[str, bytes]


def baselines_of(files: Files) -> Sequence[str]:
    """Return the names of the folders with healthy telemetry (`baseline.../`), sorted."""
    return sorted({path.partition("/")[0] + "/" for path in files if path.startswith(BASELINE)})


def case_of(files: Files) -> CaseEvidence:
    """Return the evidence in a case's files; raise `Malformed` when a change, the alert or a state cannot be read."""
    alert = files.get(INCIDENT + ALERT)
    return CaseEvidence(
        telemetry_of(files, INCIDENT),
        [telemetry_of(files, folder) for folder in baselines_of(files)],
        changes_of(files.get(INCIDENT + CHANGES, b"")),
        alert_of(alert) if alert else None,
        states_of(files.get(INCIDENT + STATES, b"")),
        files.get(INCIDENT + MISSING, b"").decode(errors="replace").splitlines(),
    )


def telemetry_of(files: Files, folder: str) -> Telemetry:
    """Return the traces, metrics and logs of one folder; input that cannot be read is listed in `unreadable`."""
    spans, metrics, logs = SpanBuilder(), MetricBuilder(), LogBuilder()
    skipped_input: list[SkippedInput] = []
    skipped = add_traces(files.get(folder + TRACES) or b'{"data": []}', spans, window_of(files.get(folder + WINDOW)))
    skipped_input += [SkippedInput(f"{folder}{TRACES} trace {number}", why) for number, why in skipped]
    for number, line in _lines(files, folder + METRICS):
        try:
            lost = add_metrics(line, metrics)
            skipped_input += [SkippedInput(f"{folder}{METRICS}:{number}", why, many) for why, many in lost.items()]
        except Malformed as error:
            skipped_input.append(SkippedInput(f"{folder}{METRICS}:{number}", str(error)))
    for number, line in _lines(files, folder + LOGS):
        try:
            lost = add_logs(line, logs)
            skipped_input += [SkippedInput(f"{folder}{LOGS}:{number}", why, many) for why, many in lost.items()]
        except Malformed as error:
            skipped_input.append(SkippedInput(f"{folder}{LOGS}:{number}", str(error)))
    return Telemetry(spans.table(), metrics.table(), logs.table(), tuple(skipped_input))


def window_file(earliest: int, latest: int) -> bytes:
    """Return `window.json`: the earliest and the latest time (Unix ns) that spans of the folder can have."""
    return json.dumps({"earliest": earliest, "latest": latest}).encode()


def window_of(document: bytes | None) -> tuple[int, int] | None:
    """Return the times (Unix ns) in `window.json`, or None without that file; raise `Malformed` if it is unreadable."""
    if not document:
        return None
    try:
        window = json.loads(document)
        return time_of(window["earliest"]), time_of(window["latest"])
    except _PARSE_ERRORS as error:
        raise Malformed(f"no window: {type(error).__name__}: {error}") from error


def _lines(files: Files, path: str) -> Iterator[tuple[int, bytes]]:
    lines = files.get(path, b"").splitlines()
    yield from ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def changes_of(lines: bytes) -> Sequence[Change]:
    """Return the changes in `changes.jsonl`; raise `Malformed` when a line is not a change."""
    return [change_of(line, number) for number, line in enumerate(lines.splitlines(), 1) if line.strip()]


def states_of(lines: bytes) -> Sequence[ServiceState]:
    """Return the states in `states.jsonl`, one a line with its fields by name; raise `Malformed` for any other line."""
    return [state_of(line) for line in lines.splitlines() if line.strip()]


def state_of(line: bytes) -> ServiceState:
    """Return the service's state in one line of `states.jsonl`; raise `Malformed` when the line is not a state."""
    try:
        state = json.loads(line)
        return ServiceState(
            service=str(state["service"]),
            ended=bool(state["ended"]),
            runtime=str(state["runtime"]),
            runtime_id=str(state["runtime_id"]),
            answered=bool(state["answered"]),
            healthy=bool(state["healthy"]),
            health=str(state["health"]),
            starting=bool(state.get("starting", False)),
            since=time_of(state.get("since")),
            calls=tuple(str(callee) for callee in state.get("calls") or ()),
        )
    except _PARSE_ERRORS as error:
        raise Malformed(f"no state: {type(error).__name__}: {error}") from error


def states_file(states: Iterable[ServiceState]) -> bytes:
    """Return `states.jsonl` with these states, one a line."""
    return _jsonl(asdict(state) for state in states)


def changes_file(changes: Iterable[Change]) -> bytes:
    """Return `changes.jsonl` with these changes; without the units of gradual releases, which Brain does not know."""
    names = ("id", "time", "applied", "settled", "service", "kind", "summary", "diff")
    return _jsonl({name: getattr(change, name) for name in names} for change in changes)


def _jsonl(objects: Iterable[Mapping[str, object]]) -> bytes:
    return b"".join(json.dumps(item, separators=(",", ":")).encode() + b"\n" for item in objects)
