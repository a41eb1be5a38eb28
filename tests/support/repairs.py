"""Faults that change nothing but what customers notice, in a live space: injected, and what came of each remedy."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import time_ns

from support.live import CHECKOUT, LiveSpace
from support.waiting import until

from sre_evaluation.desired_state import GitDesiredState
from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Decision, Outcome, Verification

LIVED_NS = 75 * 10**9  # of the space: a healthy minute to compare with
QUIET_NS = 10 * 10**9  # since the last incident: longer than a symptom that came once is held


def chaos(live: LiveSpace, *words: str) -> None:
    """Run the chaos command."""
    command = [sys.executable, str(CHECKOUT / "trigger_chaos.py"), *words, "--state", str(live.state.root)]
    subprocess.run(command, check=True, capture_output=True)


def is_quiet(live: LiveSpace) -> bool:
    """Return whether there is a healthy minute to compare with, and no symptom of the last incident is still held."""
    started = (live.state.root / "run" / "space.json").stat().st_mtime_ns
    return time_ns() > max([started + LIVED_NS, *(case.last.at + QUIET_NS for case in live.cases())])


@contextmanager
def restored(live: LiveSpace) -> Iterator[LiveSpace]:
    """Yield the space, healthy and with no recent incident; end faults and reset the desired state afterwards."""
    state = GitDesiredState(live.plan)
    before = state.head()
    until(lambda: is_quiet(live), "the space has lived well for a while")
    live.healthy()
    yield live
    chaos(live, "--recover")
    state.reset(before)


def config(live: LiveSpace, service: str) -> str:
    """Return the deployed configuration of a service."""
    return (live.state.deployed / f"{service}.env").read_text()


def tried(case: Case) -> list[str]:
    """Return the remedies in their order, each with its outcome and whether it was undone."""
    return [f"{one.action.remedy.name}: {one.outcome}{', undone' if one.undo else ''}" for one in case.trials]


def verdicts(case: Case) -> list[Outcome]:
    """Return the outcomes that Scout measured, in order."""
    return [payload.outcome for payload in case.payloads if isinstance(payload, Verification)]


def first_diagnosis(case: Case) -> tuple[str, CauseKind]:
    """Whom the first decision accuses, and of what."""
    decision = next(payload for payload in case.payloads if isinstance(payload, Decision))
    return decision.diagnosis.causes[0].service, decision.diagnosis.causes[0].kind
