"""A diagnosis can be made again from what it looked at, and only from that."""

import json
import subprocess
import sys

import pytest
from support.live import LiveSpace

from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Decision

pytestmark = pytest.mark.e2e


def diagnosed(live: LiveSpace, issue: int, *more: str) -> "subprocess.CompletedProcess[str]":
    """Run the command as anybody would."""
    words = ["diagnose", "--incident-number", str(issue), "--state", str(live.state.root), *more]
    command = [sys.executable, "-m", "sre_space.cli.main", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_diagnosis_of_a_killed_service_is_repeated_from_its_bundle_and_an_altered_one_is_refused(
    live: LiveSpace,
) -> None:
    case = live.healed("policy-service")
    decision = case.latest(Decision)
    assert decision is not None
    diagnosis = decision.diagnosis

    again = diagnosed(live, case.issue, "--json")
    told = json.loads(again.stdout)
    bundle = live.state.bundles / f"{diagnosis.bundle}.tar.gz"
    kept = bundle.read_bytes()
    bundle.write_bytes(kept + b"\0")
    altered = diagnosed(live, case.issue)
    bundle.unlink()
    gone = diagnosed(live, case.issue)

    assert again.returncode == 0
    assert told["verdict"] == diagnosis.verdict
    assert [(one["service"], one["kind"]) for one in told["causes"]][:1] == [("policy-service", CauseKind.CRASH)]
    assert "was altered" in altered.stderr.replace("\n", " ")
    assert "is gone" in gone.stderr.replace("\n", " ")
    assert "is no incident" in diagnosed(live, 10_000).stderr.replace("\n", " ")
