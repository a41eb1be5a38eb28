"""The proxy in front of Docker's socket as a real process, and clients that write what they please."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from support.docker_engine import PROJECT, DockerEngine
from support.servers import module, serving
from support.waiting import free_port

from sre_space.adapters.docker.engine import Engine

ITSELF, PROXIES = "docker", "docker through proxies"
DOCKERS = (ITSELF, PROXIES)


@dataclass(frozen=True)
class OpenDoor:
    """A proxy that serves."""

    port: int
    state: Path

    @property
    def address(self) -> str:
        """Its address as the adapters write it."""
        return f"tcp://127.0.0.1:{self.port}"

    def halt(self) -> None:
        """Halt the space."""
        (self.state / "halt").touch()

    def resume(self) -> None:
        """End the halt."""
        (self.state / "halt").unlink(missing_ok=True)

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        """Ask as a client library does."""
        with httpx.Client(trust_env=False, timeout=60) as client:
            return client.request(method, f"http://127.0.0.1:{self.port}{path}", **more)  # type: ignore[arg-type]

    def send(self, request: bytes) -> bytes:
        """Send bytes as they are; everything that comes back until the connection ends."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            received = b""
            try:
                connection.sendall(request)
                while part := connection.recv(65536):
                    received += part
            except (ConnectionResetError, BrokenPipeError):
                pass  # it was cut off: nothing more comes
        return received


@contextmanager
def open_door(folder: Path, door: str, engine: str, **settings: str) -> Iterator[OpenDoor]:
    """Run a proxy until the test ends."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    opened = OpenDoor(port, folder)
    environment = {
        "DOCKER_PROXY_DOOR": door, "DOCKER_PROXY_PROJECT": PROJECT, "DOCKER_PROXY_ENGINE": engine,
        "DOCKER_PROXY_LISTEN": f"127.0.0.1:{port}", "SRE_SPACE_STATE": str(folder), **settings,
    }  # fmt: skip

    def ready() -> bool:
        try:
            return opened.ask("GET", "/_ping").is_success
        except httpx.HTTPError:
            return False

    with serving(module("sre_space.bootstrap.docker_proxy"), environment, ready, folder / "proxy.log"):
        yield opened


@dataclass(frozen=True)
class Doors:
    """How an engine is reached by those who read and by those who act."""

    reading: Engine
    acting: Engine


@contextmanager
def reached(how: str, engine: DockerEngine, folder: Path) -> Iterator[Doors]:
    """Reach an engine itself, or through two proxies that run until the test ends."""
    if how == ITSELF:
        yield Doors(Engine(engine.address), Engine(engine.address))
        return
    with (
        open_door(folder / "reading", "reading", engine.address) as reading,
        open_door(folder / "acting", "acting", engine.address) as acting,
    ):
        yield Doors(Engine(reading.address), Engine(acting.address))
