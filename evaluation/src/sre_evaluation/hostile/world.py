"""The running system of one window: instances with their resources, and what they leave as telemetry."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from sre_evaluation.hostile.kernel import Kernel, Slots
from sre_evaluation.hostile.records import Log, Observed, Span
from sre_evaluation.hostile.topology import Operation, Query, Service, System


class State(Enum):
    """Whether an instance takes calls and answers them."""

    UP = "up"
    DOWN = "down"
    HUNG = "hung"


@dataclass
class Meters:
    """The counters of one instance since it started."""

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: Counter[tuple[str, int]] = field(default_factory=Counter)
    busy: float = 0.0
    pool_timeouts: int = 0
    throttled: float = 0.0


@dataclass(eq=False)
class Instance:
    """One running copy of a service; `started` is in ms of the window, negative when long before."""

    service: Service
    name: str
    version: str
    started: float
    workers: Slots | None
    cores: Slots
    pool: Slots
    state: State = State.UP
    draining: bool = False
    restarts: int = 0
    meters: Meters = field(default_factory=Meters)


@dataclass(frozen=True, slots=True)
class Request:
    """A customer's request; `luck` (0 to 1) decides whether it meets a fault that only some meet."""

    trace: str
    luck: float


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of an operation in an instance."""

    request: Request
    operation: Operation
    instance: Instance
    span: Span

    @property
    def service(self) -> Service:
        """Return the service that runs it."""
        return self.instance.service


@dataclass(frozen=True)
class Plan:
    """What a window is like before any fault: its load and its habits. Innocent differences change it."""

    seconds: float
    rate: float
    weights: tuple[tuple[Operation, float], ...]
    missing: float = 1.0  # times the usual share of 404
    blips: float = 0.0  # share of the calls with retries whose connection is reset at first
    cache_hits: float = 1.0  # times the usual share
    everyday: float = 0.0  # share of the work that fails in health, too
    handled: float = 0.01  # share of the work in which something harmless is logged as a warning
    debug: bool = False
    rollout: str = ""  # service whose instances are replaced one after the other
    restart: str = ""  # service of which one instance restarts in peace
    batch: Operation | None = None  # a job for which nobody waits
    lingering: float = 0.0  # share of the work that leaves a child behind, which ends after its parent
    node_busy: float = 0.25


@dataclass
class World:
    """The state of one window."""

    system: System
    plan: Plan
    chance: random.Random
    label: str  # part of the instances' names
    kernel: Kernel = field(default_factory=Kernel)
    instances: dict[str, list[Instance]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start all instances."""
        self.observed = Observed(self.plan.seconds)
        self.statements: Counter[str] = Counter()
        for service in self.system.services.values():
            self.instances[service.name] = [
                self.start(service, f"{service.name}-{self.label}-{number}", -86_400_000.0 - number)
                for number in range(service.instances)
            ]

    def start(self, service: Service, name: str, at: float, version: str = "1.4.0") -> Instance:
        """Return a new instance with free resources."""
        workers = Slots(self.kernel, service.workers) if service.workers else None
        cores, pool = Slots(self.kernel, service.cores), Slots(self.kernel, service.pool)
        return Instance(service, name, version, at, workers, cores, pool)

    def pick(self, service: str) -> Instance:
        """Return the instance that the balancer chooses; one that drains is left out as long as another is there."""
        everybody = self.instances[service]
        return self.chance.choice([one for one in everybody if not one.draining] or everybody)

    def span(self, trace: str, parent: str, instance: Instance, name: str, kind: int) -> Span:
        """Begin a span now."""
        made = Span(trace, f"{self.chance.getrandbits(64):016x}", parent, instance.service.name, instance.name, name,
                    kind, self.kernel.now)  # fmt: skip
        self.observed.spans.append(made)
        return made

    def end(self, span: Span) -> None:
        """End a span now."""
        span.end = self.kernel.now

    def log(self, run: Run, level: str, text: str) -> None:
        """Write a line in the context of a run."""
        span = run.span
        self.observed.logs.append(
            Log(self.kernel.now, run.service.name, run.instance.name, level, text, span.trace, span.id)
        )

    def say(self, instance: Instance, level: str, text: str) -> None:
        """Write a line outside of any request."""
        self.observed.logs.append(Log(self.kernel.now, instance.service.name, instance.name, level, text))

    def users_of(self, database: str) -> Sequence[str]:
        """Return the services that ask a database."""
        return [
            operation.service
            for operation in self.system.operations()
            if any(isinstance(step, Query) and step.database == database for step in operation.steps)
        ]
