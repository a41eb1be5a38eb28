"""Readiness checks of the space's processes, each in its own protocol. Used by `up`."""

import time
from collections.abc import Callable, Sequence

import httpx
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.ports import is_free
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.servers import HOST
from sre_space.bootstrap.space.state import Running
from sre_space.domain.errors import Refused

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
    if name == "bus":
        return lambda: _bus_answers(f"{HOST}:{ports.bus_port}")
    if name == "network":
        return lambda: not (is_free(ports.policy_service_link_port) or is_free(ports.user_service_link_port))
    paths = {
        "telemetry": f"{ports.jaeger_port}/api/services",
        "forge": f"{ports.forge_port}/mcp",
        "user-service": f"{ports.user_service_port}/ready",
        "policy-service": f"{ports.policy_service_port}/ready",
        "quote-service": f"{ports.quote_service_port}/ready",
    }
    return (lambda: _http_answers(f"http://{HOST}:{paths[name]}")) if name in paths else None


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
