"""The conversion of supervisord's process entries to units of `ports.runtime`; used by its two adapters.

supervisord knows neither memory limits nor restarts: the launcher records in the state folder what it started a unit
with, and how often; the warden records why it killed one.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from sre_space.paths import StatePaths
from sre_space.ports.runtime import UNSEEN, State, Unit
from sre_space.starts import starts_of

_STATES: Mapping[str, State] = {
    "RUNNING": "running",
    "STARTING": "starting",
    "BACKOFF": "starting",
    "STOPPED": "stopped",
    "STOPPING": "stopped",
    "EXITED": "exited",
    "FATAL": "fatal",
}
ALIVE_STATES = ("running", "starting")
_SIGNALLED = "ended by a signal"
_MAX_GAP_S = 3.0  # between a kill and the end time, which supervisord reports in whole seconds
_SIGNAL_STATUS = -1  # as supervisord reports it; the signal's number is only in its log
_MAX_DIGITS = 18  # of a limit: up to an exabyte


def unit_of(name: str, info: Mapping[str, Any], state: StatePaths | None = None) -> Unit:
    """Return the unit of supervisord's process entry, with what the `state` folder says of it: limit, starts, kill."""
    unit = _unit(name, info)
    if state is None:
        return unit
    killed = _out_of_memory(state.warden_journal, unit) if unit.detail == _SIGNALLED else ""
    started = starts_of(state.started(name)).count
    return replace(
        unit,
        detail=killed or unit.detail,
        memory_limit=_memory_limit(state.running(name)),
        restarts=started - 1 if started else None,
    )


def _memory_limit(running: Path) -> int | None:
    """Return the limit in bytes that a unit was started with; None when the launcher has recorded none."""
    try:
        _, limit = running.read_text(errors="replace").splitlines()[:2]
    except (OSError, ValueError):
        return None
    return int(limit) if limit.isdecimal() and len(limit) <= _MAX_DIGITS else None


def _unit(name: str, info: Mapping[str, Any]) -> Unit:
    state = _STATES.get(str(info["statename"]), "unknown")
    pid = int(info["pid"]) or None
    ended = state not in ALIVE_STATES
    since = int(info["stop"] if ended else info["start"]) * 10**9
    signalled = ended and info["exitstatus"] == _SIGNAL_STATUS
    exit_code = int(info["exitstatus"]) if ended and not signalled else None
    detail = _SIGNALLED if signalled else str(info["spawnerr"])
    return Unit(name, state, _incarnation(info, pid), pid, since, exit_code, detail)


def _incarnation(info: Mapping[str, Any], pid: int | None) -> str:
    """Return the incarnation: process id and creation time, or start and end time of a process that has ended.

    supervisord reports whole seconds, so the creation time comes from the kernel.
    """
    return f"ended:{info['start']}:{info['stop']}" if pid is None else running_incarnation(pid)


def running_incarnation(pid: int) -> str:
    """Return the incarnation of a process that runs; it ends in `UNSEEN` when the process is gone already."""
    try:
        return f"{pid}:{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return f"{pid}{UNSEEN}"


def _out_of_memory(journal: Path, unit: Unit) -> str:
    """Return the warden's reason for the unit's end, "" when the warden did not kill the unit."""
    try:
        lines = journal.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    for line in reversed(lines):
        kill = _kill(line)
        if kill.get("unit") == unit.name and abs(kill["time"] - unit.since / 1e9) < _MAX_GAP_S:
            return f"killed: out of memory, {kill['rss']} bytes of {kill['limit']} allowed"
    return ""


def _kill(line: str) -> Mapping[str, Any]:
    """Return the kill in a line of the warden's journal; empty when the line is cut off or damaged."""
    try:
        entry = json.loads(line)
        numbers = {name: float(entry[name]) for name in ("time", "rss", "limit")}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {"unit": entry.get("unit"), "time": numbers["time"], "rss": entry["rss"], "limit": entry["limit"]}
