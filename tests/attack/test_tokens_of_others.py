"""Somebody holds a valid token of one service and lies about another: no healthy service is restarted or changed.

Real detectors, engine, candidate remedies, guardrails and Fixer, on virtual time. The token is user-service's, whom
policy-service has nothing to do with; once it is that of the customers' own traffic.
"""

from collections.abc import Mapping
from copy import deepcopy

import pytest
from support.liars import CLIENT, ERROR, INTERNAL, SERVER, UNSET, Lie, Lied, Request, Told
from support.matrix import matrix
from support.world import SERVICES

from sre_space.domain.facts import Decision
from sre_space.domain.labels import INCIDENT
from sre_space.domain.symptoms import SymptomKind

LIAR, VICTIM = "user-service", "policy-service"
HEALTHY_TICKS, LIES_TICKS, REPORTED_AFTER = 280, 100, 24  # of a quarter of a second


FULL = {
    "process.memory.usage": 399e6,
    "process.memory.limit": 400e6,
    "process.unix.file_descriptor.limit": 1024,
    "process.unix.file_descriptor.count": 1024,
    "db.client.connection.max": 5,
    "db.client.connection.count": 5,
    "process.cpu.utilization": 1.0,
}


def about(world: Lied, request: Request, message: str, took: float = 3, events: tuple[str, ...] = ()) -> None:
    """Report a call from user-service to policy-service that was never made, inside a real request."""
    id, status = world.chance.randbytes(8), ERROR if message or events else UNSET
    told = Told(id, request.served, "POST", CLIENT, 32, took, status, message, VICTIM, events)
    world.spans_of(LIAR, request.trace, request.at, [told])


def refuses(world: Lied, request: Request) -> None:
    """Report that policy-service refuses connections."""
    about(world, request, "connection refused")


def times_out(world: Lied, request: Request) -> None:
    """Report that policy-service does not answer in time."""
    about(world, request, "timed out", 2_000)


def is_slow(world: Lied, request: Request) -> None:
    """Report that policy-service answers slowly."""
    about(world, request, "", 900)


def too_many_clients(world: Lied, request: Request) -> None:
    """Report that policy-service has no connection left."""
    about(world, request, "FATAL: sorry, too many clients already")


def rate_limited(world: Lied, request: Request) -> None:
    """Report that policy-service answers 429."""
    about(world, request, "429 Too Many Requests")


def exception_events(world: Lied, request: Request) -> None:
    """Report the failure of policy-service in an event of a span."""
    about(world, request, "", events=("policy-service: [Errno 111] Connection refused",))


def saturated(world: Lied, request: Request) -> None:
    """Memory, descriptors and connections of policy-service's instance are used up."""
    for name, value in FULL.items():
        world.level(LIAR, name, value, f"{VICTIM}-1", [VICTIM])


def log_lines(world: Lied, request: Request) -> None:
    """Its log names it."""
    for _ in range(3):
        world.log(LIAR, "policy-service is down: connection refused by policy-service:80")


def answers_for_it(world: Lied, request: Request) -> None:
    """Report a failed answer to quote-service's call of policy-service, with the token of user-service."""
    told = Told(world.chance.randbytes(8), request.asked, "POST /risk", SERVER, 5, 20, ERROR, "policy-service crashed")
    world.spans_of(LIAR, request.trace, request.at, [told])


def floods(world: Lied, request: Request) -> None:
    """More of it than of what is true."""
    for _ in range(20):
        about(world, request, "connection refused")


def journeys(world: Lied, request: Request) -> None:
    """Every customer fails, says who holds the token of the traffic."""
    root, ask = world.chance.randbytes(8), world.chance.randbytes(8)
    told = [
        Told(root, b"", "journey quote", INTERNAL, 0, 60, ERROR, "policy-service refused"),
        Told(ask, root, "POST", CLIENT, 1, 58, ERROR, "connection refused", VICTIM),
    ]
    world.spans_of("traffic", world.chance.randbytes(16), request.at, told)


def in_its_name(world: Lied, request: Request) -> None:
    """Report a failed span in the name of policy-service, which the telemetry server refuses."""
    told = Told(world.chance.randbytes(8), b"", "POST /risk", SERVER, 5, 20, ERROR, "crashed")
    world.spans_of(LIAR, request.trace, request.at, [told], claimed=VICTIM)


LIES: Mapping[str, Lie] = {
    "calls that are refused": refuses,
    "calls that time out": times_out,
    "calls that are slow": is_slow,
    "too many clients": too_many_clients,
    "429": rate_limited,
    "exception events": exception_events,
    "resources of its instance that are used up": saturated,
    "log lines that name it": log_lines,
    "answers under a foreign call": answers_for_it,
    "a flood": floods,
    "failed journeys with the token of the traffic": journeys,
    "spans in its name": in_its_name,
}


async def opened(world: Lied) -> list[int]:
    """Open the incidents that Scout detects now; return the numbers of all that were opened."""
    for detection in (await world.opener.open_missing(world.scout.detections())).values():
        world.scout.opened(detection)
    return [issue.number for issue in world.forge.found if INCIDENT in issue.labels]


PAST: list[Lied] = []  # at most one: the minute of health is played once, and every lie gets a copy of its world


async def healthy() -> Lied:
    """Return a copy of a world that has been healthy for a minute."""
    if not PAST:
        world = Lied()
        for _ in range(HEALTHY_TICKS):
            await world.clock.sleep(0.25)
        assert await opened(world) == []
        PAST.append(world)
    past = PAST[0]
    records = (record for topic in past.heard.records.values() for record in topic)
    frozen = {id(one): one for one in (*past.spans, *past.kept, *records)}
    return deepcopy(past, frozen)


async def lied_to(name: str) -> Lied:
    """Return a world after a healthy minute and 25 s of lies, in which Scout reports the victim after 6 s anyway."""
    world = await healthy()
    world.lie = LIES[name]
    for tick in range(LIES_TICKS):
        await world.clock.sleep(0.25)
        if tick == REPORTED_AFTER:
            await world.report(SymptomKind.ERROR, VICTIM)
        for number in await opened(world) if tick % 4 == 0 else ():
            await world.turn(number)
    return world


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", matrix(LIES))
async def test_a_lie_about_another_service_neither_restarts_nor_changes_a_healthy_one(name: str) -> None:
    world = await lied_to(name)

    decided = [
        payload
        for number in await opened(world)
        for payload in (await world.case(number)).payloads
        if isinstance(payload, Decision)
    ]
    assert decided
    healthy = {service for service in SERVICES if service != LIAR}  # who lies about himself is believed
    assert not [one.remedy.command for one in decided if one.remedy.service in healthy and not one.plan]
    assert world.git.requests == {}
    assert not healthy & {service for service, _ in world.restarts}
    assert {world.starts[one] for one in healthy} == {1}
