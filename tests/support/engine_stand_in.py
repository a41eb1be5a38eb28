"""A real HTTP server that stands for Docker's engine: it knows a few containers and writes down every request."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer, ThreadingUnixStreamServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

MINE, ALSO_MINE, OTHER = "a" * 64, "ab" + "c" * 62, "b" * 64
SECRET = "sre_s3cr3t"
LABELS = {
    "com.docker.compose.project": "shop", "com.docker.compose.service": "policy-service",
    "com.docker.compose.oneoff": "False", "com.docker.compose.project.working_dir": "/home/somebody",
}  # fmt: skip


def container(id: str, name: str, **labels: str) -> dict[str, Any]:
    """Return a container as the engine shows it, its tokens and its mounts with it."""
    return {
        "Id": id, "Name": f"/{name}", "Created": "2026-11-30T10:00:00Z", "RestartCount": 0, "Path": SECRET,
        "State": {
            "Status": "running", "Running": True, "Paused": False, "Restarting": False, "OOMKilled": False,
            "Dead": False, "Pid": 12, "ExitCode": 0, "Error": "", "StartedAt": "2026-11-30T10:00:00.5Z",
            "FinishedAt": "0001-01-01T00:00:00Z", "Health": {"Status": "healthy", "Log": [{"Output": SECRET}]},
        },
        "Config": {"Image": "policy:1", "Env": [f"GITHUB_TOKEN={SECRET}"], "Cmd": [SECRET], "Labels": LABELS | labels},
        "HostConfig": {"Memory": 0, "Binds": [f"/{SECRET}:/x"], "RestartPolicy": {"Name": "no"}},
        "Mounts": [{"Source": SECRET}],
    }  # fmt: skip


CONTAINERS = {
    MINE: container(MINE, "shop-policy-service-1"),
    ALSO_MINE: container(ALSO_MINE, "shop-user-service-1", **{"com.docker.compose.service": "user-service"}),
    OTHER: container(OTHER, "elsewhere-policy-service-1", **{"com.docker.compose.project": "elsewhere"}),
}


@dataclass
class StandIn:
    """The server's port, and what it was asked for: method, path and query as they came, and the body."""

    port: int = 0
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    streamed: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    end: Callable[[], None] = lambda: None

    @property
    def changes(self) -> list[tuple[str, str, bytes]]:
        """What was asked of it that is more than reading."""
        return [one for one in self.asked if one[0] != "GET"]


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.stand_in.asked.append(("GET", self.path, b""))
        url = urlsplit(self.path)
        match url.path.split("/")[1:]:
            case ["containers", "json"]:
                self._answer([_listed(one) for one in CONTAINERS.values() if _wanted(one, url.query)])
            case ["containers", id, "json"] if id in CONTAINERS:
                self._answer(CONTAINERS[id])
            case ["containers", id, "logs"] if id in CONTAINERS:
                self._stream(endless="follow=1" in url.query)
            case ["containers", id, "stats"] if id in CONTAINERS:
                self._answer({"memory_stats": {"usage": 1}})
            case ["events"]:
                self._stream(endless=True)
            case _:
                self._answer({"message": f"no such page {self.path} {SECRET}"}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.stand_in.asked.append(("POST", self.path, body))
        if "update" in self.path:
            self._answer({"Warnings": None})
            return
        self.send_response(204)
        self.end_headers()

    def _answer(self, value: object, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, endless: bool) -> None:
        """Send 64 KiB, or as much as is taken until the client is gone."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"10000\r\n" + b"x" * 65535 + b"\n\r\n")
                self.stand_in.streamed += 65536
                if not endless:
                    break
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True
            self.stand_in.released.set()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def _wanted(one: dict[str, Any], query: str) -> bool:
    """As the engine filters: by every label that is asked for, and everything without a filter."""
    labels = json.loads(parse_qs(query).get("filters", ["{}"])[0]).get("label", [])
    return all(one["Config"]["Labels"].get(label.partition("=")[0]) == label.partition("=")[2] for label in labels)


def _listed(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "Id": one["Id"], "Names": [one["Name"]], "Image": "policy:1", "State": "running", "Status": "Up",
        "Created": 1, "Labels": one["Config"]["Labels"], "Command": SECRET, "Mounts": one["Mounts"],
    }  # fmt: skip


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """Run the server until the test ends."""
    shown = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(shown))
    shown.port = server.server_port
    with _served(server, shown):
        yield shown


@contextmanager
def unix_stand_in(path: Path) -> Iterator[StandIn]:
    """Run the server at a Unix socket until the test ends."""
    shown = StandIn()
    with _served(ThreadingUnixStreamServer(str(path), _handler(shown)), shown):
        yield shown


def _handler(shown: StandIn) -> type[_Handler]:
    return type("Handler", (_Handler,), {"stand_in": shown})


@contextmanager
def _served(server: TCPServer, shown: StandIn) -> Iterator[None]:
    """Serve in a thread until the test ends, or until it calls `end`."""
    server.daemon_threads = True  # type: ignore[attr-defined] # both servers have threads
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()

    def end() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    shown.end = end
    try:
        yield
    finally:
        end()
