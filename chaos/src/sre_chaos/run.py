"""What one run of an experiment is: whom it hits, its canary word, what it left to undo, and what is true of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sre_chaos.space import Space


@dataclass(frozen=True)
class Run:
    """One run. The canary is a random word that only chaos knows: found anywhere else, it is a leak."""

    space: Space
    service: str
    canary: str


@dataclass(frozen=True)
class Hit:
    """What an injection did: the process that it hit, if one, and what its recovery needs to know (JSON).

    `at` (Unix ns) is when it took effect; 0: at once.
    """

    pid: int | None = None
    undo: Mapping[str, str | int] = field(default_factory=dict)
    at: int = 0


@dataclass(frozen=True)
class Truth:
    """What is really wrong and what really helps; only the judge reads it. A control has the kind `none`."""

    service: str
    operation: str
    kind: str
    remedies: tuple[str, ...]


@dataclass(frozen=True)
class Experiment:
    """One fault or control.

    `steady` are the services that must answer before; `recover` undoes the injection and may be
    called twice, also when the doctor healed it meanwhile. `seconds` is how long it lasts when
    nobody says otherwise; None: until recovered.
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
        """Whom it hits when nobody says otherwise."""
        return self.services[0]

    def truth_of(self, service: str) -> Truth:
        """The truth when this service was hit; which operation suffers is known of the default one only."""
        if service == self.default_service or self.truth.service != self.default_service:
            return self.truth
        return replace(self.truth, service=service, operation="")

    @property
    def is_control(self) -> bool:
        """True when nothing is wrong with the patient."""
        return self.truth.kind == "none"
