"""Folders of telemetry: OTLP/JSON lines or Jaeger query JSON, plain or gzip, and the changes beside them.

Used by `bootstrap.diagnose`. What cannot be read is skipped, counted and named, never fatal; a
folder that is not there is `Missing`.
"""

import gc
import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sre_space.analysis.diagnosis.building import LogBuilder, MetricBuilder, SpanBuilder
from sre_space.analysis.diagnosis.tables import Alert, Change, ServiceState, SkippedInput, Telemetry
from sre_space.codec.case_files import state_of
from sre_space.codec.changes import alert_of, change_of
from sre_space.codec.jaeger_columns import add_traces
from sre_space.codec.otlp_json import add_logs, add_metrics, add_spans
from sre_space.domain.errors import Malformed, Missing

T = TypeVar("T")
_CUT_SHORT = (OSError, EOFError, zlib.error)  # of a gzip file that ends early or is none


def read_folder(folder: Path) -> Telemetry:
    """Every `traces*.jsonl`, `logs*.jsonl`, `metrics*.jsonl` and `*.jaeger.json` of a folder, `.gz` or not."""
    if not folder.is_dir():
        raise Missing(f"{folder} is no folder of telemetry")
    reading = _Reading()
    with _no_cycle_search():
        for path in sorted(folder.iterdir()):
            reading.read(path)
        return reading.telemetry()


@contextmanager
def _no_cycle_search() -> Iterator[None]:
    """Parsed JSON holds no cycles, and searching millions of its objects for them costs a quarter of the time."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


@dataclass
class _Reading:
    """What was read so far of one folder, and what was skipped."""

    spans: SpanBuilder = field(default_factory=SpanBuilder)
    metrics: MetricBuilder = field(default_factory=MetricBuilder)
    logs: LogBuilder = field(default_factory=LogBuilder)
    lost: list[SkippedInput] = field(default_factory=list)

    def read(self, path: Path) -> None:
        """One file, by its name; others are left alone."""
        name = path.name.removesuffix(".gz")
        if name.endswith(".jaeger.json"):
            self._jaeger(path)
        elif name.endswith(".jsonl") and name.startswith("traces"):
            _each_line(path, lambda line, _: add_spans(line, self.spans), self.lost)
        elif name.endswith(".jsonl") and name.startswith("metrics"):
            _each_line(path, lambda line, _: add_metrics(line, self.metrics), self.lost)
        elif name.endswith(".jsonl") and name.startswith("logs"):
            _each_line(path, lambda line, _: add_logs(line, self.logs), self.lost)

    def _jaeger(self, path: Path) -> None:
        try:
            with _opened(path) as file:
                skipped = add_traces(file.read(), self.spans)
        except (Malformed, *_CUT_SHORT) as error:
            self.lost.append(SkippedInput(path.name, str(error)))
            return
        self.lost.extend(SkippedInput(f"{path.name} trace {number}", why) for number, why in skipped)

    def telemetry(self) -> Telemetry:
        """Everything read."""
        return Telemetry(self.spans.table(), self.metrics.table(), self.logs.table(), tuple(self.lost))


def read_changes(path: Path) -> tuple[tuple[Change, ...], tuple[SkippedInput, ...]]:
    """The changes, and the lines that are none."""
    if not path.is_file():
        raise Missing(f"{path} is no file of changes")
    lost: list[SkippedInput] = []
    return tuple(_each_line(path, change_of, lost)), tuple(lost)


def read_states(path: Path) -> tuple[tuple[ServiceState, ...], tuple[SkippedInput, ...]]:
    """What runtime and probes said, and the lines that say nothing; none when the file is not there."""
    lost: list[SkippedInput] = []
    found = _each_line(path, lambda line, _: state_of(line), lost) if path.is_file() else []
    return tuple(found), tuple(lost)


def read_alert(path: Path) -> tuple[Alert | None, tuple[SkippedInput, ...]]:
    """What paged, None when it cannot be read or is not there."""
    if not path.is_file():
        return None, ()
    try:
        return alert_of(path.read_bytes()), ()
    except Malformed as error:
        return None, (SkippedInput(path.name, str(error)),)


def _each_line(path: Path, read: Callable[[bytes, int], T], lost: list[SkippedInput]) -> list[T]:
    found: list[T] = []
    number = 0
    try:
        for number, line in enumerate(_lines(path), 1):
            try:
                found.append(read(line, number))
            except Malformed as error:
                lost.append(SkippedInput(f"{path.name}:{number}", str(error)))
    except _CUT_SHORT as error:
        lost.append(SkippedInput(f"{path.name}:{number + 1}", f"the file ends here: {error}"))
    return found


def _lines(path: Path) -> Iterator[bytes]:
    with _opened(path) as file:
        yield from (line for line in file if line.strip())


def _opened(path: Path) -> gzip.GzipFile:
    return gzip.open(path) if path.name.endswith(".gz") else path.open("rb")  # type: ignore[return-value]
