"""The Compose stack, driven by the commands that a person types."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from support.waiting import free_port, until

ROOT = Path(__file__).resolve().parents[2]
FILES = "docker-compose.yml:deploy/compose/embedded.yml"
PROJECT = "sre-cp"
BASE = "python:3.12-slim"
PORTS = (
    "BUS_PORT", "OTLP_GRPC_PORT", "OTLP_HTTP_PORT", "JAEGER_PORT", "CHROMA_PORT", "FORGE_PORT", "QUOTE_SERVICE_PORT",
    "POLICY_SERVICE_PORT", "USER_SERVICE_PORT", "DASHBOARD_PORT",
)  # fmt: skip
PATIENCE_S = 900
ASKED = {"user_id": 7, "product": "travel", "coverage": 20_000}


def missing() -> str:
    """Return why the stack cannot be started here; "" where it can."""
    if shutil.which("docker") is None:
        return "this machine has no docker"
    if _fails("docker", "info"):
        return "no Docker engine answers (docker info)"
    if _fails("docker", "compose", "version"):
        return "docker has no Compose (docker compose version)"
    if (name := _run("docker", "info", "--format", "{{.Name}}").strip()) != socket.gethostname():
        return f"the Docker engine is that of another machine ({name}), whose ports and files are not here"
    if _fails("docker", "image", "inspect", BASE) and _fails("docker", "pull", "--quiet", BASE):
        return f"the image {BASE} is not here and cannot be pulled"
    listed = _run("docker", "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}")
    return f"a project {PROJECT} has containers here; end it with: docker compose down" if listed.strip() else ""


def _fails(*command: str) -> int:
    return subprocess.run(command, capture_output=True, check=False).returncode


def _run(*command: str, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@dataclass
class Stack:
    """The project; its ports are free ones, as settings may say, and everything else is as with an empty `.env`."""

    ports: Mapping[str, str] = field(default_factory=lambda: {name: str(free_port()) for name in PORTS})
    healthy_after_s: float = 0.0

    @property
    def environment(self) -> Mapping[str, str]:
        """The settings of every command."""
        return {"COMPOSE_FILE": FILES, "COMPOSE_DISABLE_ENV_FILE": "1", **self.ports}

    def docker(self, *arguments: str) -> str:
        """Run `docker ...`, and return what it prints."""
        return _run("docker", *arguments)

    def both_streams(self, *arguments: str) -> str:
        """Run `docker ...`, and return what it prints on both streams."""
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    def compose(self, *arguments: str) -> str:
        """Run `docker compose ...`, and return what it prints."""
        return _run("docker", "compose", *arguments, environment=self.environment)

    def operator(self, *arguments: str) -> str:
        """Run a command of `sre-space` as the operator does here."""
        return self.compose("run", "--rm", "--no-TTY", "operator", *arguments)

    def up(self) -> None:
        """Start it as the first line of docs/compose.md does, and wait for a whole journey."""
        begun = time.monotonic()
        self.compose("up", "-d", "--build")
        until(self.sells, "a customer buys", PATIENCE_S)
        self.healthy_after_s = time.monotonic() - begun

    def down(self, *arguments: str) -> None:
        """End it, with its networks and, by an argument, its volumes."""
        for name in ("quotes", "dashboard"):
            if (client := self.__dict__.pop(name, None)) is not None:
                client.close()
        self.compose("down", "--timeout", "3", *arguments)

    def restore(self, file: Path) -> str:
        """Restore a back-up of an embedded space as docs/operate.md says, and return what was printed."""
        beside = ("-f", "docker-compose.yml", "-f", "deploy/compose/backups.yml")
        command = ["docker", "compose", *beside, "run", "--rm", "-T", "backups", "restore", "-", "--without-keys"]
        with file.open("rb") as source:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdin=source,
                capture_output=True,
                check=False,
            )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    @cached_property
    def quotes(self) -> httpx.Client:
        """A client of the quote service, on this host."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.ports['QUOTE_SERVICE_PORT']}", timeout=10, trust_env=False
        )

    @cached_property
    def dashboard(self) -> httpx.Client:
        """A client of the dashboard, on this host."""
        return httpx.Client(base_url=f"http://127.0.0.1:{self.ports['DASHBOARD_PORT']}", timeout=20, trust_env=False)

    def sells(self) -> bool:
        """Whether a quote is given and bought now."""
        try:
            quote = self.quotes.post("/quotes", json=ASKED)
            return quote.is_success and self.quotes.post(f"/quotes/{quote.json()['id']}/purchase").is_success
        except httpx.HTTPError:
            return False

    def containers(self) -> Sequence[Mapping[str, Any]]:
        """Every container of the project, as the engine shows it."""
        ids = self.docker("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}").split()
        shown: list[Mapping[str, Any]] = json.loads(self.docker("inspect", *ids)) if ids else []
        return shown

    def issues(self) -> Sequence[Mapping[str, Any]]:
        """Every incident with its facts, as `sre-space audit --json` has them."""
        found: list[Mapping[str, Any]] = json.loads(self.operator("audit", "--json"))["issues"]
        return found

    def known(self) -> int:
        """Return the number of the newest incident, once all are closed."""
        until(lambda: not self.open_issues(), "no incident is open", PATIENCE_S, every_s=3)
        return max((int(one["issue"]) for one in self.issues()), default=0)

    def open_issues(self) -> Sequence[int]:
        """Return the numbers of the incidents that have not ended."""
        return [int(one["issue"]) for one in self.issues() if one["state"] != "closed"]

    def healed(self, known: int, service: str) -> str:
        """Wait until an incident later than `known` that names a service is closed; return its whole story."""

        def closed() -> int:
            later = [one for one in self.issues() if int(one["issue"]) > known and service in one["title"]]
            return next((int(one["issue"]) for one in later if one["state"] == "closed"), 0)

        number = until(closed, f"an incident of {service or 'the change'} is closed", PATIENCE_S, every_s=3)
        return self.operator("show", str(number))

    def secrets(self, container: str) -> str:
        """Return the variables that only one container has."""
        return self.docker(
            "run",
            "--rm",
            "--network",
            "none",
            "--volume",
            f"{PROJECT}_{container}-keys:/k:ro",
            BASE,
            "cat",
            "/k/environment",
        )

    def deployed(self, file: str, value: str) -> Sequence[str]:
        """Return the keys with this value in a file of the desired state in force."""
        text = self.docker("exec", f"{PROJECT}-deployer-1", "cat", f"/state/deploy/config/{file}")
        return [line.partition("=")[0] for line in text.splitlines() if line.endswith(f"={value}")]
