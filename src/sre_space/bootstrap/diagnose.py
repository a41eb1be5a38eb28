"""The diagnosis of files or of a live Jaeger, for `sre-space diagnose`. It starts no process."""

import json
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sre_space.adapters.jaeger_window import read_window
from sre_space.adapters.telemetry_files import read_alert, read_changes, read_folder, read_states
from sre_space.analysis.diagnosis.engine import diagnose_windows
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.analysis.diagnosis.selecting import between
from sre_space.analysis.diagnosis.tables import Alert, SkippedInput, Telemetry
from sre_space.analysis.diagnosis.window import Window
from sre_space.codec.changes import time_of
from sre_space.domain.errors import Malformed, Missing

PARTS = 3  # of the healthy time: what also occurs in one of them is no fault
MAX_BASELINES = 4  # baselines cached for the next cases of a set


@dataclass(frozen=True)
class Answer:
    """The diagnosis of one case: its name, the result, and the seconds that reading and analysis took.

    `unread` is the input of it that could not be read.
    """

    case: str
    diagnosis: CaseDiagnosis
    seconds: float
    unread: tuple[SkippedInput, ...] = ()


@dataclass
class Baselines:
    """A cache of baseline windows by folder, least recently used first."""

    windows: OrderedDict[Path, Window] = field(default_factory=OrderedDict)

    def of(self, folder: Path) -> Window:
        """Return the window of a folder, from the cache or read now."""
        if folder not in self.windows:
            self.windows[folder] = Window.of(_named(folder, read_folder(folder)))
        self.windows.move_to_end(folder)
        while len(self.windows) > MAX_BASELINES:
            self.windows.popitem(last=False)
        return self.windows[folder]


def _named(folder: Path, telemetry: Telemetry) -> Telemetry:
    """Return a baseline's telemetry; the places of its unreadable input begin with the folder's name."""
    unreadable = tuple(replace(item, place=f"{folder.name}/{item.place}") for item in telemetry.unreadable)
    return replace(telemetry, unreadable=unreadable)


def diagnose_folder(incident: Path, baselines: Sequence[Path], changes: Path | None) -> Answer:
    """Return the diagnosis of one incident; read its `changes.jsonl`, `alert.json` and `states.jsonl` if present."""
    begun = time.perf_counter()
    own_changes = incident / "changes.jsonl"
    diagnosis, unread = _diagnosed(
        incident, baselines, changes or (own_changes if own_changes.is_file() else None), None, Baselines()
    )
    return Answer(incident.name, diagnosis, time.perf_counter() - begun, unread)


def diagnose_set(folder: Path) -> Iterator[Answer]:
    """Yield the diagnosis of every case of `cases.jsonl`, in its order; raise `Missing` when the file is missing."""
    path = folder / "cases.jsonl"
    if not path.is_file():
        raise Missing(f"{path} does not exist: a set of cases needs one")
    cache = Baselines()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        begun = time.perf_counter()
        name, diagnosis, unread = _case(folder, line, f"{path}:{number}", cache)
        yield Answer(name, diagnosis, time.perf_counter() - begun, unread)


def diagnose_jaeger(url: str, since: int, until: int) -> Answer:
    """Return the diagnosis of [since, until) (Unix ns) in a live Jaeger, against the equally long time before it."""
    begun = time.perf_counter()
    incident = Window.of(read_window(url, since, until))
    before = read_window(url, since - (until - since), since)
    part = (until - since) // PARTS
    begins = [since - number * part for number in range(PARTS, 0, -1)]
    parts = [Window.of(between(before, begin, begin + part)) for begin in begins]
    diagnosis = diagnose_windows(incident, [part_window for part_window in parts if len(part_window.spans)])
    return Answer("jaeger", diagnosis, time.perf_counter() - begun)


def _case(folder: Path, line: str, place: str, cache: Baselines) -> tuple[str, CaseDiagnosis, tuple[SkippedInput, ...]]:
    try:
        row: dict[str, Any] = json.loads(line)
        name, incident = str(row["case"]), folder / row["incident"]
        baselines = [folder / baseline for baseline in row.get("baseline") or ()]
        changes = folder / row["changes"] if row.get("changes") else None
        detected = time_of(row.get("detected_at"))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise Malformed(f"{place} is not a case: {type(error).__name__}: {error}") from error
    return name, *_diagnosed(incident, baselines, changes, Alert(fired_at=detected) if detected else None, cache)


def _diagnosed(
    incident: Path, baselines: Sequence[Path], changes: Path | None, detected: Alert | None, cache: Baselines
) -> tuple[CaseDiagnosis, tuple[SkippedInput, ...]]:
    """Return the diagnosis of one case, and what of its input could not be read."""
    telemetry = read_folder(incident, [changes] if changes else [])
    recent, lost = read_changes(changes) if changes else ((), ())
    alert, unread = read_alert(incident / "alert.json")
    states, unknown = read_states(incident / "states.jsonl")
    telemetry = replace(telemetry, unreadable=(*telemetry.unreadable, *lost, *unread, *unknown))
    windows = [cache.of(folder) for folder in baselines]
    diagnosis = diagnose_windows(Window.of(telemetry), windows, recent, alert or detected, states)
    return diagnosis, (*_unread(incident, telemetry), *_unread_of(baselines, windows))


def _unread_of(baselines: Sequence[Path], windows: Sequence[Window]) -> Iterator[SkippedInput]:
    for folder, window in zip(baselines, windows, strict=True):
        yield from _unread(folder, window.telemetry)


def _unread(folder: Path, telemetry: Telemetry) -> Iterator[SkippedInput]:
    """Yield what of a folder could not be read, or the folder itself when it holds no telemetry."""
    yield from telemetry.unreadable
    if not (len(telemetry.spans) or len(telemetry.metrics) or len(telemetry.logs)):
        yield SkippedInput(folder.name, "it holds no telemetry that could be read")
