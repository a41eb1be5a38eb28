"""The configuration of a space: which services are protected, when they are healthy, what the agents may do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sre_space.domain.diagnosis import CauseKind, Confidence

DAY_NS = 24 * 3600 * 10**9
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday; Monday is 0


class Autonomy(StrEnum):
    """What the agents may do to a service without a person."""

    OBSERVE = "observe"
    APPROVE = "approve"
    AUTONOMOUS = "autonomous"


class ValueType(StrEnum):
    """The type of a tunable's value."""

    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True)
class TunableRemedy:
    """The causes that a tunable remedies: these kinds, in its service or (`of_dependency`) in one that it calls.

    The new value is `to`, or the present value times `times`, limited by the tunable's maximum. `follow_up` is what
    people have to do later, "" for nothing.
    """

    kinds: tuple[CauseKind, ...]
    of_dependency: bool
    to: str = ""
    times: float = 1.0
    follow_up: str = ""


@dataclass(frozen=True)
class Tunable:
    """One key of desired state that may be changed within bounds; a protected one only by people."""

    key: str
    file: str
    type: ValueType
    purpose: str
    least: float | None = None
    most: float | None = None
    values: tuple[str, ...] = ()
    protected: bool = False
    remedy_for: TunableRemedy | None = None

    def why_not(self, value: str | None) -> str:
        """Return why a value is not allowed; "" when it is. None stands for the service's own default."""
        if value is None:
            return ""  # back to the service's own default
        if self.type is ValueType.TEXT:
            return (
                "" if not self.values or value in self.values else f"{value!r} is not one of {', '.join(self.values)}"
            )
        number = _number(value, self.type)
        if number is None:
            return f"{value!r} is not a valid {self.type}"
        if self.least is not None and number < self.least:
            return f"{value} is below {self.least:g}"
        return f"{value} is above {self.most:g}" if self.most is not None and number > self.most else ""

    def remedied_value(self, present: str | None) -> str | None:
        """Return the value that the tunable's remedy sets; None when it is set already or the maximum is reached."""
        assert self.remedy_for is not None
        if self.remedy_for.to:
            return self.remedy_for.to if present != self.remedy_for.to else None
        number = _number(present or "", self.type)
        if number is None:
            return None
        wanted = min(number * self.remedy_for.times, self.most if self.most is not None else float("inf"))
        if wanted <= number:
            return None
        return str(int(wanted)) if self.type is ValueType.INTEGER else f"{wanted:g}"


def _number(value: str, type: ValueType) -> float | None:
    try:
        return int(value) if type is ValueType.INTEGER else float(value)
    except ValueError:
        return None


@dataclass(frozen=True)
class FreezeWindow:
    """A weekly window, as of a freeze or a maintenance: weekdays (Monday 0), [since, until) seconds of the day, UTC."""

    days: tuple[int, ...]
    since_s: int
    until_s: int

    def holds(self, at: int) -> bool:
        """Return True when a time (Unix ns) lies in the window."""
        day, rest = divmod(at, DAY_NS)
        return (day + _EPOCH_WEEKDAY) % 7 in self.days and self.since_s <= rest // 10**9 < self.until_s

    def span(self, at: int) -> tuple[int, int] | None:
        """Return beginning and end (Unix ns) of the window that contains `at`; None when it lies in none."""
        midnight = at - at % DAY_NS
        return (midnight + self.since_s * 10**9, midnight + self.until_s * 10**9) if self.holds(at) else None


@dataclass(frozen=True)
class Maintenance:
    """A weekly window in which people work on `services` ("all": on everything), so that the agents only watch them."""

    services: tuple[str, ...]
    window: FreezeWindow
    reason: str


@dataclass(frozen=True)
class Service:
    """One service: its health URL, the name of its unit in the runtime, and the services that it calls.

    `address` is the `host:port` under which its callers reach it (a virtual IP, a proxy, a link); "" when that is the
    one of its health URL. `most_replicas` is how many replicas the runtime can run.
    """

    name: str
    health: str
    unit: str
    calls: tuple[str, ...]
    autonomy: Autonomy
    address: str = ""
    tunables: tuple[Tunable, ...] = ()
    most_replicas: int = 1


@dataclass(frozen=True)
class Journey:
    """A critical user journey: root spans of `caller` with one of these names; `slo` is the success rate, 0 to 1.

    An incident counts as recovered once `good_visits` visits in a row succeeded.
    """

    name: str
    caller: str
    steps: tuple[str, ...]
    slo: float
    good_visits: int = 30


@dataclass(frozen=True)
class Guardrails:
    """The limits of what the agents may do without a person.

    A change of configuration has `keys_per_change` keys at most; a key that was changed `changes_per_key_a_day` times
    within a day is frozen; in a freeze window no configuration is changed. A plan waits `approval_seconds` for a
    person. `act_on` is the lowest verdict on which a remedy, by its word in `actions`, is carried out without a person;
    a remedy that it does not name requires CONFIRMED.
    """

    actions: tuple[str, ...]
    restarts_per_hour: int
    cooldown_seconds: float
    global_concurrency: int
    attempts: int
    keys_per_change: int = 5
    changes_per_key_a_day: int = 2
    approval_seconds: float = 1800.0
    freeze: tuple[FreezeWindow, ...] = ()
    act_on: Mapping[str, Confidence] = field(default_factory=dict)

    def acts_on(self, action: str, verdict: Confidence) -> bool:
        """Return True when a verdict is enough for a remedy, named by its word in `actions`, without a person."""
        return verdict in (Confidence.CONFIRMED, self.act_on.get(action, Confidence.CONFIRMED))


@dataclass(frozen=True)
class SpaceConfig:
    """The configuration of one space, `sre-space.yaml`; services outside it are never monitored or accused."""

    space: str
    services: Mapping[str, Service]
    journey: Journey
    guardrails: Guardrails
    maintenance: tuple[Maintenance, ...] = ()

    @property
    def calls(self) -> Mapping[str, Sequence[str]]:
        """Return the call graph: for each service those that it calls."""
        return {name: service.calls for name, service in self.services.items()}

    def tunable(self, file: str, key: str) -> Tunable | None:
        """Return the tunable of a file's key; None when the configuration does not declare it."""
        tunables = (tunable for service in self.services.values() for tunable in service.tunables)
        return next((tunable for tunable in tunables if (tunable.file, tunable.key) == (file, key)), None)
