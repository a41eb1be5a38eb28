"""A real supervisord, as the embedded space runs it, with two sleepers; alone, without a space."""

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
from sre_space.adapters.supervisord_reader import SupervisordReader
from sre_space.domain.errors import Unavailable

T = TypeVar("T")
UNIT = "policy-service"
NAMES = {UNIT: UNIT}  # the other one is not in the configuration


@dataclass(frozen=True)
class Supervised:
    """Its two sockets, as adapters, and its process."""

    runtime: SupervisordRuntime
    reader: SupervisordReader
    process: ServerProcess


@contextmanager
def supervisord(folder: Path, program: str = "import time; time.sleep(600)") -> Iterator[Supervised]:
    """Run it until the test ends; each unit runs `program`, a line of Python."""
    path, read = folder / "s.sock", folder / "units.sock"
    settings, names = "autorestart=false\nstartsecs=0\nstopwaitsecs=1\n", (UNIT, "other")
    programs = "".join(f'[program:{name}]\ncommand={sys.executable} -c "{program}"\n{settings}' for name in names)
    (folder / "s.conf").write_text(
        f"[supervisord]\nnodaemon=true\nlogfile={folder}/s.log\npidfile={folder}/s.pid\n[unix_http_server]\nfile={path}\n"
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
        f"{programs}"
    )
    command = [*module("sre_embedded.supervisor"), "-n", "-c", str(folder / "s.conf")]
    runtime, reader = SupervisordRuntime(str(path), NAMES), SupervisordReader(str(read), NAMES)

    def ready() -> bool:
        try:
            return now(lambda: runtime.unit(UNIT)).state == "running"
        except Unavailable:
            return False

    environment = {"PYTHONWARNINGS": "ignore", "RUNTIME_READ_SOCKET": str(read)}
    with serving(command, environment, ready, folder / "start.log") as server:
        yield Supervised(runtime, reader, server)
        server.kill(signal.SIGTERM)  # so that it ends its sleepers; to kill the ended one again does nothing


def now(question: Callable[[], Awaitable[T]]) -> T:
    """Ask once."""

    async def asked() -> T:
        return await question()

    return asyncio.run(asked())
