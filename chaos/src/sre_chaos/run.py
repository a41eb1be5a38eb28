"""The values of an experiment: a run, what its injection did, the ground truth, and the experiment itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sre_chaos.space import Space


@dataclass(frozen=True)
class Run:
    """One run of an experiment on a service; `canary` is a random word that must not appear anywhere in the space.

    `repository` is the one that a person allows it to commit to, where it has to be named (`OWNER/NAME`).
    """

    space: Space
    service: str
    canary: str
    repository: str = ""


@dataclass(frozen=True)
class Hit:
    """The result of an injection: the process that it hit, if any, and what its recovery needs (as JSON).

    `at` is when the fault took effect (Unix ns); 0: at once.
    """

    pid: int | None = None
    undo: Mapping[str, str | int] = field(default_factory=dict)
    at: int = 0


@dataclass(frozen=True)
class Truth:
    """The ground truth: the real cause and the remedies that help, for the evaluation only. Controls: kind `none`."""

    service: str
    operation: str
    kind: str
    remedies: tuple[str, ...]


@dataclass(frozen=True)
class Experiment:
    """One fault or control.

    `steady` are the services that must answer before the injection (the steady state); `recover` undoes the injection
    and may be called twice, also after the agents have fixed the fault. `seconds` is how long the fault lasts unless
    the command says otherwise; None: until recovered.
    """

    name: str
    what: str
    services: tuple[str, ...]
    inject: Callable[[Run], Hit]
    recover: Callable[[Run, Mapping[str, str | int]], None]
    truth: Truth
    steady: tuple[str, ...] = ("user-service", "policy-service", "quote-service")
    seconds: float | None = None

    @property
    def default_service(self) -> str:
        """Return the service that is hit by default."""
        return self.services[0]

    def truth_of(self, service: str) -> Truth:
        """Return the truth when this service is hit; the affected operation is known for the default service only."""
        if service == self.default_service or self.truth.service != self.default_service:
            return self.truth
        return replace(self.truth, service=service, operation="")

    @property
    def is_control(self) -> bool:
        """Return True when the experiment injects no fault into the application."""
        return self.truth.kind == "none"
