"""Faults by signals to processes: killed, or stopped."""

import os
import signal
import time
from collections.abc import Mapping

from sre_chaos.run import Hit, Run

SEEN_WITHIN_S = 5.0
LOOK_EVERY_S = 0.01


def kill(run: Run) -> Hit:
    """Send SIGKILL; return when the runtime has noticed the exit, so that a recovery finds the service down."""
    pid = run.space.runtime.signal(run.service, signal.SIGKILL)
    deadline = time.monotonic() + SEEN_WITHIN_S
    while run.space.runtime.living(run.service) == pid and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
    return Hit(pid, {"pid": pid})


def start(run: Run, undo: Mapping[str, str | int]) -> None:
    """Start the killed service unless it runs; a service that was down before stays down."""
    if undo:
        run.space.runtime.start(run.service)


def stop(run: Run) -> Hit:
    """Send SIGSTOP: the process is alive and its port open, but it does not answer."""
    pid = run.space.runtime.signal(run.service, signal.SIGSTOP)
    return Hit(pid, {"pid": pid})


def resume(run: Run, undo: Mapping[str, str | int]) -> None:
    """Send SIGCONT to the stopped process; one that was restarted meanwhile runs anyway."""
    pid = undo.get("pid")
    if pid is not None and run.space.runtime.living(run.service) == pid:
        os.kill(int(pid), signal.SIGCONT)
