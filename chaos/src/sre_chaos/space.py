"""The target space, read from its state folder: ports, databases, repository, runtime. Imports no code of it."""

import hashlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sre_chaos.runtime import Runtime, Unreachable

SERVICES = ("policy-service", "quote-service", "user-service")
ANSWERS_WITHIN_S = 2.0


@dataclass(frozen=True)
class Space:
    """A running space; `supervisor` is the process id of its supervisord, `python` the path of its interpreter."""

    state: Path
    runtime: Runtime
    supervisor: int
    python: str
    ports: Mapping[str, int]
    repository: str

    @classmethod
    def of(cls, state: Path) -> "Space":
        """Return the space by the record that a running space keeps; raise `Unreachable` when none runs."""
        try:
            root = state.resolve()
            record = json.loads((root / "run" / "space.json").read_text())
            ports = {str(name): int(port) for name, port in record["ports"].items()}
            python, repository = str(record["python"]), str(record["repository"])
            return cls(root, Runtime(str(record["socket"])), int(record["pid"]), python, ports, repository)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, OverflowError) as error:
            raise Unreachable(f"no space runs in {state}; start one with: sre-space up") from error

    @property
    def mark(self) -> str:
        """Return the id of this space in chaos' own files, which does not reveal its path."""
        return hashlib.sha256(str(self.state).encode()).hexdigest()[:12]

    def alive(self) -> bool:
        """Return True while the space's supervisord runs."""
        try:
            os.kill(self.supervisor, 0)
        except ProcessLookupError:
            return False
        return True

    def port(self, service: str) -> int:
        """Return the port on which a service listens."""
        return self.ports[f"{service.replace('-', '_')}_port"]

    def database(self, service: str) -> Path:
        """Return the path of a service's SQLite file."""
        return self.state / "apps" / f"{service}.db"

    def answers(self, service: str) -> bool:
        """Return True when the service and its database answer in time."""
        url = f"http://127.0.0.1:{self.port(service)}/ready"
        try:
            with urllib.request.urlopen(url, timeout=ANSWERS_WITHIN_S) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


def default_state() -> Path:
    """Return the default state folder of `sre-space up`."""
    named = os.environ.get("SRE_SPACE_STATE")
    base = os.environ.get("XDG_STATE_HOME")
    return Path(named) if named else (Path(base) if base else Path.home() / ".local" / "state") / "sre-space"
