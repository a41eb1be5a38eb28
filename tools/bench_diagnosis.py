"""`make bench-diagnosis`: the figures of `docs/diagnosis.md`.

    python tools/bench_diagnosis.py [CASES] [--sensitivity]

CASES is a folder of case sets (default `../shared/cases`; missing sets are left out). The truth is
read only here, for counting; the engine never sees it. `--sensitivity` halves and doubles every
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
RULES = (  # the constants that affect a decision; the others are codes and lengths of lists
    "ALIKE SIZE_WITHOUT_DIFF NO_OTHER_HOPS MIN_FAILURE_RATE HIGH_QUANTILE UNLIKELY EXPLAINED FEW LARGE SURE_IMPACT SURE"
    " CLEAR PROVEN_TWICE HALF_PROOF MIN_USE MIN_TIMES_MORE SURGE FULL HALF_LIFE_NS ELSEWHERE GUILTY PRIOR MIN_OWED"
    " START_NS HARMLESS AGREE MIN_REQUESTS MIN_SCORE MIN_POINTS MIN_LETTERS"
)


def main() -> None:
    """Print the tables that the arguments select."""
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
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
    """Print a row for each set: hits, verdicts, and the slowest case."""
    print("| set | service @1 | exact set | change @1 | verdicts | slowest |\n|---|---|---|---|---|---|")
    for folder in _present_sets(cases):
        cells = counted(folder)
        print(f"| {folder.name} | {' | '.join(cells)} |", flush=True)


def _present_sets(cases: Path) -> list[Path]:
    present = [cases / name for name in SETS if (cases / name / "truth.jsonl").is_file()]
    if not present:
        print(f"(no case sets in {cases})")
    return present


def counted(folder: Path) -> list[str]:
    """Return the hits of a set as `n/m`, each with the names of the cases that were missed."""
    truth = {row["case"]: row for row in map(json.loads, (folder / "truth.jsonl").read_text().splitlines())}
    hits: dict[str, list[str]] = {"service": [], "set": [], "change": []}
    tried: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    slowest = 0.0
    for answer in diagnose_set(folder):
        verdicts[answer.diagnosis.verdict] += 1
        slowest = max(slowest, answer.seconds)
        for measure, hit in _evaluated(truth[answer.case], answer.diagnosis):
            tried[measure] += 1
            hits[measure] += [] if hit else [answer.case]
    rows = [f"{tried[m] - len(hits[m])}/{tried[m]} {' '.join(hits[m])}".strip() if tried[m] else "" for m in hits]
    return [*rows, ", ".join(f"{count} {name}" for name, count in verdicts.most_common()), f"{slowest:.1f} s"]


def _evaluated(truth: dict[str, Any], diagnosed: CaseDiagnosis) -> Iterator[tuple[str, bool]]:
    services = list(dict.fromkeys(cause.service for cause in diagnosed.causes))
    expected = set(truth["services"])
    if truth.get("change") != "none":
        yield "service", bool(services) and services[0] in expected
        yield "set", set(services[: len(expected)]) == expected
    if truth.get("change"):
        yield "change", (diagnosed.change or "none") == truth["change"]


def controls(cases: Path) -> None:
    """Print the diagnoses of fault-free pairs: halves of a baseline, and other baselines against the first."""
    print("\n| fault-free pairs | INCONCLUSIVE | accused |\n|---|---|---|")
    for folder in _present_sets(cases):
        wrong, tried = [], 0
        for name, incident, baseline in _pairs(folder):
            diagnosis = diagnose(incident, [baseline])
            tried += 1
            if diagnosis.verdict is not Confidence.INCONCLUSIVE:
                cause = diagnosis.causes[0]
                wrong.append(f"{name}: {cause.service} {cause.score:.2f} {diagnosis.verdict}")
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
        first_baseline = read_folder(folder / first_name)
        for name in others:
            other = read_folder(folder / name)
            if len(other.spans):
                yield f"{name} against {first_name}", other, first_baseline


def speed() -> None:
    """Print CPU seconds and peak memory by number of spans, each measured in a separate process."""
    print("\n| spans | read s | analyse s | report s | µs a span | peak MB |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        span_generator.write(root / "baseline", BASELINE_SPANS // len(span_generator.TREE), False, 2)
        for size in SIZES:
            span_generator.write(root / str(size), size // len(span_generator.TREE), True, 1)
            command = [sys.executable, __file__, str(root / str(size)), str(root / "baseline"), "--speed-of"]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            measured: dict[str, float] = json.loads(done.stdout)
            whole = measured["read"] + measured["analyse"] + measured["report"]
            cells = [f"{measured[key]:.2f}" for key in ("read", "analyse", "report")]
            print(f"| {size:,} | {' | '.join(cells)} | {1e6 * whole / size:.1f} | {measured['mb']:.0f} |", flush=True)


def speed_of(incident: Path, baseline: Path) -> dict[str, float]:
    """Return the CPU seconds of each stage for one incident and the peak memory in MB; the baseline is not counted."""
    baseline_window = Window.of(read_folder(baseline))
    times = [time.process_time()]
    telemetry = read_folder(incident)
    times.append(time.process_time())
    diagnosis = diagnose_windows(Window.of(telemetry), [baseline_window])
    times.append(time.process_time())
    report(diagnosis)
    times.append(time.process_time())
    read, analyse, reported = (after - before for before, after in pairwise(times))
    return {"read": read, "analyse": analyse, "report": reported, "mb": peak_mb()}


def peak_mb() -> float:
    """Return this process's peak memory in MB (`ru_maxrss` may include its parent's before exec); Linux only."""
    line = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def sensitivity(cases: Path) -> None:
    """Print the hits of all sets with every constant of the engine halved and doubled."""
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    ]
    prepared = {folder.name: list(_prepared(folder)) for folder in _present_sets(cases)}
    print("| constant | value | halved | doubled |\n|---|---|---|---|")
    print(f"| as it is | | {_hits(prepared)} | |", flush=True)
    for module, name, value in _constants(modules):
        counts = []
        for factor in FACTORS:
            affected = [other for other in modules if getattr(other, name, None) == value]
            _set(affected, name, type(value)(value * factor) if value >= 1 else min(0.99, value * factor))
            counts.append(_hits(prepared))
            _set(affected, name, value)
        print(f"| {module.__name__.rpartition('.')[2]}.{name} | {value:g} | {' | '.join(counts)} |", flush=True)


def _constants(modules: Iterable[ModuleType]) -> Iterator[tuple[ModuleType, str, float]]:
    """Yield the constants in RULES with module, name and value, each once, from the module that defines it."""
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
    """A case, with its telemetry read."""

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
        baselines = [windows[name] for name in row["baseline"]]
        yield Prepared(Window.of(read_folder(folder / row["incident"])), baselines, changes, alert, truth[row["case"]])


def _hits(prepared: dict[str, list[Prepared]]) -> str:
    """Return the hits of each set by its last measure: exact services, or the change where the truth names one."""
    counts = []
    for cases in prepared.values():
        hits = [_last(case) for case in cases]
        counts.append(f"{sum(hits)}/{len(hits)}")
    return " ".join(counts)


def _last(case: Prepared) -> bool:
    diagnosis = diagnose_windows(case.incident, case.baselines, case.changes, case.alert)
    return list(_evaluated(case.truth, diagnosis))[-1][1]


if __name__ == "__main__":
    main()
