"""What supervisord says of a process, as a unit of `ports.runtime`; used by its two adapters."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import psutil

from sre_space.ports.runtime import Unit

State = Literal["running", "starting", "stopped", "exited", "fatal", "unknown"]
_STATES: Mapping[str, State] = {
    "RUNNING": "running",
    "STARTING": "starting",
    "BACKOFF": "starting",
    "STOPPED": "stopped",
    "STOPPING": "stopped",
    "EXITED": "exited",
    "FATAL": "fatal",
}
LIVING = ("running", "starting")
_SIGNALLED = "ended by a signal"
_NEAR_S = 3.0  # between a kill and the end that supervisord tells in whole seconds
_BY_A_SIGNAL = -1  # as supervisord reports it; which one is only in its log


def unit_of(name: str, info: Mapping[str, Any], journal: Path | None = None) -> Unit:
    """Return a unit from what supervisord says of its process; `journal` is the warden's, which knows why it ended."""
    unit = _unit(name, info)
    killed = _out_of_memory(journal, unit) if unit.detail == _SIGNALLED and journal else ""
    return replace(unit, detail=killed) if killed else unit


def _unit(name: str, info: Mapping[str, Any]) -> Unit:
    state = _STATES.get(str(info["statename"]), "unknown")
    pid = int(info["pid"]) or None
    ended = state not in LIVING
    since = int(info["stop"] if ended else info["start"]) * 10**9
    signalled = ended and info["exitstatus"] == _BY_A_SIGNAL
    exit_code = int(info["exitstatus"]) if ended and not signalled else None
    detail = _SIGNALLED if signalled else str(info["spawnerr"])
    return Unit(name, state, _incarnation(info, pid), pid, since, exit_code, detail)


def _incarnation(info: Mapping[str, Any], pid: int | None) -> str:
    """Process id and creation time name a life; an ended one is named by when it began and ended.

    supervisord counts whole seconds, so the creation time comes from the kernel.
    """
    if pid is None:
        return f"ended:{info['start']}:{info['stop']}"
    try:
        return f"{pid}:{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return f"{pid}:gone"


def _out_of_memory(journal: Path, unit: Unit) -> str:
    """What the warden says of the unit's end, "" when it was not the warden's doing."""
    try:
        lines = journal.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    for line in reversed(lines):
        told = _kill(line)
        if told.get("unit") == unit.name and abs(told["time"] - unit.since / 1e9) < _NEAR_S:
            return f"killed: out of memory, {told['rss']} bytes of {told['limit']} allowed"
    return ""


def _kill(line: str) -> Mapping[str, Any]:
    """A line of the warden's journal; nothing, when it is cut off or damaged."""
    try:
        told = json.loads(line)
        numbers = {name: float(told[name]) for name in ("time", "rss", "limit")}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {"unit": told.get("unit"), "time": numbers["time"], "rss": told["rss"], "limit": told["limit"]}
