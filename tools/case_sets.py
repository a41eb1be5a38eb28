"""Labelled case sets in a folder, and the fault-free pairs of windows that their baselines give."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from scores import HEALTHY

from sre_space.adapters.telemetry_files import read_folder
from sre_space.analysis.diagnosis.selecting import between, outside
from sre_space.analysis.diagnosis.tables import Telemetry
from sre_space.analysis.diagnosis.window import Window

Row = dict[str, Any]  # foreign JSON
Period = tuple[int, int]  # first and last Unix ns
SLACK_NS = 60 * 10**9  # a fault may show so long before and after what was cut out as its incident


@dataclass
class Budget:
    """The wall-clock time that a benchmark may take, in seconds; `left_out` counts what did not fit."""

    seconds: float
    begun: float = field(default_factory=time.monotonic)
    left_out: int = 0

    def spent(self) -> bool:
        """Return True when the time is over, and count that something is left out."""
        over = time.monotonic() - self.begun > self.seconds
        self.left_out += over
        return over


class Pair(NamedTuple):
    """A healthy window, as if it were an incident, and the other healthy windows of its case."""

    name: str
    incident: Window
    baselines: list[Window]


def sets_in(cases: Path, names: list[str]) -> list[Path]:
    """Return the folders of the sets, all that have a truth unless some are named."""
    found = sorted(path.parent for path in cases.glob("*/truth.jsonl") if (path.parent / "cases.jsonl").is_file())
    return [folder for folder in found if not names or folder.name in names]


def rows_of(path: Path) -> list[Row]:
    """Return the JSON objects of a file, one a line."""
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def truth_of(folder: Path) -> dict[str, Row]:
    """Return the truth of a set by case."""
    return {row["case"]: row for row in rows_of(folder / "truth.jsonl")}


def pairs_of(folder: Path, budget: Budget) -> Iterator[Pair]:
    """Yield each baseline of each case against the others of that case, each pair once.

    Of a set whose cases have one baseline each, yield the second half of each against its first half. The time of the
    set's incidents is cut out of every window: a day's metrics hold the faults of that day.
    """
    cases = rows_of(folder / "cases.jsonl")
    groups = dict.fromkeys(tuple(row.get("baseline") or ()) for row in cases)
    several = [group for group in groups if len(group) > 1]
    ill = _ill(folder, cases) if any(groups) else []
    faults = [_period(read_folder(folder / row["incident"])) for row in ill]
    if several:
        yield from _each_against_the_others(folder, several, faults, budget)
    else:
        names = [name for group in groups for name in group]
        yield from _halves(folder, names, faults, budget)


def _ill(folder: Path, cases: list[Row]) -> list[Row]:
    """Return the cases that have a fault."""
    truth = truth_of(folder)
    return [row for row in cases if set(truth[row["case"]].get("services") or ()) not in HEALTHY]


def _period(telemetry: Telemetry) -> Period:
    """Return when an incident was, with the time before and after it in which its fault may show."""
    first, last = Window.of(telemetry).span_of_time
    return first - SLACK_NS, last + SLACK_NS


def _each_against_the_others(
    folder: Path, groups: list[tuple[str, ...]], faults: list[Period], budget: Budget
) -> Iterator[Pair]:
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for group in groups:
        windows: dict[str, Window] = {}
        for name in group:
            others = tuple(other for other in group if other != name)
            if (name, others) in seen or budget.spent():
                continue
            seen.add((name, others))
            windows |= {
                part: Window.of(outside(read_folder(folder / part), faults)) for part in group if part not in windows
            }
            healthy = [windows[other] for other in others if not _is_empty(windows[other])]
            if healthy and not _is_empty(windows[name]):
                yield Pair(f"{name} against {', '.join(others)}", windows[name], healthy)


def _halves(folder: Path, names: list[str], faults: list[Period], budget: Budget) -> Iterator[Pair]:
    for name in dict.fromkeys(names):
        if budget.spent():
            continue
        whole = outside(read_folder(folder / name), faults)
        first, last = Window.of(whole).span_of_time
        middle = (first + last) // 2
        halves = Window.of(between(whole, middle, last + 1)), Window.of(between(whole, first, middle))
        if not any(map(_is_empty, halves)):
            yield Pair(f"halves of {name}", halves[0], [halves[1]])


def _is_empty(window: Window) -> bool:
    telemetry = window.telemetry
    return not (len(window.spans) or len(telemetry.metrics.time) or len(telemetry.logs))
