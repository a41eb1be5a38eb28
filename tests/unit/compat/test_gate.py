"""The gate of diagnoses: equal bytes pass, and each other line is told with what is different in it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import gate_diagnosis
import pytest
from support.recorded import RELEASES

CASES = os.environ.get("SRE_DIAGNOSIS_CASES", "")
LINE = {
    "case": "a-1",
    "verdict": "LIKELY",
    "causes": [{"service": "a", "operation": "GET /", "kind": "error", "score": 0.5, "evidence": ["span:1"]}],
    "change": None,
    "chain": [{"told": "a failed", "evidence": ["span:1"]}],
    "notes": [],
}


def line(**fields: object) -> str:
    return gate_diagnosis.without_seconds(json.dumps({**LINE, **fields, "seconds": 12.715}))


def told(**fields: object) -> list[str]:
    """Return the differences that the gate reports for a line with these fields changed."""
    return list(gate_diagnosis.differences([gate_diagnosis.shown(line())], [gate_diagnosis.shown(line(**fields))]))


def test_the_seconds_are_no_difference_and_a_line_without_them_is_an_error() -> None:
    assert line() == json.dumps(LINE)
    assert told() == []
    with pytest.raises(ValueError, match="does not end with its seconds"):
        gate_diagnosis.without_seconds(json.dumps(LINE))


def test_what_differs_is_told_in_the_words_of_the_answer() -> None:
    assert told(verdict="CONFIRMED") == ["a-1: verdict was 'LIKELY' and is 'CONFIRMED'"]
    assert told(notes=["one"]) == ["a-1: other words in: notes"]
    assert told(chain=[], change="c0ffee") == ["a-1: change was None and is 'c0ffee'; other words in: chain"]


def test_a_case_that_is_gone_or_new_is_told() -> None:
    one = gate_diagnosis.shown(line())

    assert list(gate_diagnosis.differences([one], [])) == ["line 1, a-1: is gone"]
    assert list(gate_diagnosis.differences([], [one])) == ["line 1, a-1: is new"]


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_the_four_sets_were_recorded(release: Path) -> None:
    counts = {
        name: len((release / "diagnoses" / f"{name}.jsonl").read_text().splitlines()) for name in gate_diagnosis.SETS
    }

    assert counts == {"shapleyiq": 119, "nezha-ob": 24, "changerca": 13, "rootcausebench": 6}


def test_without_cases_it_says_which_folder_is_meant(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, gate_diagnosis.__file__, tmp_path], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "the set shapleyiq does not exist; CASES is the folder of all four sets" in done.stderr


@pytest.mark.skipif(not CASES, reason="SRE_DIAGNOSIS_CASES names no folder of cases")
@pytest.mark.timeout(1200)
def test_the_diagnoses_are_those_of_the_release() -> None:
    done = subprocess.run([sys.executable, gate_diagnosis.__file__, CASES], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
