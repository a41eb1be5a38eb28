"""Parser of the configuration `sre-space.yaml`; every error names the line, the key and the remedy."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sre_space.adapters.config_mistakes import first_mistake, mistake, no_boolean, reachable
from sre_space.adapters.config_yaml import Document, document
from sre_space.domain.configuration import FOLDER
from sre_space.domain.diagnosis import CauseKind, Confidence
from sre_space.domain.errors import Malformed
from sre_space.domain.holds import ALL, MAX_REASON
from sre_space.domain.space_config import (
    Autonomy,
    FreezeWindow,
    Guardrails,
    Journey,
    Maintenance,
    Service,
    SpaceConfig,
    Tunable,
    TunableRemedy,
    ValueType,
)

_TIME_OF_DAY = r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Whole = Annotated[int, BeforeValidator(no_boolean)]
Number = Annotated[float, BeforeValidator(no_boolean)]
Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Cure(_Strict):
    kinds: tuple[CauseKind, ...] = Field(min_length=1)
    of: Literal["itself", "dependency"]
    to: str | None = None
    times: Number | None = Field(None, gt=1)
    follow_up: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> "_Cure":
        if (self.to is None) == (self.times is None):
            raise ValueError("say either `to` or `times`")
        return self


class _Tunable(_Strict):
    type: ValueType
    purpose: str = Field(min_length=1)
    file: str = Field("", pattern=r"^([a-z0-9-]+\.env)?$")
    min: Number | None = None
    max: Number | None = None
    values: tuple[str, ...] = ()
    protected: bool = False
    heals: _Cure | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> "_Tunable":
        text = self.type is ValueType.TEXT
        if text and (self.min is not None or self.max is not None or (self.heals and self.heals.times)):
            raise ValueError("a text has `values`, not min, max or times")
        if not text and self.values:
            raise ValueError("only a text has `values`")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is over max {self.max:g}")
        if self.heals and self.protected:
            raise ValueError("a protected key heals nothing: only people change it")
        if self.heals and (why := self.named("", "").why_not(self.heals.to)):
            raise ValueError(f"heals.to: {why}")
        return self

    def named(self, key: str, service: str) -> Tunable:
        """Return this entry as the tunable `key` of `service`."""
        file = f"{FOLDER}/{self.file or f'{service}.env'}"
        return Tunable(
            key, file, self.type, self.purpose, self.min, self.max, self.values, self.protected, self._cure()
        )

    def _cure(self) -> TunableRemedy | None:
        raw = self.heals
        return (
            TunableRemedy(raw.kinds, raw.of == "dependency", raw.to or "", raw.times or 1.0, raw.follow_up)
            if raw
            else None
        )


class _Service(_Strict):
    health: Annotated[str, Field(pattern=r"^https?://[^\s/]+/\S*$"), AfterValidator(reachable)]
    unit: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    address: Annotated[str, Field(pattern=r"^([^\s/:]+:\d+)?$"), AfterValidator(reachable)] = ""
    calls: tuple[str, ...] = ()
    autonomy: Autonomy = Autonomy.OBSERVE
    most_replicas: Whole = Field(1, ge=1)
    tunables: dict[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")], _Tunable] = {}


class _Journey(_Strict):
    caller: Text
    steps: tuple[Text, ...] = Field(min_length=1)
    slo: Number = Field(gt=0, lt=1)
    good_visits: Whole = Field(30, ge=1)


class _Freeze(_Strict):
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(min_length=1)
    since: str = Field("00:00", pattern=_TIME_OF_DAY)
    until: str = Field("24:00", pattern=_TIME_OF_DAY)

    @model_validator(mode="after")
    def _in_order(self) -> "_Freeze":
        if _seconds(self.since) >= _seconds(self.until):
            raise ValueError(f"since {self.since} is not before until {self.until}; use one window for each day")
        return self


class _Maintenance(_Freeze):
    services: tuple[Text, ...] = Field(min_length=1)
    reason: str = Field(min_length=1, max_length=MAX_REASON)


_Action = Literal["restart", "set-config", "revert", "scale"]


class _Guardrails(_Strict):
    actions: tuple[_Action, ...]
    restarts_per_hour: Whole = Field(ge=0)
    cooldown_seconds: Number = Field(ge=0)
    global_concurrency: Whole = Field(ge=1)
    attempts: Whole = Field(ge=1)
    keys_per_change: Whole = Field(5, ge=1)
    changes_per_key_a_day: Whole = Field(2, ge=1)
    approval_seconds: Number = Field(1800.0, gt=0)
    freeze: tuple[_Freeze, ...] = ()
    act_on: dict[_Action, Literal["confirmed", "likely"]] = {}

    @model_validator(mode="after")
    def _acts_on_what_it_allows(self) -> "_Guardrails":
        if unknown := [action for action in self.act_on if action not in self.actions]:
            raise ValueError(
                f"`act_on` names {unknown[0]}, which `actions` does not allow; add it there, or leave it out"
            )
        return self


class _SpaceConfig(_Strict):
    space: Text
    services: dict[str, _Service] = Field(min_length=1)
    journeys: dict[str, _Journey] = Field(min_length=1, max_length=1)
    guardrails: _Guardrails
    maintenance: tuple[_Maintenance, ...] = ()


def read_config(
    path: Path, environment: Mapping[str, str] = os.environ, units: Collection[str] | None = None
) -> SpaceConfig:
    """Return the configuration in a file, with `${NAME:-default}` replaced from `environment`.

    `units` are the names of the runtime's units, None where they are unknown. Raise `Malformed` with file, line, key
    and mistake when the file cannot be read or is invalid.
    """
    try:
        if path.exists() and not path.is_file():
            raise Malformed(f"{path} is not a file; SRE_SPACE_CHART names the configuration")
        content = path.read_bytes()
    except OSError as error:
        raise Malformed(f"{path}: {error.strerror}; SRE_SPACE_CHART names the configuration") from error
    return _parsed(content, environment, str(path), units)


def parse_config(text: str, environment: Mapping[str, str], name: str = "configuration") -> SpaceConfig:
    """Return the configuration in a text called `name`; raise `Malformed` with line, key and mistake."""
    return _parsed(text.encode(), environment, name, None)


def _parsed(content: bytes, environment: Mapping[str, str], name: str, units: Collection[str] | None) -> SpaceConfig:
    source = document(content, environment, name)
    try:
        raw = _SpaceConfig.model_validate(source.values)
    except ValidationError as error:
        raise Malformed(f"{name}:{first_mistake(error, source, _SpaceConfig)}") from error
    _must_agree(raw, source, name, units)
    _must_be_services(raw, source, name)
    return _config(raw)


def _must_agree(raw: _SpaceConfig, source: Document, name: str, units: Collection[str] | None) -> None:
    """Raise `Malformed` for unknown services and units, and for two services with the same unit or address."""
    seen: dict[tuple[str, str], str] = {}
    for service, declared in raw.services.items():
        place = ("services", service)
        for number, called in enumerate(declared.calls):
            if called not in raw.services:
                why = f"{called!r} is not a service of this file; its services are: {', '.join(raw.services)}"
                raise Malformed(f"{name}:{mistake(source, (*place, 'calls', str(number)), why)}")
        for key, value in (("unit", declared.unit), ("health", declared.health), ("address", declared.address)):
            other = seen.setdefault((key, value), service) if value else service
            if other != service:
                why = f"{value} is {other}'s already; each service has its own"
                raise Malformed(f"{name}:{mistake(source, (*place, key), why)}")
        if units is not None and declared.unit not in units:
            why = f"the runtime has no unit {declared.unit!r}; it has: {', '.join(units)}"
            raise Malformed(f"{name}:{mistake(source, (*place, 'unit'), why)}")


def _must_be_services(raw: _SpaceConfig, source: Document, name: str) -> None:
    """Raise `Malformed` for maintenance of a service that the file does not declare."""
    for place, planned in enumerate(raw.maintenance):
        for number, service in enumerate(planned.services):
            if service != ALL and service not in raw.services:
                why = f"{service!r} is not a service of this file; there are: {', '.join(raw.services)}, or {ALL}"
                at = ("maintenance", str(place), "services", str(number))
                raise Malformed(f"{name}:{mistake(source, at, why)}")


def _config(raw: _SpaceConfig) -> SpaceConfig:
    services = {
        name: Service(
            name,
            service.health,
            service.unit,
            service.calls,
            service.autonomy,
            service.address,
            _tunables(name, service),
            service.most_replicas,
        )
        for name, service in raw.services.items()
    }
    name, journey = next(iter(raw.journeys.items()))
    limits = raw.guardrails
    return SpaceConfig(
        raw.space,
        services,
        Journey(name, journey.caller, journey.steps, journey.slo, journey.good_visits),
        Guardrails(
            limits.actions,
            limits.restarts_per_hour,
            limits.cooldown_seconds,
            limits.global_concurrency,
            limits.attempts,
            limits.keys_per_change,
            limits.changes_per_key_a_day,
            limits.approval_seconds,
            tuple(_freeze_window(window) for window in limits.freeze),
            {action: Confidence(verdict.upper()) for action, verdict in limits.act_on.items()},
        ),
        tuple(Maintenance(plan.services, _freeze_window(plan), plan.reason) for plan in raw.maintenance),
    )


def _tunables(service: str, raw: _Service) -> tuple[Tunable, ...]:
    return tuple(tunable.named(key, service) for key, tunable in raw.tunables.items())


def _freeze_window(raw: _Freeze) -> FreezeWindow:
    days = tuple(_WEEK.index(day) for day in raw.days)
    return FreezeWindow(days, _seconds(raw.since), _seconds(raw.until))


def _seconds(time_of_day: str) -> int:
    """Return a time of day such as `16:30` as seconds since midnight."""
    hours, _, minutes = time_of_day.partition(":")
    return int(hours) * 3600 + int(minutes) * 60
