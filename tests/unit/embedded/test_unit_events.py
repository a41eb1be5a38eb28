"""The runtime's socket of events, without supervisord: what it does for a follower that reads nothing."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from supervisor import events
from supervisor.medusa import asyncore_25 as asyncore

from sre_embedded.unit_events import MAX_PENDING, UnitEvents


@dataclass
class Config:
    """What supervisord knows of a program before it runs."""

    name: str


@dataclass
class Process:
    """As much of supervisord's process as its events have."""

    config: Config
    pid: int = 7
    laststart: float = 1.5


@dataclass
class Options:
    """supervisord's one way to wait for processes: here, an end by SIGKILL."""

    reaped: tuple[int, int] = (7, 9)

    def waitpid(self) -> tuple[int, int]:
        """Return the process that ended."""
        return self.reaped


@dataclass
class Supervisord:
    """An instance without programs."""

    options: Any = field(default_factory=Options)
    process_groups: dict[str, Any] = field(default_factory=dict)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[UnitEvents, Supervisord, Path]]:
    """Yield the listening socket, whose loop is turned by `turn`."""
    running, path = Supervisord(), tmp_path / "e.sock"
    listening = UnitEvents(path, running)
    yield listening, running, path
    listening.close()
    events.clear()


def turn() -> None:
    """Have every socket do what it can do now."""
    asyncore.poll(0.01)


def exited(process: Process) -> Any:  # noqa: ANN401 - supervisor ships no types
    """Return the event that supervisord notifies of when a process has ended by itself."""
    return events.ProcessStateExitedEvent(process, 20, False)


def test_a_line_has_the_signal_that_ended_the_process(served: tuple[UnitEvents, Supervisord, Path]) -> None:
    _, running, path = served
    with socket.socket(socket.AF_UNIX) as follower:
        follower.connect(str(path))
        turn()
        running.options.waitpid()
        events.notify(exited(Process(Config("a"))))
        sent = json.loads(follower.recv(4096))

    assert {key: sent[key] for key in ("name", "statename", "pid", "exit")} == {
        "name": "a", "statename": "EXITED", "pid": 7, "exit": -9,
    }  # fmt: skip


def test_the_status_of_another_process_is_not_taken_for_it(served: tuple[UnitEvents, Supervisord, Path]) -> None:
    _, running, path = served
    with socket.socket(socket.AF_UNIX) as follower:
        follower.connect(str(path))
        turn()
        running.options.waitpid()
        events.notify(exited(Process(Config("a"), pid=8)))
        assert json.loads(follower.recv(4096))["exit"] is None


def test_a_program_that_could_not_be_started_has_not_ended(served: tuple[UnitEvents, Supervisord, Path]) -> None:
    with socket.socket(socket.AF_UNIX) as follower:
        follower.connect(str(served[2]))
        follower.setblocking(False)
        turn()
        events.notify(exited(Process(Config("a"), pid=0)))
        with pytest.raises(BlockingIOError):
            follower.recv(4096)


def test_a_follower_that_reads_nothing_is_cut_off_at_a_bound_and_the_others_go_on(
    served: tuple[UnitEvents, Supervisord, Path],
) -> None:
    listening, _, path = served
    with socket.socket(socket.AF_UNIX) as deaf, socket.socket(socket.AF_UNIX) as hearing:
        for one in (deaf, hearing):
            one.connect(str(path))
            one.settimeout(10)
            turn()
        event, heard = exited(Process(Config("a" * 200))), 0
        largest = 0
        for _ in range(20_000):
            events.notify(event)
            heard += hearing.recv(65536).count(b"\n")
            largest = max([largest, *(len(one._pending) for one in listening._clients)])
            if len(listening._clients) == 1:
                break
        assert len(listening._clients) == 1
        assert largest <= MAX_PENDING
        assert heard > 100

        received = b""
        while part := deaf.recv(65536):  # what was sent before, and then the end, which says that events are lost
            received += part
        assert len(received) < heard * 400
