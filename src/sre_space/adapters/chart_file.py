"""Reads the chart `sre-space.yaml`; every error names the key and the remedy."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sre_space.domain.chart import Autonomy, Chart, Guardrails, Journey, Service
from sre_space.domain.errors import Malformed

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Service(_Strict):
    health: str = Field(pattern=r"^https?://[^\s/]+/\S*$")
    unit: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    address: str = Field("", pattern=r"^([^\s/:]+:\d+)?$")
    calls: tuple[str, ...] = ()
    autonomy: Autonomy = Autonomy.OBSERVE


class _Journey(_Strict):
    caller: str
    steps: tuple[str, ...] = Field(min_length=1)
    slo: float = Field(gt=0, lt=1)


class _Guardrails(_Strict):
    actions: tuple[str, ...]
    restarts_per_hour: int = Field(ge=0)
    cooldown_seconds: float = Field(ge=0)
    global_concurrency: int = Field(ge=1)
    attempts: int = Field(ge=1)


class _Chart(_Strict):
    space: str
    services: dict[str, _Service] = Field(min_length=1)
    journeys: dict[str, _Journey] = Field(min_length=1, max_length=1)
    guardrails: _Guardrails

    @model_validator(mode="after")
    def _calls_exist(self) -> "_Chart":
        for name, service in self.services.items():
            unknown = set(service.calls) - set(self.services)
            if unknown:
                raise ValueError(f"services.{name}.calls names unknown services: {', '.join(sorted(unknown))}")
        return self


def read_chart(path: Path, environment: Mapping[str, str] = os.environ) -> Chart:
    """The chart with `${NAME:-default}` filled in; `Malformed` names the file, the key and what is wrong."""
    try:
        text = path.read_text()
    except OSError as error:
        raise Malformed(f"{path}: {error.strerror}; SRE_SPACE_CHART names the chart") from error
    return parse_chart(text, environment, str(path))


def parse_chart(text: str, environment: Mapping[str, str], name: str = "chart") -> Chart:
    """A chart from its text."""
    try:
        raw: Any = yaml.safe_load(_VARIABLE.sub(lambda found: _value(found, environment), text))
    except yaml.YAMLError as error:
        raise Malformed(f"{name} is not YAML: {str(error).replace(chr(10), ' ')}") from error
    try:
        return _chart(_Chart.model_validate(raw))
    except ValidationError as error:
        first = error.errors()[0]
        raise Malformed(f"{name}: {'.'.join(map(str, first['loc'])) or 'chart'}: {first['msg']}") from error


def _value(found: re.Match[str], environment: Mapping[str, str]) -> str:
    value = environment.get(found[1]) or found[2]
    if value is None:
        raise Malformed(f"the chart names ${{{found[1]}}}, which is not set")
    return value


def _chart(raw: _Chart) -> Chart:
    services = {
        name: Service(name, one.health, one.unit, one.calls, one.autonomy, one.address)
        for name, one in raw.services.items()
    }
    name, journey = next(iter(raw.journeys.items()))
    limits = raw.guardrails
    return Chart(
        raw.space,
        services,
        Journey(name, journey.caller, journey.steps, journey.slo),
        Guardrails(
            limits.actions,
            limits.restarts_per_hour,
            limits.cooldown_seconds,
            limits.global_concurrency,
            limits.attempts,
        ),
    )
