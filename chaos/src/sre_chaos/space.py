"""The target space as the parts that can be hit; `embedded.py` and `compose.py` make it of their adapters."""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sre_chaos.errors import NoTarget
from sre_chaos.ports import Address, Addresses, Database, Demand, Network, Repository, Runtime

SERVICES = ("policy-service", "quote-service", "user-service")
ANSWERS_WITHIN_S = 2.0


@dataclass(frozen=True)
class Space:
    """A running space; `state` is a folder of it, which exists as long as the space, and `alive` tells whether it runs.

    `addresses` are those of the services, and `databases` those that can be reached.
    """

    state: Path
    runtime: Runtime
    network: Network
    demand: Demand
    repository: Repository
    databases: Mapping[str, Database]
    addresses: Addresses
    alive: Callable[[], bool]

    @property
    def mark(self) -> str:
        """Return the id of this space in chaos' own files, which does not reveal its path."""
        return hashlib.sha256(str(self.state).encode()).hexdigest()[:12]

    def address(self, service: str) -> Address:
        """Return where a service listens."""
        return self.addresses[service]

    def database(self, service: str) -> Database:
        """Return the database of a service; raise `NoTarget` when it has none."""
        if service not in self.databases:
            raise NoTarget(f"{service} has no database here")
        return self.databases[service]

    def answers(self, service: str) -> bool:
        """Return True when the service and its database answer in time."""
        host, port = self.address(service)
        try:
            with urllib.request.urlopen(f"http://{host}:{port}/ready", timeout=ANSWERS_WITHIN_S) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False
