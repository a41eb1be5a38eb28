"""What Scout heard of the services' processes: how often they began anew, what they logged as errors, what they run."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from sre_space.text.error_lines import ErrorLine

MAX_LINES = 3  # of a service
MAX_INSTANCES = 100  # of a service whose names are remembered


@dataclass(frozen=True)
class Deployed:
    """The commit that a service runs with, and when it was deployed (Unix ns)."""

    commit: str
    at: int


@dataclass
class Processes:
    """`watched` is since when this was listened to (Unix ns); everything is by service and bounded."""

    watched: int = 0
    instances: dict[str, deque[str]] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)
    restarted: dict[str, int] = field(default_factory=dict)
    lines: dict[str, deque[ErrorLine]] = field(default_factory=dict)
    deployed: dict[str, Deployed] = field(default_factory=dict)

    def began(self, service: str, instance: str, at: int) -> None:
        """A process tells of itself; one whose name is new is a restart, unless it is the first that is heard of."""
        known = self.instances.setdefault(service, deque(maxlen=MAX_INSTANCES))
        if instance in known:
            return
        if known:
            self.restarts[service] = self.restarts.get(service, 0) + 1
            self.restarted[service] = at
        known.append(instance)

    def logged(self, line: ErrorLine) -> None:
        """An error; the newest three of a service are kept."""
        self.lines.setdefault(line.service, deque(maxlen=MAX_LINES)).append(line)

    def runs(self, deployed: Mapping[str, Deployed]) -> None:
        """Services were deployed; what is older than what is known does not count."""
        known = self.deployed
        known |= {name: one for name, one in deployed.items() if name not in known or known[name].at <= one.at}
