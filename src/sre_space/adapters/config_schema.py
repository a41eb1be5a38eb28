"""What `sre-space.yaml` may contain: its keys, their types and bounds; `config_file` makes the configuration of it.

Each class is one mapping of the file. The first of `examples` is what the sentence about a missing key says to write.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from sre_space.adapters.config_desired import (
    DesiredEntry,
    PlaceEntry,
    limit_before,
    place_of,
    replicas_before,
    undeclared,
)
from sre_space.adapters.config_journeys import JourneyEntry
from sre_space.adapters.config_words import (
    Address,
    DesiredFile,
    Duration,
    HostPort,
    KeyName,
    Link,
    Number,
    PeopleName,
    Strict,
    TargetName,
    Text,
    TimeOfDay,
    UnitName,
    Url,
    ValuePath,
    Whole,
)
from sre_space.domain.configuration import Format, Place
from sre_space.domain.contacts import Contact
from sre_space.domain.diagnosis import CauseKind, Confidence
from sre_space.domain.health_check import TIMEOUT_S, CheckKind, HealthCheck
from sre_space.domain.holds import MAX_REASON
from sre_space.domain.space_config import (
    Autonomy,
    FreezeWindow,
    Guardrails,
    Maintenance,
    Service,
    Tunable,
    TunableRemedy,
    ValueType,
)

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Action = Literal["restart", "set-config", "revert", "scale"]
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class CureEntry(Strict):
    """`heals` of a tunable: which causes it remedies, and with which value."""

    kinds: tuple[CauseKind, ...] = Field(min_length=1, examples=["[error]"])
    of: Literal["itself", "dependency"] = Field(examples=["itself"])
    to: str | None = None
    times: Number | None = Field(None, gt=1)
    follow_up: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> "CureEntry":
        if (self.to is None) == (self.times is None):
            raise ValueError("say either `to` or `times`")
        return self

    def remedy(self) -> TunableRemedy:
        """Return this entry as a value of the domain."""
        return TunableRemedy(self.kinds, self.of == "dependency", self.to or "", self.times or 1.0, self.follow_up)


class TunableEntry(Strict):
    """A key of desired state that may be changed, with its bounds."""

    type: ValueType = Field(examples=["integer"])
    purpose: Text = Field(examples=["connections to the database"])
    file: DesiredFile = ""
    key: ValuePath = ""
    format: Format | None = None
    min: Number | None = None
    max: Number | None = None
    values: tuple[str, ...] = ()
    protected: bool = False
    heals: CureEntry | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> "TunableEntry":
        text = self.type is ValueType.TEXT
        if text and (self.min is not None or self.max is not None or (self.heals and self.heals.times)):
            raise ValueError("a text has `values`, not min, max or times")
        if not text and self.values:
            raise ValueError("only a text has `values`")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is over max {self.max:g}")
        if self.heals and self.protected:
            raise ValueError("a protected key heals nothing: only people change it")
        if self.heals and (why := self.named("", Place("", "")).why_not(self.heals.to)):
            raise ValueError(f"heals.to: {why}")
        return self

    def named(self, name: str, own: Place) -> Tunable:
        """Return this entry as the tunable `name` of the service whose own part of desired state is `own`."""
        at = place_of(self.file, self.key, self.format, own, name)
        cure = self.heals.remedy() if self.heals else None
        return Tunable(
            at.key, at.file, self.type, self.purpose, self.min, self.max, self.values, self.protected, cure, at.format
        )


class CheckEntry(Strict):
    """`health` or `readiness` of a service: one of `http`, `tcp` and `grpc`; a URL alone stands for `http`."""

    http: Url | None = None
    tcp: HostPort | None = None
    grpc: HostPort | None = None
    status: tuple[Annotated[Whole, Field(ge=100, le=599)], ...] = ()
    service: Annotated[str, Field(max_length=100)] = ""
    timeout: Annotated[Duration, Field(gt=0, le=5)] = TIMEOUT_S

    @model_validator(mode="after")
    def _one_protocol(self) -> "CheckEntry":
        if sum(target is not None for target in (self.http, self.tcp, self.grpc)) != 1:
            raise ValueError("say one of `http`, `tcp` and `grpc`, such as {tcp: 127.0.0.1:5432}")
        if self.status and self.http is None:
            raise ValueError("only `http` has `status`")
        if self.service and self.grpc is None:
            raise ValueError("only `grpc` has `service`")
        return self

    def check(self) -> HealthCheck:
        """Return this entry as a value of the domain."""
        kind, target = next((kind, target) for kind in CheckKind if (target := getattr(self, kind.value)) is not None)
        return HealthCheck(kind, target, self.status, self.service, self.timeout)


def _as_entry(value: object) -> object:
    return {"http": value} if isinstance(value, str) else value


Check = Annotated[CheckEntry, BeforeValidator(_as_entry)]


class ServiceEntry(Strict):
    """A service that is protected."""

    health: Check = Field(examples=["http://127.0.0.1:8080/health"])
    readiness: Check | None = None
    runtime: Literal["space", "none"] = "space"
    unit: UnitName = ""
    address: Address = ""
    calls: tuple[str, ...] = ()
    autonomy: Autonomy = Autonomy.OBSERVE
    most_replicas: Whole = Field(1, ge=1)
    desired: DesiredEntry | None = None
    memory: PlaceEntry | None = None
    replicas: PlaceEntry | None = None
    stateful: bool = False
    owner: PeopleName = ""
    notify: TargetName = ""
    runbook: Link = ""
    tunables: dict[KeyName, TunableEntry] = Field({})

    @model_validator(mode="after")
    def _runs_somewhere(self) -> "ServiceEntry":
        if self.runtime == "none" and self.unit:
            raise ValueError("a service with `runtime: none` has no unit; leave one of the two out")
        if self.runtime != "none" and not self.unit:
            raise ValueError("unit is missing; add it, for example `unit: web`, or write `runtime: none`")
        return self

    def named(self, name: str) -> Service:
        """Return this entry as the service `name`."""
        desired = self.desired.place() if self.desired else None
        own = desired or undeclared(name)
        tunables = tuple(tunable.named(key, own) for key, tunable in self.tunables.items())
        return Service(
            name,
            self.health.check(),
            self.unit or name,
            self.calls,
            self.autonomy,
            self.address,
            tunables,
            self.most_replicas,
            self.stateful,
            Contact(name, self.owner, self.notify, self.runbook),
            self.readiness.check() if self.readiness else None,
            self.memory.place(own) if self.memory else None if desired else limit_before(name),
            self.replicas.place(own) if self.replicas else None if desired else replicas_before(name),
            self.runtime != "none",
            desired,
        )


class FreezeEntry(Strict):
    """A window in which no configuration is changed."""

    days: tuple[Day, ...] = Field(min_length=1, examples=["[fri]"])
    since: TimeOfDay = "00:00"
    until: TimeOfDay = "24:00"

    @model_validator(mode="after")
    def _in_order(self) -> "FreezeEntry":
        if _seconds(self.since) >= _seconds(self.until):
            raise ValueError(f"since {self.since} is not before until {self.until}; use one window for each day")
        return self

    def window(self) -> FreezeWindow:
        """Return this entry as a value of the domain."""
        return FreezeWindow(tuple(map(_WEEK.index, self.days)), _seconds(self.since), _seconds(self.until))


class MaintenanceEntry(FreezeEntry):
    """A window in which people work on services, so that nothing is done to them."""

    services: tuple[Text, ...] = Field(min_length=1, examples=["[all]"])
    reason: str = Field(min_length=1, max_length=MAX_REASON, examples=["database upgrade"])

    def planned(self) -> Maintenance:
        """Return this entry as a value of the domain."""
        return Maintenance(self.services, self.window(), self.reason)


class GuardrailsEntry(Strict):
    """What the agents may do without a person."""

    actions: tuple[Action, ...] = Field(examples=["[restart]"])
    restarts_per_hour: Whole = Field(ge=0, examples=["6"])
    cooldown_seconds: Number = Field(ge=0, examples=["5"])
    global_concurrency: Whole = Field(ge=1, examples=["2"])
    attempts: Whole = Field(ge=1, examples=["3"])
    keys_per_change: Whole = Field(5, ge=1)
    changes_per_key_a_day: Whole = Field(2, ge=1)
    approval_seconds: Number = Field(1800.0, gt=0)
    freeze: tuple[FreezeEntry, ...] = ()
    act_on: dict[Action, Literal["confirmed", "likely"]] = Field({})

    @model_validator(mode="after")
    def _acts_on_what_it_allows(self) -> "GuardrailsEntry":
        if unknown := [action for action in self.act_on if action not in self.actions]:
            raise ValueError(
                f"`act_on` names {unknown[0]}, which `actions` does not allow; add it there, or leave it out"
            )
        return self

    def limits(self) -> Guardrails:
        """Return this entry as a value of the domain."""
        return Guardrails(
            self.actions,
            self.restarts_per_hour,
            self.cooldown_seconds,
            self.global_concurrency,
            self.attempts,
            self.keys_per_change,
            self.changes_per_key_a_day,
            self.approval_seconds,
            tuple(entry.window() for entry in self.freeze),
            {action: Confidence(verdict.upper()) for action, verdict in self.act_on.items()},
        )


class SpaceFile(Strict):
    """The whole file."""

    space: Text = Field(examples=["web-shop"])
    services: dict[str, ServiceEntry] = Field(min_length=1, examples=["{web: {health: ..., unit: web}}"])
    journeys: dict[str, JourneyEntry] = Field({})
    guardrails: GuardrailsEntry = Field(
        examples=["{actions: [restart], restarts_per_hour: 6, cooldown_seconds: 5, global_concurrency: 2, attempts: 3}"]
    )
    maintenance: tuple[MaintenanceEntry, ...] = ()


def _seconds(time_of_day: str) -> int:
    """Return a time of day such as `16:30` as seconds since midnight."""
    hours, _, minutes = time_of_day.partition(":")
    return int(hours) * 3600 + int(minutes) * 60
