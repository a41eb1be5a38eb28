"""Which space is evaluated: one of its own, or the stack around the container where RUNTIME names Docker."""

import subprocess
import sys
from pathlib import Path

import pytest

from sre_space.cli.evaluate import evaluate

CONFIG = Path(__file__).resolve().parents[2] / "sre-space.yaml"


@pytest.mark.parametrize(
    ("runtime", "program"),
    [
        ("docker://sre-cp@tcp://door:2375", "sre_evaluation.on_compose"),
        ("", "sre_evaluation"),
        ("none", "sre_evaluation"),
    ],
)
def test_the_runtime_decides(monkeypatch: pytest.MonkeyPatch, runtime: str, program: str) -> None:
    monkeypatch.setenv("RUNTIME", runtime)
    started: list[list[str]] = []

    def run(command: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        assert not check
        started.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)

    assert evaluate(False, False, True, 1, 1, (), 0.0, CONFIG) == 0
    assert started[0][:5] == [sys.executable, "-P", "-m", program, "healing"]
