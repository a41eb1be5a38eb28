"""The checks of servers, tokens, clocks, runtime and services, each by its port."""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial

from sre_space.adapters.http_dates import HttpDates
from sre_space.adapters.network_probe import NetworkProbe
from sre_space.adapters.otlp_check import OtlpCheck
from sre_space.bootstrap import bus, case_index, trace_store
from sre_space.bootstrap.doctor.asking import failed, told
from sre_space.bootstrap.doctor.installation import DEPLOYER, Installation
from sre_space.bootstrap.forge import ForgeAccess
from sre_space.bootstrap.runtime import NONE, door_of, runtime_of, runtime_reader_of, units
from sre_space.bootstrap.space.servers import BUS, CHROMA, FORGE, JAEGER, OTLP
from sre_space.codec.topics import FACTS, LOGS, METRICS, SPANS
from sre_space.domain.checks import Check, Level
from sre_space.domain.clocks import ClockReading, compare_clocks
from sre_space.domain.errors import SpaceError, Unavailable
from sre_space.domain.health_check import CheckKind, HealthCheck
from sre_space.ports.runtime import RuntimeReader
from sre_space.ports.server_check import Door, ServerCheck

Asked = Iterator[tuple[str, Awaitable[Check]]]


def server_checks(installation: Installation) -> Asked:
    """Yield a check for each server that somebody here uses, and for each token."""
    servers: Mapping[str, tuple[str, Callable[[str], ServerCheck]]] = {
        BUS: ("bus", lambda at: bus.check_of(at, [SPANS, LOGS, METRICS, FACTS])),
        OTLP: ("telemetry", lambda at: OtlpCheck(at, installation.export_headers)),
        JAEGER: ("traces", trace_store.check_of),
        CHROMA: ("memory", case_index.check_of),
    }
    addresses = installation.addresses()
    for setting, (name, check_of) in servers.items():
        if setting in addresses:
            yield name, told(name, partial(check_of, addresses[setting]))
    yield from _token_checks(installation)


def _token_checks(installation: Installation) -> Asked:
    try:
        accesses = installation.accesses()
    except SpaceError as error:  # no token, or no accounts
        yield "forge", _known(failed("forge", error))
        return
    for access, owners in accesses.items():
        yield "forge", forge_check(access, owners)


async def _known(check: Check) -> Check:
    return check


async def forge_check(access: ForgeAccess, owners: tuple[str, ...]) -> Check:
    """Return what a token may do on the forge; the agents must write, the deployer reads."""
    whose = f"token of {', '.join(owners)}"
    if owners == (DEPLOYER,):
        return Check("forge", Level.OK, f"{whose}: reads {access.repository} at {await _head(access)}")
    forge, writers = access.forge(), access.writers()
    try:
        server, login = await forge.ask(), await forge.whoami()
        writes = await writers.may_write(login)
    finally:
        await forge.close()
        await writers.close()
    if not writes:
        remedy = "give its account write access to issues and contents"
        return Check("forge", Level.REFUSED, f"{whose}: {login} may not write to {access.repository}", remedy)
    return Check("forge", Level.OK, f"{server} at {access.url}; {whose}: {login} may write to {access.repository}")


async def _head(access: ForgeAccess) -> str:
    """Return the beginning of the commit that main names."""
    gitops = access.reading()
    try:
        return (await gitops.commit("main")).sha[:12]
    finally:
        await gitops.close()


def runtime_checks(installation: Installation) -> Asked:
    """Yield what may be read of the runtime, and whether it can be changed by who must."""
    if not units(installation.config) or installation.acting == NONE:
        found = "no service has a runtime here: the agents restart nothing, and ask a person"
        yield "runtime", _known(Check("runtime", Level.NOTICE, found, "set RUNTIME where they may (docs/settings.md)"))
        return
    of = (installation.config, installation.state)
    if installation.reading:
        name = "runtime, reading"
        yield name, _units_check(name, lambda: runtime_reader_of(installation.reading, *of))
    yield "runtime", _units_check("runtime", lambda: runtime_of(installation.acting, *of))
    if installation.acts:
        yield "runtime, acting", _door_check(installation.acting)


async def _units_check(name: str, reader: Callable[[], RuntimeReader]) -> Check:
    """Return the states of the units, and which the runtime does not know; `reader` may raise."""
    found = await reader().units()
    absent = [unit.name for unit in found if unit.state == "unknown" and unit.detail]
    states = ", ".join(f"{unit.name} {unit.state}" for unit in found)
    if len(absent) == len(found):
        return Check(
            name, Level.REFUSED, f"it knows none of the units: {states}", "name them in `unit` of the services"
        )
    return Check(name, Level.NOTICE if absent else Level.OK, states)


async def _door_check(address: str) -> Check:
    name = "runtime, acting"
    door: Door = await door_of(address).ask()
    if door.may_change:
        return Check(name, Level.OK, f"{door.name}: units may be restarted; nothing was")
    remedy = "set RUNTIME of Fixer and the deployer to the door that acts"
    return Check(name, Level.REFUSED, f"{door.name}: units can only be read there", remedy)


async def clock_check(installation: Installation) -> Check:
    """Return whether this machine's clock agrees with those of the servers and services."""
    addresses = installation.addresses()
    urls = {name: addresses[name] for name in (FORGE, JAEGER, CHROMA) if name in addresses}
    urls |= {name: check.target for name, check in _health(installation) if check.kind is CheckKind.HTTP}
    clock = HttpDates(urls)
    steady = time.monotonic_ns()
    dates = await clock.ask()
    if not dates:
        raise Unavailable("no server told its time, so this machine's clock is compared with none; start them")
    readings = {name: [ClockReading(at, steady)] for name, at in dates.items()}
    compared = compare_clocks(readings, time.time_ns() - (time.monotonic_ns() - steady), steady)
    if compared.own:
        return Check("clocks", Level.REFUSED, compared.own, "set this machine's clock, best by NTP")
    if compared.others:
        return Check("clocks", Level.NOTICE, compared.others, "set it, best by NTP")
    return Check("clocks", Level.OK, f"this clock agrees with {len(dates)} other(s)")


def service_checks(installation: Installation) -> Asked:
    """Yield whether each service answers; one that does not is an incident, and keeps nobody from handling it."""
    for name, check in _health(installation):
        yield f"service {name}", _service_check(name, check)


async def _service_check(name: str, check: HealthCheck) -> Check:
    probe = NetworkProbe.create()
    try:
        health = await probe.check(check)
    finally:
        await probe.client.aclose()
    level = Level.OK if health.healthy else Level.NOTICE
    return Check(f"service {name}", level, health.detail or "no answer", "" if health.healthy else "Scout watches it")


def _health(installation: Installation) -> Iterator[tuple[str, HealthCheck]]:
    yield from ((name, service.health) for name, service in installation.config.services.items())
