"""The forge of a restored space, run alone for the moment in which its issues are audited."""

import asyncio
import contextlib
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from importlib.util import find_spec
from typing import BinaryIO

from sre_space.adapters.network_probe import NetworkProbe
from sre_space.bootstrap.forge import ForgeAccess
from sre_space.bootstrap.space.addresses import inherited
from sre_space.bootstrap.space.servers import HOST
from sre_space.domain.errors import Unavailable
from sre_space.domain.health_check import http
from sre_space.env_file import UNIT
from sre_space.identities import token_of
from sre_space.paths import StatePaths

PROGRAM, MODULE = "sre_embedded", "sre_embedded.bootstrap.forge"
SERVES_WITHIN_S = 120.0  # as long as a machine at full load needs to start a process
ENDS_WITHIN_S = 10.0
_POLL_S = 0.05
_PORTS, _TRIES = (10_240, 32_000), 200


def is_installed() -> bool:
    """Return True when the embedded forge is installed here."""
    return find_spec(PROGRAM) is not None


def repositories(state: StatePaths) -> Sequence[str]:
    """Return the repositories of the embedded forge in a state folder, as `owner/name`."""
    return sorted(f"{path.parent.name}/{path.stem}" for path in state.forge.glob("*/*.git"))


@contextlib.asynccontextmanager
async def restored_forge(state: StatePaths, repository: str) -> AsyncIterator[ForgeAccess]:
    """Run the forge of a state folder on a free port, and yield the operator's access to it; end it afterwards.

    Raise `Unavailable`, with the last line that it said, when it does not serve.
    """
    owner, _, name = repository.partition("/")
    port = _free_port()
    settings = {
        UNIT: "forge", "SRE_SPACE_STATE": str(state.root), "SRE_SPACE_CHART": str(state.root / "none.yaml"),
        "FORGE_PORT": str(port), "REPO_OWNER": owner, "REPO_NAME": name,
    }  # fmt: skip
    with tempfile.TemporaryFile() as log:
        process = _started(inherited() | settings, log)
        try:
            await _await_serving(process, port, log)
            yield ForgeAccess(f"http://{HOST}:{port}/mcp", token_of(state.identities, "operator"), owner, name)
        finally:
            _end(process)


def _started(environment: Mapping[str, str], log: BinaryIO) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-P", "-m", MODULE], env=environment, stderr=log)


async def _await_serving(process: "subprocess.Popen[bytes]", port: int, log: BinaryIO) -> None:
    probe, check = NetworkProbe.create(), http(f"http://{HOST}:{port}/mcp")
    deadline = time.monotonic() + SERVES_WITHIN_S
    try:
        while process.poll() is None and time.monotonic() < deadline:
            if (await probe.check(check)).answered:  # 401 without a token
                return
            await asyncio.sleep(_POLL_S)
    finally:
        await probe.client.aclose()
    log.seek(0)
    said = log.read().decode(errors="replace").strip().splitlines() or ["nothing"]
    raise Unavailable(f"the restored forge does not serve; it said: {said[-1]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    """Return a port that nobody listens on now, and that the kernel gives to no connection."""
    for _ in range(_TRIES):
        port = random.randrange(*_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise Unavailable(f"no port between {_PORTS[0]} and {_PORTS[1]} is free on {HOST}; end what uses them")
