"""`make bench-diagnosis`, the hostile generator's table: `python tools/bench_hostile.py [FIRST:LAST] [--minutes M]`.

Seeds 0 to 999 are for development; 1000 to 1999 are run once, at the end of a change of the engine. `--write FOLDER`
writes the cases as a set instead. Runs at the lowest priority; what does not fit into the time is left out and said.
"""

import argparse
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from case_sets import Budget
from scores import HEAD, Score, mistakes, rows, scored, share

from sre_evaluation.hostile.case import Case, made
from sre_evaluation.hostile.files import row_of, write
from sre_space.bootstrap.diagnose import diagnose_folder

SEEDS = "0:200"
MINUTES = 15.0


@dataclass(frozen=True)
class Told:
    """What the tables need of a case: whether customers feel its fault, what differs, and its innocent changes.

    The case itself is let go: a thousand of them fill the memory.
    """

    felt: bool
    innocent: tuple[str, ...]
    blameless: bool

    @classmethod
    def of(cls, case: Case) -> "Told":
        """Return what is kept of a case."""
        blameless = bool(case.changes) and not any(fault.change for fault in case.faults)
        return cls(bool(case.symptoms), case.innocent, blameless)


def main() -> None:
    """Print the tables, or write the cases."""
    options = _parser().parse_args()
    os.nice(19)
    first, _, last = options.seeds.partition(":")
    seeds = range(int(first), int(last or int(first) + 1))
    if options.write:
        write(map(made, seeds), options.write)
        return
    budget = Budget(options.minutes * 60)
    print_tables(list(_scores(seeds, budget)))
    if budget.left_out:
        print(f"\nleft out for lack of time: {budget.left_out} of {len(seeds)} seeds")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Diagnoses of the hostile generator's cases.")
    parser.add_argument("seeds", nargs="?", default=SEEDS, help=f"FIRST:LAST, without the last (default: {SEEDS})")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"the time it may take (default: {MINUTES:.0f})")
    parser.add_argument("--write", type=Path, help="a folder to write the cases to, instead of diagnosing them")
    return parser


def _scores(seeds: Iterable[int], budget: Budget) -> Iterator[tuple[Told, Score]]:
    for seed in seeds:
        if budget.spent():
            continue
        case = made(seed)
        with tempfile.TemporaryDirectory() as name:
            yield Told.of(case), _score(case, Path(name))


def _score(case: Case, folder: Path) -> Score:
    write([case], folder)
    row = row_of(case)
    changes = folder / str(row["changes"]) if row["changes"] else None
    baselines = [folder / f"baseline/{case.name}-{number}" for number in range(len(case.baselines))]
    return scored(case.truth, diagnose_folder(folder / str(row["incident"]), baselines, changes).diagnosis)


def print_tables(scores: list[tuple[Told, Score]]) -> None:
    """Print the table by kind, what customers do not feel, the innocent differences, and every mistake."""
    visible = [score for case, score in scores if score.healthy or case.felt]
    unfelt = [score for case, score in scores if not score.healthy and not case.felt]
    print(f"\n{HEAD}\n|{'---|' * (HEAD.count('|') - 1)}")
    for line in (*rows("hostile", visible), *rows("not felt", unfelt)):
        print(line)
    blamed = [score.wrongly_blamed for case, score in scores if case.blameless]
    print(f"\nan innocent change blamed: {share(blamed)}")
    print("\n| what differs innocently | health accused | wrong CONFIRMED |\n|---|---|---|")
    for name in sorted({name for case, _ in scores for name in case.innocent}):
        among = [score for case, score in scores if name in case.innocent]
        accused = share(score.accused for score in among if score.healthy)
        confirmed = [score for score in among if not score.healthy and score.verdict == "CONFIRMED"]
        print(f"| {name} | {accused} | {share(not score.right for score in confirmed)} |")
    print()
    for line in mistakes("hostile", (score for _, score in scores)):
        print(line)


if __name__ == "__main__":
    main()
