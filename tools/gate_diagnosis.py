"""`make gate CASES=DIR`: the diagnoses of four sets of cases are, byte for byte, those of a release.

    python tools/gate_diagnosis.py CASES [--release 0.1.0] [--record] [--keep FOLDER]

CASES holds the sets of docs/diagnosis.md; they are not part of the repository. Each is run through
`sre-space diagnose --cases SET --jsonl`, and each line, but for its seconds, is compared with what
the release recorded in `tests/compat/RELEASE/diagnoses/SET.jsonl`: verdict, causes and change in
plain words, and the SHA-256 of the line and of each of its fields. `--record` writes those files
instead, `--keep` also leaves the whole lines in a folder, where two commits can be compared.
Exits 1 when a line differs, 2 when there is nothing to compare.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

SETS = ("shapleyiq", "nezha-ob", "changerca", "rootcausebench")  # docs/diagnosis.md, "Figures"
RELEASES = Path(__file__).resolve().parents[1] / "tests" / "compat"
NEWEST = "0.1.0"
_SECONDS = re.compile(r', "seconds": [0-9.e-]+\}$')
Line = Mapping[str, object]


def main() -> int:
    """Compare or record; the exit code."""
    asked = _parser().parse_args()
    missing = [name for name in SETS if not (asked.cases / name / "cases.jsonl").is_file()]
    if missing:
        sys.stderr.write(f"{asked.cases}: the set {missing[0]} is not there; CASES is the folder of all four sets\n")
        return 2
    folder = RELEASES / asked.release / "diagnoses"
    differing = sum(_gate(asked.cases / name, folder / f"{name}.jsonl", asked.record, asked.keep) for name in SETS)
    print(f"{'recorded' if asked.record else f'{differing} lines differ from {asked.release}'}")
    return 1 if differing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The diagnoses of four sets of cases against those of a release.")
    parser.add_argument("cases", type=Path, help="the folder of the sets")
    parser.add_argument("--release", default=NEWEST, help=f"the release to compare with (default: {NEWEST})")
    parser.add_argument("--record", action="store_true", help="write what the release is to be")
    parser.add_argument("--keep", type=Path, help="a folder for the whole lines")
    return parser


def _gate(cases: Path, recorded: Path, record: bool, keep: Path | None) -> int:
    """One set; how many of its lines differ."""
    lines = diagnosed(cases)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / recorded.name).write_text("".join(f"{line}\n" for line in lines))
    now = [shown(line) for line in lines]
    if record:
        recorded.parent.mkdir(parents=True, exist_ok=True)
        recorded.write_text("".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in now))
        return 0
    before = [json.loads(line) for line in recorded.read_text().splitlines()]
    told = list(differences(before, now))
    for one in told:
        print(f"{cases.name} {one}")
    print(f"{cases.name}: {len(now)} cases, {len(told)} differ")
    return len(told)


def diagnosed(cases: Path) -> list[str]:
    """What the command prints for a set, a line a case, without the seconds."""
    command = [sys.executable, "-m", "sre_space.cli.main", "diagnose", "--cases", str(cases), "--jsonl"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [without_seconds(line) for line in done.stdout.splitlines()]


def without_seconds(line: str) -> str:
    """The line but for its last field, how long the case took; `ValueError` when that is not its last field."""
    rest, found = _SECONDS.subn("}", line)
    if not found:
        raise ValueError(f"a line that does not end with its seconds: {line[-80:]!r}")
    return rest


def shown(line: str) -> Line:
    """What is recorded of a line: the answer in plain words, and what every byte of it must be."""
    told = json.loads(line)
    causes = [f"{one['service']} {one['kind']} {one['operation']} {one['score']}" for one in told["causes"]]
    fields = {name: _sha(json.dumps(value))[:16] for name, value in told.items()}
    answer = {"case": told["case"], "verdict": told["verdict"], "causes": causes, "change": told["change"]}
    return {**answer, "fields": fields, "sha256": _sha(line)}


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def differences(before: Iterable[Line], now: Iterable[Line]) -> Iterator[str]:
    """A sentence for each line that is not what it was."""
    for number, (was, one) in enumerate(zip_longest(before, now), 1):
        if was is None or one is None:
            there = was or one
            yield f"line {number}, {there['case'] if there else ''}: is {'gone' if one is None else 'new'}"
        elif was["sha256"] != one["sha256"]:
            yield f"{was['case']}: {'; '.join(_changes(was, one))}"


def _changes(was: Line, now: Line) -> Iterator[str]:
    plain = [name for name in ("case", "verdict", "causes", "change") if was[name] != now[name]]
    yield from (f"{name} was {was[name]!r} and is {now[name]!r}" for name in plain)
    before, after = was["fields"], now["fields"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name) and name not in plain]
    if names:
        yield f"other words in: {', '.join(names)}"
    if not plain and not names:
        yield "the same fields in another order or form"


if __name__ == "__main__":
    sys.exit(main())
