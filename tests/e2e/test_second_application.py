"""An application that is not the demo is healed: gRPC and plain HTTP, no root caller, no events, YAML."""

import shutil
from collections.abc import Iterator
from time import time_ns

import pytest
from support.live import LiveSpace
from support.past import give_a_past
from support.second import DESIRED, SERVICES, change, start_second
from support.waiting import until

from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Decision, Outcome, Verification

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(420),
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: no commits over HTTP"),
]


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSpace]:
    """Start a space of the second application, with a past; fail if a process logged a traceback."""
    live = start_second(tmp_path_factory.mktemp("second"))
    try:
        give_a_past(live, SERVICES)
        yield live
    finally:
        live.down()
    crashed = {path.name for path in live.state.logs.glob("*.log") if "Traceback" in path.read_text()}
    assert not crashed, f"see the logs in {live.state.root}"


def healed(live: LiveSpace, since: int) -> Case:
    """Return the first incident since (Unix ns), once it is closed."""
    return live.closed(until(lambda: live.cases(since), "an incident is opened")[0].issue)


def diagnosed(case: Case) -> list[tuple[str, CauseKind]]:
    """Return whom each decision accuses first, and of what."""
    causes = [payload.diagnosis.causes for payload in case.payloads if isinstance(payload, Decision)]
    return [(found[0].service, found[0].kind) for found in causes if found]


def tried(case: Case) -> list[str]:
    """Return the remedies in their order, each with its outcome."""
    return [f"{one.action.remedy.name}: {one.outcome}" for one in case.trials]


def verified(case: Case) -> Verification:
    """Return the last verdict."""
    return [payload for payload in case.payloads if isinstance(payload, Verification)][-1]


def test_a_killed_service_is_restarted_and_the_journey_proves_it(second: LiveSpace) -> None:
    second.healthy()
    since, starts = time_ns(), second.starts("stock-http")
    second.kill("stock-http")
    case = healed(second, since)

    assert case.detection.key == "infrastructure/stock"
    assert diagnosed(case)[-1] == ("stock", CauseKind.CRASH)
    assert tried(case) == ["RESTART stock: RECOVERED"]
    assert second.starts("stock-http") == starts + 1
    assert verified(case).outcome is Outcome.RECOVERED
    assert verified(case).journey.good >= 10


def test_a_commit_that_breaks_orders_is_reverted(second: LiveSpace) -> None:
    second.healthy()
    since = time_ns()
    change(second, "PATIENCE_MS: 2000", "PATIENCE_MS: 1")
    case = healed(second, since)

    assert diagnosed(case)[-1] == ("counter", CauseKind.BAD_CHANGE)
    assert tried(case) == ["PR REVERT counter: RECOVERED"]
    assert "PATIENCE_MS: 2000 #" in second.state.copy_of(DESIRED).read_text()


def test_a_commit_that_makes_a_service_slow_is_reverted(second: LiveSpace) -> None:
    second.healthy()
    since = time_ns()
    change(second, "COUNTING_MS: 5", "COUNTING_MS: 900")
    case = healed(second, since)

    assert case.detection.key.startswith("latency/")
    assert diagnosed(case)[-1] == ("stock", CauseKind.BAD_CHANGE)
    assert tried(case) == ["PR REVERT stock: RECOVERED"]
    assert "COUNTING_MS: 5\n" in second.state.copy_of(DESIRED).read_text()
