"""The configuration of a space: which services are protected, when they are healthy, what the agents may do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sre_space.domain.configuration import FOLDER, Format, Place
from sre_space.domain.contacts import Contact
from sre_space.domain.dependencies import reach
from sre_space.domain.diagnosis import CauseKind, Confidence
from sre_space.domain.health_check import HealthCheck
from sre_space.domain.journeys import Journey, requests_of

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
    """One key of desired state that may be changed within bounds; a protected one only by people.

    `key` and `file`, whose `format` is said, are its place.
    """

    key: str
    file: str
    type: ValueType
    purpose: str
    least: float | None = None
    most: float | None = None
    values: tuple[str, ...] = ()
    protected: bool = False
    remedy_for: TunableRemedy | None = None
    format: Format = Format.ENV

    @property
    def place(self) -> Place:
        """Return where desired state has its value."""
        return Place(self.file, self.key, self.format)

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
    """One service: how its health is asked, the name of its unit in the runtime, and the services that it calls.

    `address` is the `host:port` under which its callers reach it (a virtual IP, a proxy, a link); "" when that is the
    one of its health check. `most_replicas` is how many replicas the runtime can run. A `stateful` service is neither
    restarted nor reconfigured without a person. `contact` names its people. `memory` and `replicas` are where desired
    state has its memory limit in bytes and the number of its replicas, None where it has none. Without a runtime
    (`has_runtime`) nothing is known of its unit, and nothing is done to it. `desired` is where its own part of desired
    state lies, as a configuration since 0.2.0 says it: a file, and in a YAML file the key of its variables.
    """

    name: str
    health: HealthCheck
    unit: str
    calls: tuple[str, ...]
    autonomy: Autonomy
    address: str = ""
    tunables: tuple[Tunable, ...] = ()
    most_replicas: int = 1
    stateful: bool = False
    contact: Contact = Contact("")
    readiness: HealthCheck | None = None
    memory: Place | None = None
    replicas: Place | None = None
    has_runtime: bool = True
    desired: Place | None = None

    @property
    def own(self) -> Place:
        """Return the part of desired state that is this service's own: its variables; by default a file by its name."""
        return self.desired or Place(f"{FOLDER}/{self.name}.env", "")

    @property
    def file(self) -> str:
        """Return the file with the service's own part (a path in the repository)."""
        return self.own.file

    @property
    def declared(self) -> tuple[Place, ...]:
        """Return the places of single values that are declared as this service's."""
        return tuple(place for place in (*(one.place for one in self.tunables), self.memory, self.replicas) if place)

    @property
    def ready(self) -> HealthCheck:
        """Return the check that a started service passes once it serves: its readiness, else its health."""
        return self.readiness or self.health


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
    journeys: tuple[Journey, ...]
    guardrails: Guardrails
    maintenance: tuple[Maintenance, ...] = ()

    @property
    def calls(self) -> Mapping[str, Sequence[str]]:
        """Return the call graph: for each service those that it calls."""
        return {name: service.calls for name, service in self.services.items()}

    @property
    def measured(self) -> tuple[Journey, ...]:
        """Return the journeys by which a repair is verified: the declared ones, else each service's own requests."""
        return self.journeys or tuple(map(requests_of, self.services))

    def concerned(self, subjects: Collection[str]) -> tuple[Journey, ...]:
        """Return the journeys that services, or journeys by name, may affect; all where that is none.

        A journey whose caller is not in the configuration may call every service.
        """
        services = self.services.keys() & set(subjects)
        found = (one for one in self.measured if one.name in subjects or _reaches(one, services, self.calls))
        return tuple(found) or self.measured

    def callers(self, subjects: Collection[str]) -> tuple[str, ...]:
        """Return the services whose traces show the journeys that are concerned, each once."""
        return tuple(dict.fromkeys(journey.spans.service for journey in self.concerned(subjects)))

    @property
    def event_topics(self) -> tuple[str, ...]:
        """Return the topics of the events from which conversions are computed, each once."""
        steps = [journey.conversion for journey in self.journeys if journey.conversion and journey.conversion.topics]
        return tuple(dict.fromkeys(topic for one in steps for topic in (one.first, one.second)))

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """Return the contact of each service, in the order of the configuration."""
        return tuple(service.contact for service in self.services.values())

    @property
    def formats(self) -> Mapping[str, Format]:
        """Return the files of desired state that are named here, with their formats, by path."""
        places = (place for service in self.services.values() for place in (service.own, *service.declared))
        return {place.file: place.format for place in places}

    @property
    def names_no_files(self) -> bool:
        """Return whether a service does not say where its desired state lies: then all of the default folder is."""
        return not self.services or any(service.desired is None for service in self.services.values())

    def is_desired_file(self, file: str) -> bool:
        """Return whether a file may hold desired state: a named one, or any of the default folder."""
        return file in self.formats or (self.names_no_files and file.rpartition("/")[0] == FOLDER)

    def is_desired(self, file: str, key: str) -> bool:
        """Return whether a key of a file is desired state: a service's own part, a declared value, the whole folder."""
        if self.names_no_files and file.rpartition("/")[0] == FOLDER and file not in self.formats:
            return True
        named = (place for service in self.services.values() for place in (service.own, *service.declared))
        return any(place.contains(file, key) or _is_in_folder(place, file) for place in named)

    def owner(self, place: str) -> str:
        """Return the service that a place (`<file>:<key>`) configures, the first of its `owners`; "" without one."""
        return next(iter(self.owners(place)), "")

    def owners(self, place: str) -> tuple[str, ...]:
        """Return the services that a place configures: first those that declare it, then those in whose part it is."""
        file, _, key = place.partition(":")
        services = self.services.values()
        declared = [one.name for one in services if any((file, key) == (at.file, at.key) for at in one.declared)]
        own = [one.name for one in services if one.own.contains(file, key)]
        return tuple(dict.fromkeys((*declared, *own)))

    def tunable(self, file: str, key: str) -> Tunable | None:
        """Return the tunable of a file's key; None when the configuration does not declare it."""
        tunables = (tunable for service in self.services.values() for tunable in service.tunables)
        return next((tunable for tunable in tunables if (tunable.file, tunable.key) == (file, key)), None)


def _is_in_folder(place: Place, file: str) -> bool:
    """Return whether a file is named by a place, has a key a line, and lies in the default folder."""
    return place.format is Format.ENV and file == place.file and file.rpartition("/")[0] == FOLDER


def _reaches(journey: Journey, services: Collection[str], calls: Mapping[str, Sequence[str]]) -> bool:
    """Return True when the service whose spans show the journey calls one of these, or is one, or is not configured."""
    service = journey.spans.service
    return bool(services) and (service not in calls or not reach(service, calls).isdisjoint(services))
