"""`make bench-diagnosis`: the figures of `docs/diagnosis.md`.

    python tools/bench_diagnosis.py [CASES] [--sets NAME,...] [--only PART] [--minutes M] [--sensitivity]

CASES is a folder of case sets (default `../shared/cases`; all sets in it, unless some are named). The truth is
read only here, for counting; the engine never sees it. It runs at the lowest priority, and what does not fit into the
time is left out and said. `--sensitivity` halves and doubles every constant of the engine, one at a time, and counts
again on four sets.
"""

import argparse
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import span_generator
from case_sets import Budget, pairs_of, rows_of, sets_in, truth_of
from scores import HEAD, mistakes, rows, scored

from sre_space.adapters.telemetry_files import read_alert, read_changes, read_folder
from sre_space.analysis import diagnosis as package
from sre_space.analysis.diagnosis.engine import diagnose_windows
from sre_space.analysis.diagnosis.tables import Alert, Change
from sre_space.analysis.diagnosis.window import Window
from sre_space.bootstrap.diagnose import diagnose_set
from sre_space.domain.diagnosis import Confidence
from sre_space.text.diagnosis_report import report

SETS = (  # of the sensitivity
    "shapleyiq",
    "nezha-ob",
    "changerca",
    "rootcausebench",
)
SIZES = (10_000, 100_000, 1_000_000)
BASELINE_SPANS = 50_000
FACTORS = (0.5, 2.0)
RULES = (  # the constants that affect a decision; the others are codes and lengths of lists
    "ALIKE SIZE_WITHOUT_DIFF NO_OTHER_HOPS MIN_FAILURE_RATE HIGH_QUANTILE UNLIKELY EXPLAINED FEW LARGE SURE_IMPACT SURE"
    " CLEAR PROVEN_TWICE HALF_PROOF MIN_GROWTH MIN_TIMES_MORE SURGE FULL HALF_LIFE_NS ELSEWHERE GUILTY PRIOR MIN_OWED"
    " START_NS HARMLESS HIDDEN AGREE MIN_REQUESTS MIN_SCORE MIN_POINTS MIN_LETTERS"
)


def main() -> None:
    """Print the tables that the arguments select."""
    if "--speed-of" in sys.argv:
        print(json.dumps(speed_of(Path(sys.argv[1]), Path(sys.argv[2]))))
        return
    options = _parser().parse_args()
    os.nice(19)
    if options.sensitivity:
        sensitivity(options.cases)
        return
    folders = sets_in(options.cases, options.sets.split(",") if options.sets else [])
    budget = Budget(options.minutes * 60)
    if not folders:
        print(f"(no case sets in {options.cases})")
    if options.only in ("", "accuracy"):
        accuracy(folders, budget)
    if options.only in ("", "pairs"):
        controls(folders, budget)
    if budget.left_out:
        print(f"\nleft out for lack of time: {budget.left_out} sets or pairs")
    if options.only in ("", "speed"):
        speed()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The figures of docs/diagnosis.md.")
    parser.add_argument("cases", nargs="?", type=Path, default=Path("../shared/cases"), help="a folder of case sets")
    parser.add_argument("--sets", default="", help="the sets, with commas (default: all)")
    parser.add_argument("--only", default="", choices=("", "accuracy", "pairs", "speed"), help="one part")
    parser.add_argument(
        "--minutes", type=float, default=30.0, help="the time that sets and pairs may take (default: 30)"
    )
    parser.add_argument("--sensitivity", action="store_true", help="halve and double each constant instead")
    return parser


def accuracy(folders: Sequence[Path], budget: Budget) -> None:
    """Print rows for each set and each of its kinds, and every mistake by name."""
    print(f"{HEAD}\n|{'---|' * (HEAD.count('|') - 1)}")
    wrong: list[str] = []
    for folder in folders:
        if budget.spent():
            continue
        truth = truth_of(folder)
        answers = list(diagnose_set(folder))
        found = [scored(truth[answer.case], answer.diagnosis) for answer in answers]
        for line in rows(folder.name, found):
            print(line, flush=True)
        wrong += mistakes(folder.name, found)
        wrong.append(f"- {folder.name}: slowest {max(answer.seconds for answer in answers):.1f} s")
    print("", *wrong, sep="\n")


def controls(folders: Sequence[Path], budget: Budget) -> None:
    """Print how often health was accused: each baseline of each case against the others of that case."""
    print("\n| fault-free pairs | accused | CONFIRMED | who |\n|---|---|---|---|")
    for folder in folders:
        tried, wrong = 0, list[str]()
        for pair in pairs_of(folder, budget):
            diagnosis = diagnose_windows(pair.incident, pair.baselines)
            tried += 1
            if diagnosis.verdict is not Confidence.INCONCLUSIVE:
                cause = diagnosis.causes[0]
                wrong.append(f"{pair.name}: {cause.service} {cause.kind} {cause.score:.2f} {diagnosis.verdict}")
        confirmed = sum(line.endswith("CONFIRMED") for line in wrong)
        if tried:
            print(f"| {folder.name} | {len(wrong)}/{tried} | {confirmed} | {'; '.join(wrong)} |", flush=True)


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
    prepared = {folder.name: list(_prepared(folder)) for folder in sets_in(cases, list(SETS))}
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
    truth = truth_of(folder)
    windows: dict[str, Window] = {}
    for row in rows_of(folder / "cases.jsonl"):
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
    score = scored(case.truth, diagnose_windows(case.incident, case.baselines, case.changes, case.alert))
    return bool(score.exact if score.right_change is None else score.right_change)


if __name__ == "__main__":
    main()
