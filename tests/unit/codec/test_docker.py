"""Docker's containers and events as values: which ends were planned, and which life ended."""

from copy import deepcopy
from typing import Any

import pytest
from support.engine_stand_in import MINE, container

from sre_space.codec.docker import SERVICE, nanoseconds, unit_of
from sre_space.codec.docker_events import STOPS_WITHIN_NS, Event, Lives, event_of
from sre_space.ports.runtime import UNSEEN

S = 10**9
RUNNING = container(MINE, "shop-policy-service-1")


def inspected(**state: object) -> dict[str, Any]:
    """Return a container in another state."""
    other = deepcopy(RUNNING)
    other["State"] |= state
    return other


@pytest.mark.parametrize(
    ("status", "state", "exit_code"),
    [
        ("created", "stopped", None), ("running", "running", None), ("paused", "running", None),
        ("restarting", "starting", None), ("removing", "stopped", 137), ("exited", "exited", 137),
        ("dead", "fatal", 137), ("new in a later engine", "unknown", 137),
    ],
)  # fmt: skip
def test_each_status_of_docker_is_a_state(status: str, state: str, exit_code: int | None) -> None:
    unit = unit_of("web", inspected(Status=status, ExitCode=137, FinishedAt="2026-11-30T10:00:01Z"))

    assert unit.state == state
    assert unit.exit_code == (None if exit_code is None else -9)


def test_an_end_has_an_incarnation_of_its_own_and_its_time() -> None:
    alive = unit_of("web", RUNNING)
    dead = unit_of("web", inspected(Status="exited", ExitCode=3, Pid=0, FinishedAt="2026-11-30T10:00:01.000000007Z"))

    assert alive.incarnation == f"{'a' * 12}:2026-11-30T10:00:00.5Z"
    assert dead.incarnation == f"{alive.incarnation}:2026-11-30T10:00:01.000000007Z"
    assert dead.since - alive.since == S // 2 + 7
    assert (dead.exit_code, dead.pid) == (3, None)


def test_docker_counts_restarts_by_its_policy_alone() -> None:
    always = deepcopy(RUNNING)
    always["HostConfig"] |= {"RestartPolicy": {"Name": "always"}, "Memory": 7}
    always["RestartCount"] = 2

    assert unit_of("web", RUNNING).restarts is None
    assert (unit_of("web", always).restarts, unit_of("web", always).memory_limit) == (2, 7)


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-13-01T00:00:00Z", "2026-11-30T10:00:00+01:00", None, 7])
def test_a_time_that_is_none_is_refused(moment: object) -> None:
    with pytest.raises(ValueError, match=r"is no time|month"):
        nanoseconds(moment)


def test_the_zero_of_the_engine_is_zero() -> None:
    assert nanoseconds("0001-01-01T00:00:00Z") == 0


def event(action: str, at: int, **attributes: str) -> Event:
    """Return an event of the one container, `at` seconds after the zero."""
    return Event(MINE, "shop-policy-service-1", "policy-service", action, at * S, attributes)


@pytest.fixture
def lives() -> Lives:
    """Return what is known while the container runs since second 1."""
    known = Lives()
    known.began(MINE, "life", 1 * S)
    return known


def test_an_end_after_a_signal_that_asks_for_it_is_planned(lives: Lives) -> None:
    lives.signalled(event("kill", 5, signal="15"))
    lives.signalled(event("kill", 15, signal="9"))  # it did not hear it

    died = lives.died(event("die", 15, exitCode="137"), "web")

    assert (died.unit, died.incarnation, died.exit_code, died.planned) == ("web", "life", -9, True)


@pytest.mark.parametrize("signal", ["9", "1", "10", "6", ""])
def test_an_end_after_any_other_signal_is_not_planned(lives: Lives, signal: str) -> None:
    lives.signalled(event("kill", 5, signal=signal))

    assert not lives.died(event("die", 5, exitCode="1"), "web").planned


def test_an_end_long_after_a_signal_that_was_survived_is_not_planned(lives: Lives) -> None:
    lives.signalled(event("kill", 5, signal="15"))

    assert not lives.died(event("die", 6 + STOPS_WITHIN_NS // S, exitCode="1"), "web").planned


def test_what_explained_one_end_explains_no_other(lives: Lives) -> None:
    lives.signalled(event("kill", 5, signal="15"))
    lives.ran_out_of_memory(event("oom", 5))
    lives.died(event("die", 5, exitCode="0"), "web")
    lives.began(MINE, "next", 6 * S)

    died = lives.died(event("die", 7, exitCode="1"), "web")

    assert (died.incarnation, died.planned, died.detail) == ("next", False, "")


def test_a_child_that_ran_out_of_memory_long_ago_is_not_why(lives: Lives) -> None:
    lives.ran_out_of_memory(event("oom", 2))
    assert lives.died(event("die", 60, exitCode="1"), "web").detail == ""


def test_the_end_of_an_earlier_life_does_not_end_the_one_that_is_known(lives: Lives) -> None:
    earlier = lives.died(Event(MINE, "n", "s", "die", S // 2, {"exitCode": "1"}), "web")
    later = lives.died(event("die", 9, exitCode="1"), "web")

    assert earlier.incarnation == f"{'a' * 12}{UNSEEN}"
    assert later.incarnation == "life"


@pytest.mark.parametrize("code", ["", "x", "99999", "-1"])
def test_an_exit_code_that_is_none_is_unknown(lives: Lives, code: str) -> None:
    assert lives.died(event("die", 9, exitCode=code), "web").exit_code is None


def test_an_event_is_read_with_its_service() -> None:
    sent = {
        "Type": "container", "Action": "die", "timeNano": 7, "time": 0,
        "Actor": {"ID": MINE, "Attributes": {"name": "n", SERVICE: "s", "exitCode": "1"}},
    }  # fmt: skip
    read = event_of(sent)

    assert (read.id, read.name, read.service, read.action, read.time) == (MINE, "n", "s", "die", 7)
