"""What is known of the services' processes: restarts, logged errors, running commits. Used by Scout's snapshots."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from sre_space.text.error_lines import ErrorLine

MAX_LINES = 3  # of a service
MAX_INSTANCES = 100  # names of a service's processes that are remembered


@dataclass(frozen=True)
class Deployed:
    """The commit that a service runs, and when it was deployed (Unix ns)."""

    commit: str
    at: int


@dataclass
class Processes:
    """Bounded records by service; `watched` is since when they are kept (Unix ns)."""

    watched: int = 0
    instances: dict[str, deque[str]] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)
    restarted: dict[str, int] = field(default_factory=dict)
    lines: dict[str, deque[ErrorLine]] = field(default_factory=dict)
    deployed: dict[str, Deployed] = field(default_factory=dict)

    def began(self, service: str, instance: str, at: int) -> None:
        """Record a process by its name; a new name counts as a restart, unless it is the first of its service."""
        known = self.instances.setdefault(service, deque(maxlen=MAX_INSTANCES))
        if instance in known:
            return
        if known:
            self.restarts[service] = self.restarts.get(service, 0) + 1
            self.restarted[service] = at
        known.append(instance)

    def logged(self, line: ErrorLine) -> None:
        """Record an error line; the newest three of each service are kept."""
        self.lines.setdefault(line.service, deque(maxlen=MAX_LINES)).append(line)

    def runs(self, deployed: Mapping[str, Deployed]) -> None:
        """Record which commits services run; information that is older than the recorded one is ignored."""
        known = self.deployed
        known |= {
            name: deployment
            for name, deployment in deployed.items()
            if name not in known or known[name].at <= deployment.at
        }
