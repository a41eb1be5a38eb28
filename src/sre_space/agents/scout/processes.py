"""What is known of the services' processes: limits, restarts, logged errors, running commits. Used by Scout.

Limits and restarts are the runtime's; where it does not count restarts, a new process in the telemetry is one.
"""

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
    """Bounded records by service; `watched` is since when they are kept (Unix ns).

    `memory_limits` are in bytes; `counts` is the runtime's newest count of each instance's restarts.
    """

    watched: int = 0
    memory_limits: dict[str, int] = field(default_factory=dict)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    instances: dict[str, deque[str]] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)
    restarted: dict[str, int] = field(default_factory=dict)
    lines: dict[str, deque[ErrorLine]] = field(default_factory=dict)
    deployed: dict[str, Deployed] = field(default_factory=dict)

    def began(self, service: str, instance: str, at: int) -> bool:
        """Record a process by its name in the telemetry; return True for a new one, unless it is its service's first.

        It counts as a restart, except where the runtime counts them.
        """
        known = self.instances.setdefault(service, deque(maxlen=MAX_INSTANCES))
        if instance in known:
            return False
        another = bool(known)
        if another and not any(of == service for of, _ in self.counts):
            self._add(service, 1, at)
        known.append(instance)
        return another

    def counted(self, service: str, instance: str, count: int, at: int) -> None:
        """Record how often the runtime has restarted an instance, whose present process began at `at` (Unix ns).

        A count that fell is that of an instance which was made anew: that is one more.
        """
        known = self.counts.get((service, instance), count)
        self.counts[service, instance] = count
        if count != known:
            self._add(service, count - known if count > known else count + 1, at)

    def restarts_of(self, service: str) -> int | None:
        """Return how often a service was restarted while it was watched; None while nothing is known of it."""
        known = service in self.instances or any(of == service for of, _ in self.counts)
        return self.restarts.get(service, 0) if known else None

    def _add(self, service: str, restarts: int, at: int) -> None:
        self.restarts[service] = self.restarts.get(service, 0) + restarts
        self.restarted[service] = at

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
