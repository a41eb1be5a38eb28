"""supervisord as the embedded runtime: its configuration, its start and its end."""

import contextlib
import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import psutil

from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.processes import Process, Role
from sre_space.bootstrap.space.state import RECORD, SUPERVISOR, Running, SpaceState
from sre_space.bootstrap.space.supervisor import call
from sre_space.domain.errors import Refused, Unavailable
from sre_space.state_files import write_private

STOP_S = 3  # a unit that has not ended this long after SIGTERM is killed
NICED = ("nice", "-n", "5")
_UP_WITHIN_S = 15.0
_POLL_S = 0.05


def configuration(plan: SpacePlan, processes: Sequence[Process]) -> str:
    """Return supervisord's configuration file. No program starts automatically: `up` starts them in stages."""
    state = plan.state
    head = f"""\
[supervisord]
nodaemon=true
silent=true
logfile={_escaped(state.log("supervisord"))}
pidfile={_escaped(state.supervisor_pid)}
childlogdir={_escaped(state.logs)}
directory={_escaped(state.root)}
umask=077

[unix_http_server]
file={_escaped(state.socket)}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
    return head + "".join(_program(state, rank, process) for rank, process in enumerate(processes, 1))


def spawn(plan: SpacePlan, processes: Sequence[Process]) -> Running:
    """Start supervisord in its own session, without units, and return its record, which is written at once.

    Raise `Refused` when supervisord ends at its start, `Unavailable` when it does not answer in time.
    """
    state = plan.state
    path = state.run / "supervisord.conf"
    write_private(path, configuration(plan, processes))
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    repository, ports = f"{plan.owner}/{plan.repo}", plan.ports.numbers
    planned = Running(
        1, 0, str(state.socket), ports, str(plan.config_path), repository, sys.executable, plan.external.addresses
    )
    own = {"SRE_SPACE_STATE": str(state.root), "SRE_SPACE_UNIT": f"{SUPERVISOR}@{state.mark}", RECORD: planned.encoded}
    own |= {"RUNTIME_READ_SOCKET": str(state.read_socket), "RUNTIME_EVENTS_SOCKET": str(state.events_socket)}
    child = psutil.Process(_detached(path, state, inherited | own))
    running = replace(planned, pid=child.pid, created=child.create_time())
    state.write_record(running)
    _await_answer(running, state)
    return running


def stop(running: Running) -> None:
    """Stop all units at once, then supervisord; kill what does not end on SIGTERM."""
    with contextlib.suppress(Unavailable, Refused):
        call(running.socket, "stopAllProcesses", False)
    with contextlib.suppress(psutil.NoSuchProcess):
        supervisor = psutil.Process(running.pid)
        supervisor.terminate()
        try:
            supervisor.wait(STOP_S + 3)
        except psutil.TimeoutExpired:
            supervisor.kill()


def sweep(state: SpaceState) -> Sequence[str]:
    """Kill every process with this space's mark, and return their unit names."""
    processes = list(state.marked())
    for _, process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs([process for _, process in processes], timeout=STOP_S)
    return [name for name, _ in processes]


def _detached(configuration: Path, state: SpaceState, environment: Mapping[str, str]) -> int:
    """Start supervisord in its own session, so that it survives this process and Ctrl-C; return its process id."""
    program = [sys.executable, "-P", "-m", "sre_embedded.supervisor", "-n", "-c", str(configuration)]
    output = (os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(state.log("supervisord.start")), *output),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(sys.executable, program, environment, file_actions=actions, setsid=True)


def _await_answer(running: Running, state: SpaceState) -> None:
    deadline = time.monotonic() + _UP_WITHIN_S
    while time.monotonic() < deadline:
        if not running.alive:
            raise Refused(f"supervisord ended at its start: {startup_error(state.log('supervisord.start'))}")
        with contextlib.suppress(Unavailable):
            call(running.socket, "getState")
            return
        time.sleep(_POLL_S)
    raise Unavailable(f"supervisord did not answer within {_UP_WITHIN_S:g} s; see {state.log('supervisord')}")


def startup_error(log: Path) -> str:
    """Return why supervisord ended, from its log: its error, else the last line other than the hint to its help."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    messages = [line for line in lines if not line.startswith("For help, use")]
    errors = [line.removeprefix("Error: ") for line in messages if line.startswith("Error: ")]
    return next(iter(errors or messages[-1:]), "its log is empty")


def _program(state: SpaceState, rank: int, process: Process) -> str:
    niced = NICED if process.low_priority else ()
    launcher = (*niced, sys.executable, "-m", "sre_embedded.launcher", process.name)
    config = ("--config", str(state.deployed / f"{process.name}.env")) if process.role is Role.APPLICATION else ()
    autorestart = "true" if process.autorestarts else "false"
    folder = f"directory={_escaped(process.folder)}\n" if process.folder else ""
    return f"""
[program:{process.name}]
command={_escaped(shlex.join((*launcher, *config, "--", *process.argv)))}
{folder}priority={rank}
autostart=false
autorestart={autorestart}
startsecs=0
startretries=1000000
stopwaitsecs={STOP_S}
redirect_stderr=true
stdout_logfile={_escaped(state.log(process.name))}
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=1
"""


def _escaped(text: object) -> str:
    return str(text).replace("%", "%%")
