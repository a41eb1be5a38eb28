"""A real supervisord, as the embedded space runs it, with two sleepers; alone, without a space.

The launcher starts one of them, as a service of the space, with a memory limit.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from support.servers import ServerProcess, module, serving

from sre_space.adapters.supervisord import SupervisordRuntime
from sre_space.adapters.supervisord_events import SupervisordEvents
from sre_space.adapters.supervisord_reader import SupervisordReader
from sre_space.domain.errors import Unavailable
from sre_space.paths import StatePaths

T = TypeVar("T")
UNIT = "policy-service"
NAMES = {UNIT: UNIT}  # the other one is not in the configuration
LIMIT = 300_000_000
LIMITS = f"{UNIT.upper().replace('-', '_')}_MEMORY_BYTES={LIMIT}\n"


@dataclass(frozen=True)
class Supervised:
    """Its three sockets, as adapters, and its process."""

    runtime: SupervisordRuntime
    reader: SupervisordReader
    events: SupervisordEvents
    process: ServerProcess


@contextmanager
def supervisord(folder: Path, program: str = "import time; time.sleep(600)") -> Iterator[Supervised]:
    """Run it until the test ends; each unit runs `program`, a line of Python."""
    path, read, state = folder / "s.sock", folder / "units.sock", _launchable(StatePaths(folder / "launched"))
    settings = "autorestart=false\nstartsecs=0\nstopwaitsecs=1\n"
    runs = f'{sys.executable} -c "{program}"'
    commands = {"other": runs, UNIT: f"{' '.join(_launcher(state))} {runs}"}
    programs = "".join(f"[program:{name}]\ncommand={command}\n{settings}" for name, command in commands.items())
    (folder / "s.conf").write_text(
        f"[supervisord]\nnodaemon=true\nlogfile={folder}/s.log\npidfile={folder}/s.pid\n[unix_http_server]\nfile={path}\n"
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
        f"{programs}"
    )
    command = [*module("sre_embedded.supervisor"), "-n", "-c", str(folder / "s.conf")]
    runtime, reader = SupervisordRuntime(str(path), NAMES, state), SupervisordReader(str(read), NAMES, state)

    def ready() -> bool:
        try:
            unit = now(lambda: runtime.unit(UNIT))
        except Unavailable:
            return False
        return unit.state == "running" and unit.memory_limit is not None and unit.restarts is not None

    sockets = {"RUNTIME_READ_SOCKET": str(read), "RUNTIME_EVENTS_SOCKET": str(folder / "events.sock")}
    environment = {"PYTHONWARNINGS": "ignore", "SRE_SPACE_STATE": str(state.root), **sockets}
    events = SupervisordEvents(sockets["RUNTIME_EVENTS_SOCKET"], NAMES)
    with serving(command, environment, ready, folder / "start.log") as server:
        yield Supervised(runtime, reader, events, server)
        server.kill(signal.SIGTERM)  # so that it ends its sleepers; to kill the ended one again does nothing


def _launchable(state: StatePaths) -> StatePaths:
    """Write what the launcher needs to start the unit."""
    state.environments.mkdir(parents=True)
    state.environment(UNIT).write_text(f"SRE_SPACE_UNIT={UNIT}@0123456789ab\n")
    state.deployed.mkdir(parents=True)
    state.limits.write_text(LIMITS)
    return state


def _launcher(state: StatePaths) -> list[str]:
    config = state.deployed / f"{UNIT}.env"
    return [*module("sre_embedded.launcher"), UNIT, "--config", str(config), "--"]


def now(question: Callable[[], Awaitable[T]]) -> T:
    """Ask once."""

    async def asked() -> T:
        return await question()

    return asyncio.run(asked())
