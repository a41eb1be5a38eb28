"""Chooses a fault of a kind for a random system: where it sits, how strong it is, and who is to blame for it."""

import random
from collections.abc import Callable, Mapping
from itertools import pairwise

from sre_evaluation.hostile import wording
from sre_evaluation.hostile.fault import Fault
from sre_evaluation.hostile.faults_between import RESOLVER_MS, LostPackets, SlowStatement, SlowWay, Unreachable
from sre_evaluation.hostile.faults_inside import (
    BusyProcessor,
    Down,
    FullMemory,
    Hangs,
    HeldLock,
    LeakedPool,
    Raises,
    SlowCode,
    Swallows,
    WrongAnswer,
)
from sre_evaluation.hostile.topology import Call, Operation, Outside, Query, System, walk

Chosen = Fault | None  # None: this system has no place for it
Chooser = Callable[[str, System, random.Random], Chosen]


def _operation(system: System, chance: random.Random, entries: bool = False) -> Operation:
    """Return an operation that requests pass, below the entries if there is one."""
    inner = [one for entry, _ in system.entries for one in list(walk(entry))[0 if entries else 1 :]]
    return chance.choice(inner)


def _asking(system: System, chance: random.Random) -> tuple[Operation, Query] | None:
    found = [
        (operation, step)
        for operation in system.operations()
        for step in operation.steps
        if isinstance(step, Query) and not step.cache
    ]
    return chance.choice(found) if found else None


def _pairs(system: System) -> list[tuple[str, str]]:
    """Return callers with their callees: those whose failures matter, if there are any."""
    calls = [
        (operation.service, step)
        for operation in system.operations()
        for step in operation.steps
        if isinstance(step, Call) and step.operation.service != operation.service
    ]
    essential = sorted({(caller, step.operation.service) for caller, step in calls if step.essential})
    return essential or sorted({(caller, step.operation.service) for caller, step in calls})


def slow_code(title: str, system: System, chance: random.Random) -> Chosen:
    """Make one operation's own work longer."""
    at = _operation(system, chance, entries=True)
    ms = chance.uniform(40, 300)
    return SlowCode(title, (at.service,), ("slow-code",), at.service, operation=at.name, ms=ms)


def slow_statement(title: str, system: System, chance: random.Random) -> Chosen:
    """Make one statement longer."""
    found = _asking(system, chance)
    if found is None:
        return None
    at, query = found
    return SlowStatement(title, (at.service, query.database), ("slow-query",), at.service, text=query.text,
                         ms=chance.uniform(60, 400))  # fmt: skip


def row_lock(title: str, system: System, chance: random.Random) -> Chosen:
    """Let executions of one statement wait for each other."""
    found = _asking(system, chance)
    if found is None:
        return None
    at, query = found
    return SlowStatement(title, (at.service, query.database), ("slow-query", "dependency-error", "saturation"),
                         at.service, text=query.text, ms=chance.uniform(150, 500), queue=True)  # fmt: skip


def lock(title: str, system: System, chance: random.Random) -> Chosen:
    """Let requests of a service wait for a lock in it."""
    at = _operation(system, chance)
    return HeldLock(title, (at.service,), ("slow-code", "saturation", "hang", "error"), at.service,
                    hold=chance.uniform(60, 200))  # fmt: skip


def pool(title: str, system: System, chance: random.Random) -> Chosen:
    """Leak a pool of connections."""
    found = _asking(system, chance)
    if found is None:
        return None
    return LeakedPool(title, (found[0].service,), ("saturation", "slow-code", "error"), found[0].service,
                      hold=chance.uniform(80, 300))  # fmt: skip


def processor(title: str, system: System, chance: random.Random) -> Chosen:
    """Take the processor of a service away."""
    at = _operation(system, chance, entries=True)
    return BusyProcessor(title, (at.service,), ("saturation", "slow-code"), at.service, factor=chance.uniform(5, 15))


def memory(title: str, system: System, chance: random.Random) -> Chosen:
    """Fill the memory, so that the runtime kills the service again and again."""
    at = _operation(system, chance)
    return FullMemory(title, (at.service,), ("saturation", "crash", "slow-code"), at.service)


def disk(title: str, system: System, chance: random.Random) -> Chosen:
    """Fill a disk."""
    at = _operation(system, chance)
    return Raises(title, (at.service,), ("saturation", "error"), at.service, operation=at.name,
                  words=dict(wording.NO_SPACE), about="journal", resource="disk")  # fmt: skip


def one_leg(title: str, system: System, chance: random.Random) -> Chosen:
    """Delay messages from one service to another, in that direction only."""
    way = chance.choice(_pairs(system))
    way = way if chance.random() < 0.5 else way[::-1]
    return SlowWay(title, way, ("slow-network",), way[0], ms=chance.uniform(40, 250), ways=(way,))


def both_legs(title: str, system: System, chance: random.Random) -> Chosen:
    """Delay messages between two services, in both directions."""
    way = chance.choice(_pairs(system))
    return SlowWay(title, way, ("slow-network",), way[0], ms=chance.uniform(40, 200), ways=(way, way[::-1]))


def interface(title: str, system: System, chance: random.Random) -> Chosen:
    """Delay everything that a service sends."""
    at = _operation(system, chance)
    return SlowWay(title, (at.service,), ("slow-network",), at.service, ms=chance.uniform(40, 200))


def loss(title: str, system: System, chance: random.Random) -> Chosen:
    """Lose messages from and to a service."""
    at = _operation(system, chance)
    return LostPackets(title, (at.service,), ("slow-network", "hang"), at.service, loss=chance.uniform(0.15, 0.4))


def dns(title: str, system: System, chance: random.Random) -> Chosen:
    """Keep a service from resolving names, in a share of its requests."""
    caller, ms = chance.choice(_pairs(system))[0], chance.choice((5.0, RESOLVER_MS))
    return Unreachable(title, (caller,), ("slow-network", "error", "misconfiguration"), caller, caller_only=True,
                       words=wording.NO_NAME, ms=ms, share=chance.uniform(0.3, 1))  # fmt: skip


def wrong_logged(title: str, system: System, chance: random.Random) -> Chosen:
    """Answer wrongly, with a log line that tells of it."""
    at = _operation(system, chance)
    return WrongAnswer(title, (at.service,), ("error",), at.service, operation=at.name, share=chance.uniform(0.4, 1))


def wrong_unlogged(title: str, system: System, chance: random.Random) -> Chosen:
    """Answer wrongly, with nothing at the service that tells of it."""
    at = _operation(system, chance)
    return WrongAnswer(title, (at.service,), ("error",), at.service, operation=at.name, logged=False)


def swallowed(title: str, system: System, chance: random.Random) -> Chosen:
    """Catch an exception and leave out the rest."""
    at = _operation(system, chance)
    return Swallows(title, (at.service,), ("error",), at.service, operation=at.name, logged=chance.random() < 0.6)


def exception(title: str, system: System, chance: random.Random) -> Chosen:
    """Raise an exception that nobody catches."""
    at = _operation(system, chance, entries=True)
    return Raises(title, (at.service,), ("error",), at.service, operation=at.name, words=dict(wording.DEFECT),
                  share=chance.uniform(0.2, 1))  # fmt: skip


def crash(title: str, system: System, chance: random.Random) -> Chosen:
    """End all instances of a service."""
    at = _operation(system, chance)
    return Down(title, (at.service,), ("crash",), at.service)


def hang(title: str, system: System, chance: random.Random) -> Chosen:
    """Let all instances of a service hang."""
    at = _operation(system, chance)
    return Hangs(title, (at.service,), ("hang",), at.service)


def bad_instance(title: str, system: System, chance: random.Random) -> Chosen:
    """Make one of several instances slow, or let it fail or end."""
    several = [one for one in system.operations() if system.services[one.service].instances > 1]
    several = [one for one in several if one.service != system.entries[0][0].service] or several
    if not several:
        return None
    service = chance.choice(several).service
    number = chance.randrange(system.services[service].instances)
    kinds = ("slow-code", "error", "crash", "saturation")
    if chance.random() < 0.4:
        return SlowCode(title, (service,), kinds, service, ms=chance.uniform(150, 500), instance=number)
    if chance.random() < 0.5:
        return Raises(title, (service,), kinds, service, words=dict(wording.DEFECT), instance=number)
    return Down(title, (service,), kinds, service, instance=number)


def outside(title: str, system: System, chance: random.Random) -> Chosen:
    """Let a peer outside limit the rate, refuse, fail, not answer, or be slow."""
    asking = [
        (one, step) for one in system.operations() for step in one.steps if isinstance(step, Outside) and step.essential
    ]
    if not asking:
        return None
    at, step = chance.choice(asking)
    callers = tuple({one.service: 0 for one, other in asking if other.host == step.host})
    if chance.random() < 0.25:
        slow = tuple((step.host, caller) for caller in callers)
        return SlowWay(title, (step.host, *callers), ("dependency-error", "slow-network"), at.service,
                       ms=chance.uniform(150, 900), ways=slow)  # fmt: skip
    ways = (("429 Too Many Requests from {}", 15.0), ("500 Internal Server Error from {}", 40.0),
            ("", 2.0), ("", 3000.0), ("503 Service Unavailable from {}", 10.0))  # fmt: skip
    number = chance.randrange(len(ways))
    text, ms = ways[number]
    words = {"": text} if text else wording.REFUSED if ms < 10 else wording.TIMED_OUT
    return Unreachable(title, (step.host, *callers), ("dependency-error",), at.service, target=step.host, words=words,
                       ms=ms, share=chance.uniform(0.4, 1))  # fmt: skip


def database(title: str, system: System, chance: random.Random) -> Chosen:
    """Let a database refuse connections, or have too many."""
    found = _asking(system, chance)
    if found is None:
        return None
    name = found[1].database
    callers = tuple({one.service: 0 for one in system.operations() for s in one.steps
                     if isinstance(s, Query) and s.database == name})  # fmt: skip
    words, kinds = (wording.REFUSED, ("dependency-error", "crash")) if chance.random() < 0.5 else (
        wording.TOO_MANY, ("dependency-error", "saturation"))  # fmt: skip
    return Unreachable(title, (name, *callers), kinds, found[0].service, target=name, words=words)


def certificate(title: str, system: System, chance: random.Random) -> Chosen:
    """Let the certificate of a service expire, so that its callers refuse to call it."""
    callee = chance.choice(_pairs(system))[1]
    return Unreachable(title, (callee,), ("misconfiguration", "error", "dependency-error"), callee, target=callee,
                       words=wording.EXPIRED, ms=4.0)  # fmt: skip


def configuration(title: str, system: System, chance: random.Random) -> Chosen:
    """Give a service the wrong password or the wrong host of its database, by a change of its settings."""
    found = _asking(system, chance)
    if found is None:
        return None
    at, query = found
    words = chance.choice((wording.PASSWORD, wording.NO_NAME))
    return Unreachable(title, (at.service,), ("misconfiguration", "bad-change"), at.service, target=query.database,
                       words=words, caller_only=True, change="config")  # fmt: skip


def bad_commit(title: str, system: System, chance: random.Random) -> Chosen:
    """Let a commit make a service slow, fail, or answer wrongly."""
    chooser = chance.choice((slow_code, exception, wrong_logged, swallowed, slow_statement, lock))
    fault = chooser(title, system, chance)
    if fault is not None:
        fault.culprits, fault.kinds, fault.change = (fault.service,), ("bad-change",), "commit"
    return fault


CHOOSERS: Mapping[str, Chooser] = {
    "slow code": slow_code, "slow statement": slow_statement, "row lock": row_lock, "lock in the code": lock,
    "pool": pool, "processor": processor, "memory": memory, "disk": disk, "network, one leg": one_leg,
    "network, both legs": both_legs, "network, an interface": interface, "network, loss": loss, "DNS": dns,
    "wrong answer, logged": wrong_logged, "wrong answer, not logged": wrong_unlogged, "swallowed exception": swallowed,
    "exception": exception, "crash": crash, "hang": hang, "one bad instance": bad_instance, "outside": outside,
    "database": database, "certificate": certificate, "configuration": configuration, "bad commit": bad_commit,
}  # fmt: skip
TWO = "two at once"
KINDS = (*CHOOSERS, TWO)


def chosen(kind: str, system: System, chance: random.Random) -> list[Fault]:
    """Return the faults of a kind; none when the system has no place for it."""
    if kind != TWO:
        fault = CHOOSERS[kind](kind, system, chance)
        return [fault] if fault else []
    pair = [
        CHOOSERS[one](TWO, system, chance)
        for one in chance.sample(("slow code", "exception", "crash", "network, an interface"), 2)
    ]
    found = [fault for fault in pair if fault is not None]
    return found if all(one.service != other.service for one, other in pairwise(found)) else []
