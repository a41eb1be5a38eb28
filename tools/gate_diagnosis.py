"""`make gate CASES=DIR`: compares the diagnoses of four sets of cases, byte for byte, with those of a release.

    python tools/gate_diagnosis.py CASES [--release 0.1.0] [--record] [--keep FOLDER]

CASES holds the sets of docs/diagnosis.md; they are not part of the repository. Each is run through
`sre-space diagnose --cases SET --jsonl`, and each line, except its seconds, is compared with the
release's line in `tests/compat/RELEASE/diagnoses/SET.jsonl`: verdict, causes and change in
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
    """Compare or record, and return the exit status: 1 when a line differs, 2 when a set is missing."""
    options = _parser().parse_args()
    missing = [name for name in SETS if not (options.cases / name / "cases.jsonl").is_file()]
    if missing:
        sys.stderr.write(
            f"{options.cases}: the set {missing[0]} does not exist; CASES is the folder of all four sets\n"
        )
        return 2
    folder = RELEASES / options.release / "diagnoses"
    differing = sum(
        _gate(options.cases / name, folder / f"{name}.jsonl", options.record, options.keep) for name in SETS
    )
    print(f"{'recorded' if options.record else f'{differing} lines differ from {options.release}'}")
    return 1 if differing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The diagnoses of four sets of cases against those of a release.")
    parser.add_argument("cases", type=Path, help="the folder of the sets")
    parser.add_argument("--release", default=NEWEST, help=f"the release to compare with (default: {NEWEST})")
    parser.add_argument("--record", action="store_true", help="record the diagnoses of the release")
    parser.add_argument("--keep", type=Path, help="a folder in which to keep the whole lines")
    return parser


def _gate(cases: Path, recorded: Path, record: bool, keep: Path | None) -> int:
    """Compare or record one set, and return how many of its lines differ."""
    lines = diagnosed(cases)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / recorded.name).write_text("".join(f"{line}\n" for line in lines))
    now = [shown(line) for line in lines]
    if record:
        recorded.parent.mkdir(parents=True, exist_ok=True)
        recorded.write_text("".join(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in now))
        return 0
    before = [json.loads(line) for line in recorded.read_text().splitlines()]
    sentences = list(differences(before, now))
    for entry in sentences:
        print(f"{cases.name} {entry}")
    print(f"{cases.name}: {len(now)} cases, {len(sentences)} differ")
    return len(sentences)


def diagnosed(cases: Path) -> list[str]:
    """Return the lines that the command prints for a set, one for each case, without the seconds."""
    command = [sys.executable, "-m", "sre_space.cli.main", "diagnose", "--cases", str(cases), "--jsonl"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [without_seconds(line) for line in done.stdout.splitlines()]


def without_seconds(line: str) -> str:
    """Return a line without its last field `seconds`; raise `ValueError` when that is not its last field."""
    rest, count = _SECONDS.subn("}", line)
    if not count:
        raise ValueError(f"a line that does not end with its seconds: {line[-80:]!r}")
    return rest


def shown(line: str) -> Line:
    """Return the record of a line: the answer in words, and the SHA-256 of the line and of each field."""
    document = json.loads(line)
    causes = [
        f"{cause['service']} {cause['kind']} {cause['operation']} {cause['score']}" for cause in document["causes"]
    ]
    fields = {name: _sha(json.dumps(value))[:16] for name, value in document.items()}
    answer = {"case": document["case"], "verdict": document["verdict"], "causes": causes, "change": document["change"]}
    return {**answer, "fields": fields, "sha256": _sha(line)}


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def differences(before: Iterable[Line], now: Iterable[Line]) -> Iterator[str]:
    """Yield a sentence for each line that differs from the recorded one."""
    for number, (was, is_now) in enumerate(zip_longest(before, now), 1):
        if was is None or is_now is None:
            present = was or is_now
            yield f"line {number}, {present['case'] if present else ''}: is {'gone' if is_now is None else 'new'}"
        elif was["sha256"] != is_now["sha256"]:
            yield f"{was['case']}: {'; '.join(_changes(was, is_now))}"


def _changes(was: Line, now: Line) -> Iterator[str]:
    in_words = [name for name in ("case", "verdict", "causes", "change") if was[name] != now[name]]
    yield from (f"{name} was {was[name]!r} and is {now[name]!r}" for name in in_words)
    before, after = was["fields"], now["fields"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name) and name not in in_words]
    if names:
        yield f"other words in: {', '.join(names)}"
    if not in_words and not names:
        yield "the same fields in another order or form"


if __name__ == "__main__":
    sys.exit(main())
