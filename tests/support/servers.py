"""One embedded server as a real process, for contract suites."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from support.waiting import free_port, until

from sre_space.bootstrap.space.names import AGENTS
from sre_space.identities import Identity

TOKENS = {"shop": "sre_otlp_5h0p", "traffic": "sre_otlp_7raff1c"}
RECORD_KEY = "0123456789abcdef" * 4


class ServerProcess:
    """A server that can be killed and started again on the same ports and folder."""

    def __init__(self, command: list[str], environment: dict[str, str], ready: Callable[[], bool], log: Path) -> None:
        self.command, self.environment, self.ready, self.log = command, environment, ready, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it serves."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(self.command, env={**os.environ, **self.environment}, stderr=output)
        until(self.ready, f"{self.command[-1]} serves; its log: {self.log}")

    def kill(self, number: signal.Signals = signal.SIGKILL) -> int:
        """End it; the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(120)


@contextmanager
def serving(
    command: list[str], environment: dict[str, str], ready: Callable[[], bool], log: Path
) -> Iterator[ServerProcess]:
    """Run the server for the time of a test; fail the test also on a traceback that it only logged."""
    server = ServerProcess(command, environment, ready, log)
    try:
        server.start()
        yield server
    finally:
        server.kill()
    assert "Traceback" not in log.read_text(errors="replace"), log.read_text(errors="replace")


def module(name: str) -> list[str]:
    """Return the command that runs a module."""
    return [sys.executable, "-m", name]


def command_of(name: str) -> list[str]:
    """Return the command that runs the process of an agent, of the deployer, or of an embedded server."""
    package = "sre_space" if name in (*AGENTS, "deployer") else "sre_embedded"
    return module(f"{package}.bootstrap.{name}")


@dataclass(frozen=True)
class Bus:
    """A broker: its address, and its process when it is ours."""

    address: str
    process: ServerProcess | None

    @property
    def ours(self) -> ServerProcess:
        """The process of our own broker."""
        assert self.process is not None
        return self.process


@dataclass(frozen=True)
class TelemetryServer:
    """An OTLP receiver with its query API and the bus behind it."""

    grpc: str
    http: str
    query: str
    bus: str
    process: ServerProcess


@dataclass(frozen=True)
class TraceStore:
    """Where spans go in (OTLP over gRPC) and out (Jaeger's query API): ours, or Jaeger itself."""

    grpc: str
    query: str


@dataclass(frozen=True)
class ForgeServer:
    """Our forge and its accounts."""

    url: str
    identities: dict[str, Identity]
    process: ServerProcess


@contextmanager
def chroma(folder: Path) -> Iterator[tuple[str, ServerProcess]]:
    """Start the real server; yield its URL and its process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = str(Path(sys.executable).with_name("chroma"))
    command = [program, "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(folder / "chroma")]

    def ready() -> bool:
        try:
            return httpx.get(f"{url}/api/v2/heartbeat").is_success
        except httpx.HTTPError:
            return False

    with serving(command, {}, ready, folder / "chroma.log") as server:
        yield url, server
