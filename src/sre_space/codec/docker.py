"""Docker's Engine API for the containers of one Compose project: queries, units and events; no I/O."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sre_space.ports.runtime import State, Unit

PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
ONE_OFF = "com.docker.compose.oneoff"  # `docker compose run`: a container that is no instance of its service
EVENTS = ("die", "kill", "oom", "start")
SHORT = 12  # digits of a container's id, as Docker shows it

_STATES: Mapping[str, State] = {
    "created": "stopped",
    "running": "running",
    "paused": "running",
    "restarting": "starting",
    "removing": "stopped",
    "exited": "exited",
    "dead": "fatal",
}
_SIGNAL = 128  # an exit code above it is that of a process ended by a signal
_MAX_SIGNAL = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")  # of a container
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


def filters(project: str, events: Sequence[str] = ()) -> str:
    """Return the value of the parameter `filters` for a project's containers, or for `events` of these."""
    chosen = {"label": [f"{PROJECT}={project}", f"{ONE_OFF}=False"]}
    if events:
        chosen |= {"type": ["container"], "event": list(events)}
    return json.dumps(chosen, separators=(",", ":"), sort_keys=True)


def listing_query(project: str) -> Mapping[str, str]:
    """Return the query of `GET /containers/json`: a project's containers, those that have ended too."""
    return {"all": "1", "filters": filters(project)}


def events_query(project: str) -> Mapping[str, str]:
    """Return the query of `GET /events`: whatever starts or ends a project's containers."""
    return {"filters": filters(project, EVENTS)}


def unit_of(name: str, container: Mapping[str, Any]) -> Unit:
    """Return the unit of an inspected container; raise `KeyError`, `TypeError` or `ValueError` for another shape."""
    state = container["State"]
    status = str(state["Status"])
    here: State = _STATES.get(status, "unknown")
    alive, instance = here in ("running", "starting"), str(container["Name"]).removeprefix("/")
    return Unit(
        name=name,
        state=here,
        incarnation=incarnation_of(container, ended=not alive),
        pid=int(state["Pid"]) or None,
        since=nanoseconds(state["StartedAt" if alive else "FinishedAt"]),
        exit_code=None if alive or status == "created" else exit_code(int(state["ExitCode"])),
        detail=_detail(status, state),
        memory_limit=int(container["HostConfig"]["Memory"]) or None,
        restarts=_restarts(container),
        instance=instance,
        restart_command=f"docker restart {instance}" if _NAME.fullmatch(instance) else "",
    )


def incarnation_of(container: Mapping[str, Any], ended: bool) -> str:
    """Return the incarnation: container and start, of one that has `ended` its end too."""
    state = container["State"]
    end = f":{state['FinishedAt']}" if ended else ""
    return f"{str(container['Id'])[:SHORT]}:{state['StartedAt']}{end}"


def exit_code(code: int) -> int:
    """Return the exit code as `ports.runtime` has it: a signal is negative.

    >>> exit_code(137), exit_code(1), exit_code(255)
    (-9, 1, 255)
    """
    return _SIGNAL - code if _SIGNAL < code <= _SIGNAL + _MAX_SIGNAL else code


def nanoseconds(moment: object) -> int:
    """Return a time of the engine in Unix ns, 0 for its zero; raise `ValueError` for another text.

    >>> nanoseconds("1970-01-01T00:00:02.5Z")
    2500000000
    """
    match = _TIME.fullmatch(str(moment))
    if match is None:
        raise ValueError(f"{str(moment)[:50]!r} is no time")
    seconds = int(datetime.fromisoformat(match[1]).replace(tzinfo=UTC).timestamp())
    return max(0, seconds * 10**9 + int((match[2] or "").ljust(9, "0")))


def _restarts(container: Mapping[str, Any]) -> int | None:
    """Return how often Docker restarted a container; None without a restart policy: Docker counts its own alone."""
    policy = container["HostConfig"]["RestartPolicy"]["Name"]
    return None if policy in ("", "no") else int(container["RestartCount"])


def _detail(status: str, state: Mapping[str, Any]) -> str:
    if status == "exited" and state["OOMKilled"]:
        return "killed: out of memory"
    if status == "paused":
        return "paused"
    return str(state["Error"])
