"""Several services are killed at once, and one while the telemetry hangs: each is restarted once, callees first."""

import os
import signal
from collections.abc import Sequence
from time import sleep, time_ns

import pytest
from support.live import LiveSpace
from support.waiting import until

from sre_space.domain.facts import Action, Decision

pytestmark = pytest.mark.e2e

APART_S = 0.9  # between two kills: the second one falls into the first one's incident


def killed(live: LiveSpace, services: Sequence[str]) -> dict[str, int]:
    """Kill them one after the other; how often each was started before."""
    starts = {name: live.starts(name) for name in ("user-service", "policy-service", "quote-service")}
    for number, name in enumerate(services):
        if number:
            sleep(APART_S)
        live.kill(name)
    return starts


def acted(live: LiveSpace, since: int) -> list[str]:
    """Return the services in the order of their restarts."""
    facts = [entry.fact for case in live.cases(since) for entry in case.chain]
    done = [(fact.at, fact.payload.remedy.service) for fact in facts if isinstance(fact.payload, Action)]
    return [service for _, service in sorted(done)]


def all_closed(live: LiveSpace, since: int, number: int) -> bool:
    """Return whether exactly `number` incidents have been opened, and all are closed."""
    cases = live.cases(since)
    return len(cases) == number and not any(case.is_open for case in cases)


@pytest.mark.long
def test_two_services_killed_a_moment_apart_are_restarted_once_each(live: LiveSpace) -> None:
    since = time_ns()
    starts = killed(live, ("policy-service", "quote-service"))

    until(lambda: all_closed(live, since, 2), "two incidents, both closed")

    assert acted(live, since) == ["policy-service", "quote-service"]
    assert {name: live.starts(name) - before for name, before in starts.items()} == {
        "user-service": 0, "policy-service": 1, "quote-service": 1,
    }  # fmt: skip


def test_the_whole_application_killed_at_once_is_restarted_callees_first(live: LiveSpace) -> None:
    since = time_ns()
    starts = {name: live.starts(name) for name in ("user-service", "policy-service", "quote-service")}
    pids = {name: live.pid(name) for name in ("quote-service", "policy-service", "user-service", "traffic")}
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)

    until(lambda: all_closed(live, since, 3), "three incidents, all closed")

    assert acted(live, since)[-1] == "quote-service"
    assert {name: live.starts(name) - before for name, before in starts.items()} == dict.fromkeys(starts, 1)


def test_a_service_killed_while_the_telemetry_hangs_is_restarted_and_verified_once_it_is_back(live: LiveSpace) -> None:
    since, telemetry = time_ns(), live.pid("telemetry")
    os.kill(telemetry, signal.SIGSTOP)
    try:
        starts = killed(live, ("policy-service",))
        until(lambda: live.starts("policy-service") == starts["policy-service"] + 1, "it is restarted")
        until(lambda: acted(live, since), "the restart is recorded")
        decision = live.cases(since)[0].latest(Decision)
        assert decision is not None
        assert "traces were not available: " in decision.diagnosis.report
    finally:
        os.kill(telemetry, signal.SIGCONT)

    until(lambda: all_closed(live, since, 1), "the incident is closed")
    assert live.starts("policy-service") == starts["policy-service"] + 1


@pytest.mark.long
def test_a_service_killed_again_right_after_its_restart_is_restarted_again(live: LiveSpace) -> None:
    since = time_ns()
    starts = killed(live, ("policy-service",))["policy-service"]
    until(lambda: live.starts("policy-service") == starts + 1 and live.pid("policy-service"), "it is restarted")
    sleep(2)
    live.kill("policy-service")

    until(lambda: live.cases(since) and not any(case.is_open for case in live.cases(since)), "it is over")
    assert live.starts("policy-service") == starts + 2
