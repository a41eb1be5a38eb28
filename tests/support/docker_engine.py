"""A real Docker engine of its own for contract suites, with containers as Compose makes them.

Its data, its socket, its processes and its network are the test's alone: an engine without a bridge would remove the
bridge of the machine's own engine. Its only image is made of this machine's own shell, `sleep` and `tail`, so that
nothing is pulled.
"""

import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from support.servers import ServerProcess
from support.waiting import until

IMAGE = "sre-space-test:1"
PROJECT = "shop"
PROGRAMS = ("/bin/sh", "/bin/sleep", "/usr/bin/tail")
SLEEPS = ("/bin/sleep", "600")
WAITS = (
    "/bin/sh",
    "-c",
    "trap 'exit 0' TERM; while :; do /bin/sleep 600 & wait; done",
)  # ends on SIGTERM, as a service
EATS = (
    "/bin/sh",
    "-c",
    "trap 'exec /usr/bin/tail /dev/zero' USR1; while :; do /bin/sleep 600 & wait; done",
)  # at SIGUSR1
_EXTRA = ("--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false", "--shutdown-timeout=2")


def missing() -> str:
    """Return why no engine can be started here; "" where one can."""
    if os.geteuid() != 0:
        return "an engine is started as root only"
    wanted = ("dockerd", "containerd", "runc", "unshare")
    absent = [name for name in wanted if shutil.which(name) is None]
    return f"this machine has no {', '.join(absent)}" if absent else ""


@dataclass(frozen=True)
class DockerEngine:
    """The engine, asked as its owner does: through no adapter and no proxy."""

    path: Path

    @property
    def address(self) -> str:
        """Its address as the adapters write it."""
        return f"unix://{self.path}"

    def call(self, method: str, path: str, **more: object) -> httpx.Response:
        """Ask the engine."""
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(self.path)), timeout=120) as client:
            return client.request(method, f"http://docker{path}", **more)  # type: ignore[arg-type]

    def run(
        self, service: str, command: tuple[str, ...] = WAITS, project: str = PROJECT, number: int = 1, memory: int = 0
    ) -> str:
        """Start a container as Compose does; its id."""
        made = self.call("POST", f"/containers/create?name={project}-{service}-{number}", json={
            "Image": IMAGE,
            "Cmd": list(command),
            "Env": ["TOKEN=s3cret"],
            "Labels": {
                "com.docker.compose.project": project,
                "com.docker.compose.service": service,
                "com.docker.compose.oneoff": "False",
                "com.docker.compose.container-number": str(number),
            },
            "HostConfig": {"NetworkMode": "none", "Memory": memory, "MemorySwap": memory},
        })  # fmt: skip
        assert made.status_code == httpx.codes.CREATED, made.text
        id: str = made.json()["Id"]
        self.act(id, "start")
        return id

    def act(self, id: str, verb: str, **query: str) -> None:
        """Start, stop, kill, pause, unpause or restart a container."""
        answer = self.call("POST", f"/containers/{id}/{verb}", params=query)
        assert answer.is_success or answer.status_code == httpx.codes.NOT_MODIFIED, answer.text

    def state(self, id: str) -> dict[str, object]:
        """Return the state of a container, as the engine shows it."""
        shown: dict[str, object] = self.call("GET", f"/containers/{id}/json").json()["State"]
        return shown

    def remove(self, id: str) -> None:
        """Remove a container, running or not."""
        self.call("DELETE", f"/containers/{id}", params={"force": "1"})

    def clear(self) -> None:
        """Remove all containers."""
        for one in self.call("GET", "/containers/json?all=1").json():
            self.remove(one["Id"])

    def serves(self) -> bool:
        """Whether it answers."""
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(self.path)):
                return False
        try:
            return self.call("GET", "/_ping").is_success
        except httpx.HTTPError:
            return False


class NotStarted(Exception):
    """The engine ended at its start, as it does where it may not mount or make control groups; why is in its log."""


@contextmanager
def docker_engine(folder: Path) -> Iterator[DockerEngine]:
    """Run an engine until the test ends, and remove its containers; raise `NotStarted` where it cannot run."""
    engine = DockerEngine(folder / "d.sock")
    places = [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/d.pid"]
    command = ["unshare", "--net", "dockerd", f"--host={engine.address}", *places, *_EXTRA]
    log = folder / "dockerd.log"

    def ready() -> bool:
        if server.process is not None and server.process.poll() is not None:
            raise NotStarted(log.read_text(errors="replace").strip().rpartition("\n")[2])
        return engine.serves()

    server = ServerProcess(command, {}, ready, log)
    server.start()
    try:
        _import_image(engine)
        yield engine
    finally:
        engine.clear()
        assert server.process is not None
        server.process.terminate()
        server.process.wait(60)


def _import_image(engine: DockerEngine) -> None:
    answer = engine.call("POST", "/images/create?fromSrc=-&repo=sre-space-test&tag=1", content=_root())
    assert "error" not in answer.text, answer.text
    until(lambda: engine.call("GET", f"/images/{IMAGE}/json").is_success, "the image is there")


def _root() -> bytes:
    """Return a file system with a few programs of this machine and their libraries."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in dict.fromkeys(one for program in PROGRAMS for one in (program, *_libraries(program))):
            tar.add(os.path.realpath(path), path, recursive=False)
        for folder in ("dev", "proc", "sys", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
    return packed.getvalue()


def _libraries(program: str) -> list[str]:
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return [word for line in told.splitlines() for word in line.split() if word.startswith("/")]


def events_of(text: str) -> list[dict[str, object]]:
    """Return the events in a stream's text."""
    return [json.loads(line) for line in text.splitlines() if line.strip()]
