"""`sre-space diagnose`: reads files or a live Jaeger and asks the engine. Starts nothing."""

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
from sre_space.analysis.diagnosis.tables import Alert
from sre_space.analysis.diagnosis.window import Window
from sre_space.codec.changes import time_of
from sre_space.domain.errors import Malformed, Missing

PARTS = 3  # of a healthy time: what one of them had too is no fault
MAX_BASELINES = 4  # baselines held for the next case of a set


@dataclass(frozen=True)
class Answer:
    """One case: its name, what was found, and how long reading and analysing took."""

    case: str
    diagnosis: CaseDiagnosis
    seconds: float


@dataclass
class Baselines:
    """Windows by folder; the most recently used stay."""

    windows: OrderedDict[Path, Window] = field(default_factory=OrderedDict)

    def of(self, folder: Path) -> Window:
        """The window of a folder, read once while it is in use."""
        if folder not in self.windows:
            self.windows[folder] = Window.of(read_folder(folder))
        self.windows.move_to_end(folder)
        while len(self.windows) > MAX_BASELINES:
            self.windows.popitem(last=False)
        return self.windows[folder]


def diagnose_folder(incident: Path, baselines: Sequence[Path], changes: Path | None) -> Answer:
    """One incident; `changes.jsonl`, `alert.json` and `states.jsonl` beside it are read when they are there."""
    begun = time.perf_counter()
    beside = incident / "changes.jsonl"
    found = _diagnosed(incident, baselines, changes or (beside if beside.is_file() else None), None, Baselines())
    return Answer(incident.name, found, time.perf_counter() - begun)


def diagnose_set(folder: Path) -> Iterator[Answer]:
    """Every case of `cases.jsonl`, in its order."""
    path = folder / "cases.jsonl"
    if not path.is_file():
        raise Missing(f"{path} is not there: a set of cases has one")
    kept = Baselines()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        begun = time.perf_counter()
        name, found = _case(folder, line, f"{path}:{number}", kept)
        yield Answer(name, found, time.perf_counter() - begun)


def diagnose_jaeger(url: str, since: int, until: int) -> Answer:
    """A window of a live Jaeger, against the equally long time before it, in PARTS."""
    begun = time.perf_counter()
    incident = Window.of(read_window(url, since, until))
    usual = read_window(url, since - (until - since), since)
    part = (until - since) // PARTS
    begins = [since - number * part for number in range(PARTS, 0, -1)]
    parts = [Window.of(between(usual, begin, begin + part)) for begin in begins]
    found = diagnose_windows(incident, [one for one in parts if len(one.spans)])
    return Answer("jaeger", found, time.perf_counter() - begun)


def _case(folder: Path, line: str, place: str, kept: Baselines) -> tuple[str, CaseDiagnosis]:
    try:
        told: dict[str, Any] = json.loads(line)
        name, incident = str(told["case"]), folder / told["incident"]
        baselines = [folder / one for one in told.get("baseline") or ()]
        changes = folder / told["changes"] if told.get("changes") else None
        detected = time_of(told.get("detected_at"))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise Malformed(f"{place} is no case: {type(error).__name__}: {error}") from error
    return name, _diagnosed(incident, baselines, changes, Alert(fired_at=detected) if detected else None, kept)


def _diagnosed(
    incident: Path, baselines: Sequence[Path], changes: Path | None, detected: Alert | None, kept: Baselines
) -> CaseDiagnosis:
    telemetry = read_folder(incident)
    known, lost = read_changes(changes) if changes else ((), ())
    alert, unread = read_alert(incident / "alert.json")
    states, unknown = read_states(incident / "states.jsonl")
    telemetry = replace(telemetry, unreadable=(*telemetry.unreadable, *lost, *unread, *unknown))
    windows = [kept.of(one) for one in baselines]
    return diagnose_windows(Window.of(telemetry), windows, known, alert or detected, states)
