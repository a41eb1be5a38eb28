"""Readiness checks of the space's processes, each in its own protocol. Used by `up`."""

import asyncio
import time
from collections.abc import Callable, Sequence

import httpx
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.ports import is_free
from sre_embedded.space.processes import Process, links
from sre_space.adapters.config_file import read_config
from sre_space.adapters.network_probe import NetworkProbe
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.addresses import config_environment
from sre_space.bootstrap.space.servers import HOST
from sre_space.bootstrap.space.state import Running
from sre_space.domain.errors import Refused
from sre_space.domain.health_check import HealthCheck

WITHIN_S = 60.0
SERVICES_WITHIN_S = 30.0
POLL_S = 0.05
ENDED = ("EXITED", "FATAL", "BACKOFF")
LAST_LINES = 5


def await_ready(plan: SpacePlan, running: Running, names: Sequence[str]) -> None:
    """Wait until all serve; raise `Refused`, with the end of its log, for a process that ended or is not ready in time.

    Chroma and the agents have no check: the application's journeys do not need them.
    """
    checks = {name: check for name in names if (check := _check(plan, name)) is not None}
    deadline = time.monotonic() + WITHIN_S
    while checks:
        checks = {name: check for name, check in checks.items() if not check()}
        _refuse_ended(plan, running, names)
        if checks and time.monotonic() > deadline:
            raise _failure(plan, next(iter(checks)), f"is not ready after {WITHIN_S:g} s")
        if checks:
            time.sleep(POLL_S)
    _refuse_ended(plan, running, names)


def not_serving(plan: SpacePlan, running: Running, names: Sequence[str]) -> Sequence[str]:
    """Wait until each service serves, has ended, or timed out; return a text for each that does not serve.

    A failed service does not fail `up`: the agents that would repair it must be started.
    """
    checks = {name: check for name in names if (check := _check(plan, name)) is not None}
    deadline = time.monotonic() + SERVICES_WITHIN_S
    failures: dict[str, str] = {}
    while checks and time.monotonic() < deadline:
        ended = {unit.name for unit in space_supervisor.units(running.socket) if unit.state in ENDED}
        checks = {name: check for name, check in checks.items() if not check()}
        failures |= {name: "ended at its start" for name in checks if name in ended}
        checks = {name: check for name, check in checks.items() if name not in ended}
        if checks:
            time.sleep(POLL_S)
    failures |= dict.fromkeys(checks, f"does not serve after {SERVICES_WITHIN_S:g} s")
    return [str(_failure(plan, name, what)) for name, what in failures.items()]


def _refuse_ended(plan: SpacePlan, running: Running, names: Sequence[str]) -> None:
    for unit in space_supervisor.units(running.socket):
        if unit.name in names and unit.state in ENDED:
            raise _failure(plan, unit.name, "ended at its start")


def _failure(plan: SpacePlan, name: str, what: str) -> Refused:
    log = plan.state.log(name)
    lines = log.read_text(errors="replace").strip().splitlines()[-LAST_LINES:] if log.exists() else []
    return Refused("\n  ".join([f"{name} {what}; its log ({log}) ends with:", *(lines or ["(nothing)"])]))


def _check(plan: SpacePlan, name: str) -> Callable[[], bool] | None:
    ports = plan.ports
    match name:
        case "bus":
            return lambda: _bus_answers(f"{HOST}:{ports.bus_port}")
        case "network":
            return lambda: not any(is_free(link.port) for link in links(plan.application))
        case "telemetry":
            return lambda: _http_answers(f"http://{HOST}:{ports.jaeger_port}/api/services")
        case "forge":
            return lambda: _http_answers(f"http://{HOST}:{ports.forge_port}/mcp")
    return next((check_of(plan, process) for process in plan.application if process.name == name), None)


def check_of(plan: SpacePlan, process: Process) -> Callable[[], bool] | None:
    """Return how a process of the application is asked: as its file or the configuration says, or by its ports.

    None when nothing says whether it serves.
    """
    check = process.ready or _configured(plan, process.name)
    if check is not None:
        return lambda: asyncio.run(_is_healthy(check))
    return (lambda: not any(map(is_free, process.ports))) if process.ports else None


def _configured(plan: SpacePlan, unit: str) -> HealthCheck | None:
    """Return the check of readiness, else of health, of the service whose unit this is; None for another process."""
    config = read_config(plan.config_path, config_environment(plan.ports.numbers, plan.external))
    services = [one for one in config.services.values() if one.unit == unit and one.has_runtime]
    return next((one.readiness or one.health for one in services), None)


async def _is_healthy(check: HealthCheck) -> bool:
    probe = NetworkProbe.create()
    try:
        return (await probe.check(check)).healthy
    finally:
        await probe.client.aclose()


def _bus_answers(address: str) -> bool:
    try:
        AdminClient({"bootstrap.servers": address, "log_level": 0}).list_topics(timeout=0.5)
    except KafkaException:
        return False
    return True


def _http_answers(url: str) -> bool:
    """Return True for any answer below status 500; the forge answers 401 without a token."""
    try:
        return httpx.get(url, timeout=1.0, trust_env=False).status_code < httpx.codes.INTERNAL_SERVER_ERROR
    except httpx.HTTPError:
        return False
