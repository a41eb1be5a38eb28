"""Faults by signals to processes: killed, or stopped."""

from collections.abc import Mapping

from sre_chaos.run import Hit, Run


def kill(run: Run) -> Hit:
    """Kill the service; it is down afterwards."""
    pid = run.space.runtime.kill(run.service)
    return Hit(pid, {"pid": pid})


def start(run: Run, undo: Mapping[str, str | int]) -> None:
    """Start the killed service unless it runs; a service that was down before stays down."""
    if undo:
        run.space.runtime.start(run.service)


def stop(run: Run) -> Hit:
    """Freeze the unit: it is alive and its port open, but it does not answer."""
    pid = run.space.runtime.freeze(run.service)
    return Hit(pid, {"pid": pid})


def resume(run: Run, undo: Mapping[str, str | int]) -> None:
    """Let the frozen unit go on, unless it was restarted meanwhile."""
    if undo:
        run.space.runtime.thaw(run.service, int(undo["pid"]))
