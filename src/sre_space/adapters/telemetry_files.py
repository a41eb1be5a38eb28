"""Readers of folders of telemetry: OTLP/JSON lines or Jaeger query JSON, plain or gzip, and files beside them.

Used by `bootstrap.diagnose`. Input that cannot be read is skipped and reported, never fatal; a missing folder raises
`Missing`.
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
_CUT_SHORT = (OSError, EOFError, zlib.error)  # errors of a gzip file that ends early or is invalid


def read_folder(folder: Path) -> Telemetry:
    """Return the telemetry in `{traces,logs,metrics}*.jsonl` and `*.jaeger.json` of a folder, with or without `.gz`."""
    if not folder.is_dir():
        raise Missing(f"{folder} is no folder of telemetry")
    reading = _Reading()
    with _no_garbage_collection():
        for path in sorted(folder.iterdir()):
            reading.read(path)
        return reading.telemetry()


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Turn garbage collection off: parsed JSON has no cycles, and the search costs a quarter of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass
class _Reading:
    """The telemetry read so far from one folder, and the input that was skipped."""

    spans: SpanBuilder = field(default_factory=SpanBuilder)
    metrics: MetricBuilder = field(default_factory=MetricBuilder)
    logs: LogBuilder = field(default_factory=LogBuilder)
    skipped_input: list[SkippedInput] = field(default_factory=list)

    def read(self, path: Path) -> None:
        """Read a file of telemetry, by its name; ignore any other file."""
        name = path.name.removesuffix(".gz")
        if name.endswith(".jaeger.json"):
            self._jaeger(path)
        elif name.endswith(".jsonl") and name.startswith("traces"):
            _each_line(path, lambda line, _: add_spans(line, self.spans), self.skipped_input)
        elif name.endswith(".jsonl") and name.startswith("metrics"):
            _each_line(path, lambda line, _: add_metrics(line, self.metrics), self.skipped_input)
        elif name.endswith(".jsonl") and name.startswith("logs"):
            _each_line(path, lambda line, _: add_logs(line, self.logs), self.skipped_input)

    def _jaeger(self, path: Path) -> None:
        try:
            with _opened(path) as file:
                skipped = add_traces(file.read(), self.spans)
        except (Malformed, *_CUT_SHORT) as error:
            self.skipped_input.append(SkippedInput(path.name, str(error)))
            return
        self.skipped_input.extend(SkippedInput(f"{path.name} trace {number}", why) for number, why in skipped)

    def telemetry(self) -> Telemetry:
        """Return everything that was read and skipped."""
        return Telemetry(self.spans.table(), self.metrics.table(), self.logs.table(), tuple(self.skipped_input))


def read_changes(path: Path) -> tuple[tuple[Change, ...], tuple[SkippedInput, ...]]:
    """Return the changes in a file and the skipped lines; raise `Missing` without the file."""
    if not path.is_file():
        raise Missing(f"{path} is no file of changes")
    skipped_input: list[SkippedInput] = []
    return tuple(_each_line(path, change_of, skipped_input)), tuple(skipped_input)


def read_states(path: Path) -> tuple[tuple[ServiceState, ...], tuple[SkippedInput, ...]]:
    """Return the services' states in a file and the skipped lines; both empty without the file."""
    skipped_input: list[SkippedInput] = []
    states = _each_line(path, lambda line, _: state_of(line), skipped_input) if path.is_file() else []
    return tuple(states), tuple(skipped_input)


def read_alert(path: Path) -> tuple[Alert | None, tuple[SkippedInput, ...]]:
    """Return the alert in a file, None when missing or unreadable, and the file as skipped if unreadable."""
    if not path.is_file():
        return None, ()
    try:
        return alert_of(path.read_bytes()), ()
    except Malformed as error:
        return None, (SkippedInput(path.name, str(error)),)


def _each_line(path: Path, read: Callable[[bytes, int], T], skipped_input: list[SkippedInput]) -> list[T]:
    items: list[T] = []
    number = 0
    try:
        for number, line in enumerate(_lines(path), 1):
            try:
                items.append(read(line, number))
            except Malformed as error:
                skipped_input.append(SkippedInput(f"{path.name}:{number}", str(error)))
    except _CUT_SHORT as error:
        skipped_input.append(SkippedInput(f"{path.name}:{number + 1}", f"the file ends here: {error}"))
    return items


def _lines(path: Path) -> Iterator[bytes]:
    with _opened(path) as file:
        yield from (line for line in file if line.strip())


def _opened(path: Path) -> gzip.GzipFile:
    return gzip.open(path) if path.name.endswith(".gz") else path.open("rb")  # type: ignore[return-value]
