"""The files of one case: what the Brain gathers, what a bundle holds, what `sre-space diagnose` reads.

`incident/` and the folders `baseline*/` hold `traces.jaeger.json`, `logs.jsonl` and `metrics.jsonl`; beside the
incident's lie `changes.jsonl`, `alert.json`, `states.jsonl` and `missing.txt`. Live and repeated,
a diagnosis is made of these alone.
`window.json`, where there is one, has the times that spans of the folder can have: others are left out and named.
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
_BROKEN = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)

Files = Mapping[str, bytes]


def baselines_of(files: Files) -> Sequence[str]:
    """The folders of the healthy windows, in order."""
    return sorted({path.partition("/")[0] + "/" for path in files if path.startswith(BASELINE)})


def case_of(files: Files) -> CaseEvidence:
    """Return what the files of a case hold, for the engine; `Malformed` when a change, the alert or a state is none."""
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
    """Traces, metrics and logs of one folder; what cannot be read is counted and named."""
    spans, metrics, logs = SpanBuilder(), MetricBuilder(), LogBuilder()
    lost: list[SkippedInput] = []
    skipped = add_traces(files.get(folder + TRACES) or b'{"data": []}', spans, window_of(files.get(folder + WINDOW)))
    lost += [SkippedInput(f"{folder}{TRACES} trace {number}", why) for number, why in skipped]
    for number, line in _lines(files, folder + METRICS):
        try:
            add_metrics(line, metrics)
        except Malformed as error:
            lost.append(SkippedInput(f"{folder}{METRICS}:{number}", str(error)))
    for number, line in _lines(files, folder + LOGS):
        try:
            add_logs(line, logs)
        except Malformed as error:
            lost.append(SkippedInput(f"{folder}{LOGS}:{number}", str(error)))
    return Telemetry(spans.table(), metrics.table(), logs.table(), tuple(lost))


def window_file(earliest: int, latest: int) -> bytes:
    """`window.json`: between these Unix ns lies what the folder's spans tell of."""
    return json.dumps({"earliest": earliest, "latest": latest}).encode()


def window_of(document: bytes | None) -> tuple[int, int] | None:
    """What `window.json` says; None without one."""
    if not document:
        return None
    try:
        told = json.loads(document)
        return time_of(told["earliest"]), time_of(told["latest"])
    except _BROKEN as error:
        raise Malformed(f"no window: {type(error).__name__}: {error}") from error


def _lines(files: Files, path: str) -> Iterator[tuple[int, bytes]]:
    found = files.get(path, b"").splitlines()
    yield from ((number, line) for number, line in enumerate(found, 1) if line.strip())


def changes_of(lines: bytes) -> Sequence[Change]:
    """`changes.jsonl`; `Malformed` when a line is no change."""
    return [change_of(line, number) for number, line in enumerate(lines.splitlines(), 1) if line.strip()]


def states_of(lines: bytes) -> Sequence[ServiceState]:
    """`states.jsonl`: one `ServiceState` a line, its fields by name; `Malformed` when a line is none."""
    return [state_of(line) for line in lines.splitlines() if line.strip()]


def state_of(line: bytes) -> ServiceState:
    """One state; `Malformed` when it is none."""
    try:
        told = json.loads(line)
        return ServiceState(
            service=str(told["service"]),
            ended=bool(told["ended"]),
            runtime=str(told["runtime"]),
            runtime_id=str(told["runtime_id"]),
            answered=bool(told["answered"]),
            healthy=bool(told["healthy"]),
            health=str(told["health"]),
            starting=bool(told.get("starting", False)),
            since=time_of(told.get("since")),
            calls=tuple(str(one) for one in told.get("calls") or ()),
        )
    except _BROKEN as error:
        raise Malformed(f"no state: {type(error).__name__}: {error}") from error


def states_file(states: Iterable[ServiceState]) -> bytes:
    """`states.jsonl`."""
    return _jsonl(asdict(state) for state in states)


def changes_file(changes: Iterable[Change]) -> bytes:
    """`changes.jsonl`, without gradual releases: nobody tells the Brain of units."""
    names = ("id", "time", "applied", "settled", "service", "kind", "summary", "diff")
    return _jsonl({name: getattr(change, name) for name in names} for change in changes)


def _jsonl(objects: Iterable[Mapping[str, object]]) -> bytes:
    return b"".join(json.dumps(one, separators=(",", ":")).encode() + b"\n" for one in objects)
