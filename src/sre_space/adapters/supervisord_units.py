"""The conversion of supervisord's process entries to units of `ports.runtime`; used by its two adapters."""

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
ALIVE_STATES = ("running", "starting")
_SIGNALLED = "ended by a signal"
_MAX_GAP_S = 3.0  # between a kill and the end time, which supervisord reports in whole seconds
_SIGNAL_STATUS = -1  # as supervisord reports it; the signal's number is only in its log


def unit_of(name: str, info: Mapping[str, Any], journal: Path | None = None) -> Unit:
    """Return the unit of supervisord's process entry; the warden's `journal` tells why a process was killed."""
    unit = _unit(name, info)
    killed = _out_of_memory(journal, unit) if unit.detail == _SIGNALLED and journal else ""
    return replace(unit, detail=killed) if killed else unit


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
    if pid is None:
        return f"ended:{info['start']}:{info['stop']}"
    try:
        return f"{pid}:{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return f"{pid}:gone"


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
