"""Signals to processes: killed, or stopped as if for ever."""

import os
import signal
import time
from collections.abc import Mapping

from sre_chaos.run import Hit, Run

SEEN_WITHIN_S = 5.0
LOOK_EVERY_S = 0.01


def kill(run: Run) -> Hit:
    """A real SIGKILL; returns when the runtime has seen it, so that a recovery finds the service down."""
    pid = run.space.runtime.signal(run.service, signal.SIGKILL)
    deadline = time.monotonic() + SEEN_WITHIN_S
    while run.space.runtime.living(run.service) == pid and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
    return Hit(pid, {"pid": pid})


def start(run: Run, undo: Mapping[str, str | int]) -> None:
    """Start what was killed, unless it runs; what was down before stays down."""
    if undo:
        run.space.runtime.start(run.service)


def stop(run: Run) -> Hit:
    """SIGSTOP: it lives and its port is open, and nothing answers."""
    pid = run.space.runtime.signal(run.service, signal.SIGSTOP)
    return Hit(pid, {"pid": pid})


def go_on(run: Run, undo: Mapping[str, str | int]) -> None:
    """SIGCONT to that very process; one that was restarted meanwhile runs anyway."""
    pid = undo.get("pid")
    if pid is not None and run.space.runtime.living(run.service) == pid:
        os.kill(int(pid), signal.SIGCONT)
