"""`make bench-diagnosis`: the figures of `docs/diagnosis.md`.

    python tools/bench_diagnosis.py [CASES] [--sensitivity]

CASES is a folder of case sets (default `../shared/cases`; what is not there is left out). Truth is
read here, for counting; the engine never sees it. `--sensitivity` halves and doubles every
constant of the engine, one at a time, and counts again.
"""

import importlib
import json
import pkgutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import span_generator

from sre_space.adapters.telemetry_files import read_alert, read_changes, read_folder
from sre_space.analysis import diagnosis as package
from sre_space.analysis.diagnosis.engine import diagnose, diagnose_windows
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.analysis.diagnosis.selecting import between
from sre_space.analysis.diagnosis.tables import Alert, Change, Telemetry
from sre_space.analysis.diagnosis.window import Window
from sre_space.bootstrap.diagnose import diagnose_set
from sre_space.domain.diagnosis import Confidence
from sre_space.text.diagnosis_report import report

SETS = ("shapleyiq", "nezha-ob", "changerca", "rootcausebench")
SIZES = (10_000, 100_000, 1_000_000)
BASELINE_SPANS = 50_000
FACTORS = (0.5, 2.0)
RULES = (  # the constants that decide; the rest are codes and lengths of lists
    "ALIKE UNTOLD RARE HIGH UNLIKELY EXPLAINED FEW LARGE SURE_HARM SURE CLEAR HALF_PROOF LEAST_USE MORE SURGE FULL"
    " HALF_LIFE_NS ELSEWHERE GUILTY PRIOR LEAST_OWED START_NS HARMLESS AGREE LEAST LEAST_POINTS LEAST_LETTERS"
)


def main() -> None:
    """Print what was asked for."""
    folders = [Path(one) for one in sys.argv[1:] if not one.startswith("-")]
    cases = folders[0] if folders else Path("../shared/cases")
    if "--sensitivity" in sys.argv:
        sensitivity(cases)
    elif "--speed-of" in sys.argv:
        print(json.dumps(speed_of(folders[0], folders[1])))
    else:
        accuracy(cases)
        controls(cases)
        speed()


def accuracy(cases: Path) -> None:
    """One row a set: counts, verdicts, and the slowest case."""
    print("| set | service @1 | exact set | change @1 | verdicts | slowest |\n|---|---|---|---|---|---|")
    for folder in _there(cases):
        told = counted(folder)
        print(f"| {folder.name} | {' | '.join(told)} |", flush=True)


def _there(cases: Path) -> list[Path]:
    found = [cases / name for name in SETS if (cases / name / "truth.jsonl").is_file()]
    if not found:
        print(f"(no case sets in {cases})")
    return found


def counted(folder: Path) -> list[str]:
    """Hits of a set as `n/m`, with the names of the cases that were missed."""
    truth = {row["case"]: row for row in map(json.loads, (folder / "truth.jsonl").read_text().splitlines())}
    hits: dict[str, list[str]] = {"service": [], "set": [], "change": []}
    tried: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    slowest = 0.0
    for answer in diagnose_set(folder):
        verdicts[answer.diagnosis.verdict] += 1
        slowest = max(slowest, answer.seconds)
        for measure, right in _judged(truth[answer.case], answer.diagnosis):
            tried[measure] += 1
            hits[measure] += [] if right else [answer.case]
    rows = [f"{tried[m] - len(hits[m])}/{tried[m]} {' '.join(hits[m])}".strip() if tried[m] else "" for m in hits]
    return [*rows, ", ".join(f"{count} {name}" for name, count in verdicts.most_common()), f"{slowest:.1f} s"]


def _judged(truth: dict[str, Any], said: CaseDiagnosis) -> Iterator[tuple[str, bool]]:
    services = list(dict.fromkeys(cause.service for cause in said.causes))
    wanted = set(truth["services"])
    if truth.get("change") != "none":
        yield "service", bool(services) and services[0] in wanted
        yield "set", set(services[: len(wanted)]) == wanted
    if truth.get("change"):
        yield "change", (said.change or "none") == truth["change"]


def controls(cases: Path) -> None:
    """A baseline's second half against its first, and a system's other baselines against its first."""
    print("\n| fault-free pairs | INCONCLUSIVE | accused |\n|---|---|---|")
    for folder in _there(cases):
        wrong, tried = [], 0
        for name, incident, usual in _pairs(folder):
            found = diagnose(incident, [usual])
            tried += 1
            if found.verdict is not Confidence.INCONCLUSIVE:
                cause = found.causes[0]
                wrong.append(f"{name}: {cause.service} {cause.score:.2f} {found.verdict}")
        print(f"| {folder.name} | {tried - len(wrong)}/{tried} | {'; '.join(wrong)} |", flush=True)


def _pairs(folder: Path) -> Iterator[tuple[str, Telemetry, Telemetry]]:
    rows = list(map(json.loads, (folder / "cases.jsonl").read_text().splitlines()))
    names = dict.fromkeys(name for row in rows for name in row["baseline"])
    for name in names:
        whole = read_folder(folder / name)
        first, last = Window.of(whole).span_of_time
        middle = (first + last) // 2
        yield f"halves of {name}", between(whole, middle, last + 1), between(whole, first, middle)
    if len(rows[0]["baseline"]) > 1:  # baselines of one system
        first_name, *others = names
        usual = read_folder(folder / first_name)
        for name in others:
            other = read_folder(folder / name)
            if len(other.spans):
                yield f"{name} against {first_name}", other, usual


def speed() -> None:
    """Seconds of one core and memory by number of spans, each in a process of its own."""
    print("\n| spans | read s | analyse s | report s | µs a span | peak MB |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        span_generator.write(root / "baseline", BASELINE_SPANS // len(span_generator.TREE), False, 2)
        for size in SIZES:
            span_generator.write(root / str(size), size // len(span_generator.TREE), True, 1)
            asked = [sys.executable, __file__, str(root / str(size)), str(root / "baseline"), "--speed-of"]
            done = subprocess.run(asked, capture_output=True, text=True, check=True)
            told: dict[str, float] = json.loads(done.stdout)
            whole = told["read"] + told["analyse"] + told["report"]
            cells = [f"{told[key]:.2f}" for key in ("read", "analyse", "report")]
            print(f"| {size:,} | {' | '.join(cells)} | {1e6 * whole / size:.1f} | {told['mb']:.0f} |", flush=True)


def speed_of(incident: Path, baseline: Path) -> dict[str, float]:
    """Processor seconds of this process for one incident; the baseline is read and prepared before."""
    usual = Window.of(read_folder(baseline))
    times = [time.process_time()]
    telemetry = read_folder(incident)
    times.append(time.process_time())
    found = diagnose_windows(Window.of(telemetry), [usual])
    times.append(time.process_time())
    report(found)
    times.append(time.process_time())
    read, analyse, told = (after - before for before, after in pairwise(times))
    return {"read": read, "analyse": analyse, "report": told, "mb": peak_mb()}


def peak_mb() -> float:
    """This process's own peak (`ru_maxrss` would count its parent's, from before exec); Linux only."""
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def sensitivity(cases: Path) -> None:
    """Every constant of the engine halved and doubled: the hits of all sets together."""
    modules = [
        importlib.import_module(f"{package.__name__}.{one.name}") for one in pkgutil.iter_modules(package.__path__)
    ]
    prepared = {folder.name: list(_prepared(folder)) for folder in _there(cases)}
    print("| constant | value | halved | doubled |\n|---|---|---|---|")
    print(f"| as it is | | {_hits(prepared)} | |", flush=True)
    for module, name, value in _constants(modules):
        counts = []
        for factor in FACTORS:
            touched = [one for one in modules if getattr(one, name, None) == value]
            _set(touched, name, type(value)(value * factor) if value >= 1 else min(0.99, value * factor))
            counts.append(_hits(prepared))
            _set(touched, name, value)
        print(f"| {module.__name__.rpartition('.')[2]}.{name} | {value:g} | {' | '.join(counts)} |", flush=True)


def _constants(modules: Iterable[ModuleType]) -> Iterator[tuple[ModuleType, str, float]]:
    """Thresholds: numbers in capitals that a module defines itself."""
    seen: set[tuple[str, float]] = set()
    for module in modules:
        source = Path(str(module.__file__)).read_text()
        for name, value in vars(module).items():
            own = f"\n{name} = " in source
            if name in RULES.split() and own and (name, value) not in seen:
                yield module, name, value
                seen.add((name, value))


def _set(modules: Iterable[ModuleType], name: str, value: float) -> None:
    for module in modules:
        setattr(module, name, value)


class Prepared(NamedTuple):
    """A case, read and ready."""

    incident: Window
    baselines: list[Window]
    changes: tuple[Change, ...]
    alert: Alert | None
    truth: dict[str, Any]


def _prepared(folder: Path) -> Iterator[Prepared]:
    truth = {row["case"]: row for row in map(json.loads, (folder / "truth.jsonl").read_text().splitlines())}
    windows: dict[str, Window] = {}
    for row in map(json.loads, (folder / "cases.jsonl").read_text().splitlines()):
        for name in row["baseline"]:
            windows[name] = windows.get(name) or Window.of(read_folder(folder / name))
        changes = read_changes(folder / row["changes"])[0] if row.get("changes") else ()
        detected = int(row.get("detected_at") or 0)
        alert = read_alert(folder / row["incident"] / "alert.json")[0] or Alert(fired_at=detected)
        usual = [windows[name] for name in row["baseline"]]
        yield Prepared(Window.of(read_folder(folder / row["incident"])), usual, changes, alert, truth[row["case"]])


def _hits(prepared: dict[str, list[Prepared]]) -> str:
    """By set, the hits of its last measure: exact services, or the change where one is asked for."""
    told = []
    for cases in prepared.values():
        judged = [_last(one) for one in cases]
        told.append(f"{sum(judged)}/{len(judged)}")
    return " ".join(told)


def _last(case: Prepared) -> bool:
    found = diagnose_windows(case.incident, case.baselines, case.changes, case.alert)
    return list(_judged(case.truth, found))[-1][1]


if __name__ == "__main__":
    main()
