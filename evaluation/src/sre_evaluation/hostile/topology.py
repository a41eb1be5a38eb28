"""A random system: services of several languages and instances, databases, caches, queues and external peers."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

_NAMES = (
    "order cart price quote stock parcel invoice ledger search offer seat ticket route claim tariff basket review photo"
    " wallet voucher loyalty address identity session courier depot refund catalogue menu booking rating message feed"
    " media profile audit report forecast inventory billing shipment consent fraud currency tax segment playlist match"
)
WORDS = tuple(_NAMES.split())
SUFFIXES = ("", "-service", "-svc", "service", "-api")
LANGUAGES = ("java", "python", "go", "node", "dotnet")
ENGINES = ("postgresql", "mysql", "mongodb")
HOSTS = ("api.stripe.com", "maps.partner.example", "sms.gate.example", "rates.bank.example", "id.sso.example")
VERBS = ("get", "list", "create", "check", "update", "find")
MAX_SERVICES, MAX_DEPTH, MAX_SPANS = 40, 5, 26
ENTRIES_TRIED = 1000


@dataclass(frozen=True)
class Query:
    """A statement to a database; `cache` is asked first, if any, and answers `hit` of the questions."""

    database: str
    text: str
    ms: float
    cache: str = ""
    hit: float = 0.0


@dataclass(frozen=True)
class Outside:
    """A call to a peer outside, which has no telemetry."""

    host: str
    path: str
    ms: float
    timeout: float
    essential: bool = True


@dataclass(frozen=True)
class Call:
    """A call of another service: its caller gives up after `timeout` ms and repeats a failed one `retries` times."""

    operation: "Operation"
    timeout: float
    retries: int = 0
    essential: bool = True


@dataclass(frozen=True)
class Publish:
    """A message to a topic, consumed later by somebody for whom nobody waits."""

    topic: str
    consumer: "Operation"


@dataclass(frozen=True)
class Background:
    """Work in the same service that is not waited for."""

    name: str
    ms: float


Step = Query | Outside | Call | Publish | Background


@dataclass(frozen=True)
class Operation:
    """One thing that a service does: own milliseconds of processor, and its steps, one after the other or at once."""

    service: str
    name: str
    own: float
    steps: tuple[Step, ...] = ()
    parallel: bool = False
    missing: float = 0.0  # share of its requests that health answers with 404


@dataclass(frozen=True)
class Service:
    """A service with how it runs and how it is instrumented."""

    name: str
    language: str
    instances: int
    workers: int  # requests that an instance serves at once; 0 for an event loop
    cores: int
    pool: int  # database connections of an instance
    rpc: bool  # gRPC, otherwise HTTP
    old_names: bool  # semantic conventions before 1.23
    log_format: str
    port: int


@dataclass(frozen=True)
class System:
    """The services by name, the kinds of requests with their weights, and the names of the rest."""

    services: dict[str, Service]
    entries: tuple[tuple[Operation, float], ...]
    databases: dict[str, str]  # name: engine
    caches: tuple[str, ...]
    hosts: tuple[str, ...]

    def operations(self) -> list[Operation]:
        """Return every operation once, callers first."""
        found: dict[tuple[str, str], Operation] = {}
        for entry, _ in self.entries:
            for operation in walk(entry):
                found.setdefault((operation.service, operation.name), operation)
        return list(found.values())


def walk(operation: Operation) -> Iterator[Operation]:
    """Yield an operation and everything below it that somebody waits for."""
    yield operation
    for step in operation.steps:
        if isinstance(step, Call):
            yield from walk(step.operation)


def size_of(operation: Operation) -> int:
    """Return about how many spans one execution leaves."""
    return 1 + sum(1 + size_of(step.operation) if isinstance(step, Call) else 1 for step in operation.steps)


def random_system(chance: random.Random) -> System:
    """Return a system of 3 to 40 services."""
    wanted = min(MAX_SERVICES, max(3, round(chance.lognormvariate(2.1, 0.65))))
    suffix = chance.choice(SUFFIXES)
    services = {service.name: service for service in _services(wanted, suffix, chance)}
    names = list(services)
    databases = {f"{chance.choice(WORDS)}-db{number}": chance.choice(ENGINES) for number in range(1 + wanted // 5)}
    caches = tuple(f"cache-{number}" for number in range(chance.randint(0, 1 + wanted // 10)))
    hosts = tuple(chance.sample(HOSTS, chance.randint(0, 2)))
    system = System(services, (), databases, caches, hosts)
    layers = _layers(names, chance)
    below: list[Operation] = []
    for layer in reversed(layers[1:]):
        below = [
            _operation(name, below, system, chance) for name in layer for _ in range(chance.randint(1, 2))
        ] or below
    entries = [
        (
            replace(_entry(layers[0], below, system, chance), missing=chance.choice((0, 0, 0.02, 0.08))),
            chance.uniform(1, 4),
        )
        for _ in range(chance.randint(1, 4))
    ]
    used = {operation.service for entry, _ in entries for operation in walk(entry)}
    used |= {s.consumer.service for e, _ in entries for o in walk(e) for s in o.steps if isinstance(s, Publish)}
    return replace(system, entries=tuple(entries), services={n: s for n, s in services.items() if n in used})


def _services(wanted: int, suffix: str, chance: random.Random) -> Iterator[Service]:
    for word in chance.sample(WORDS, wanted):
        yield Service(
            name=word + suffix,
            language=chance.choice(LANGUAGES),
            instances=chance.choice((1, 1, 2, 2, 3, 4)),
            workers=chance.choice((0, 0, 16, 40)),
            cores=chance.choice((2, 4)),
            pool=chance.choice((5, 10, 20)),
            rpc=chance.random() < 0.3,
            old_names=chance.random() < 0.4,
            log_format=chance.choice(("otel", "otel", "json", "logfmt", "plain", "nested")),
            port=chance.choice((80, 3000, 5000, 8080, 9090, 50051)),
        )


def _layers(names: Sequence[str], chance: random.Random) -> list[list[str]]:
    depth = min(MAX_DEPTH, max(2, chance.randint(2, 2 + len(names) // 4)))
    layers: list[list[str]] = [[names[0]], *([] for _ in range(depth - 1))]
    for number, name in enumerate(names[1:]):
        layers[1 + number % (depth - 1)].append(name)
    return [layer for layer in layers if layer]


def _entry(names: Sequence[str], below: list[Operation], system: System, chance: random.Random) -> Operation:
    """Return an entry that calls something, so that there is something to diagnose.

    Where all that could be called is larger than a trace may be, it calls the smallest.
    """
    for _ in range(ENTRIES_TRIED):
        entry = _operation(names[0], below, system, chance)
        if any(isinstance(step, Call) for step in entry.steps):
            return entry
    return replace(entry, steps=(*entry.steps, _call(min(below, key=size_of), chance)))


def _operation(name: str, below: Sequence[Operation], system: System, chance: random.Random) -> Operation:
    label = f"{chance.choice(VERBS)}{chance.randrange(100)}"
    shown = f"{name.title().replace('-', '')}/{label.title()}" if system.services[name].rpc else _route(label, chance)
    steps: list[Step] = []
    room = MAX_SPANS
    for operation in chance.sample(list(below), min(len(below), chance.randint(1, 3))):
        if size_of(operation) < room:
            steps.append(_call(operation, chance))
            room -= size_of(operation)
    if not steps or chance.random() < 0.3:
        steps += _leaves(system, chance)
    chance.shuffle(steps)
    own = min(25.0, chance.lognormvariate(1.0, 0.7))
    return Operation(name, shown, own, tuple(steps), parallel=len(steps) > 1 and chance.random() < 0.2)


def _route(label: str, chance: random.Random) -> str:
    return f"{chance.choice(('GET', 'GET', 'POST'))} /{chance.choice(('v1', 'api', 'internal'))}/{label}"


def _call(operation: Operation, chance: random.Random) -> Call:
    retries = chance.choice((0, 0, 1, 2))
    return Call(operation, chance.choice((1000.0, 2000.0, 5000.0)), retries, chance.random() < 0.88)


def _leaves(system: System, chance: random.Random) -> Iterator[Step]:
    for _ in range(chance.choice((0, 1, 1, 2))):
        table = f"{chance.choice(WORDS)}s{chance.randrange(50)}"
        text = chance.choice(("SELECT * FROM {} WHERE id = ?", "UPDATE {} SET state = ?", "INSERT INTO {} VALUES (?)"))
        cached = bool(system.caches) and text.startswith("SELECT") and chance.random() < 0.4
        cache = chance.choice(system.caches) if cached else ""
        database = chance.choice(list(system.databases))
        yield Query(
            database, text.format(table), min(15.0, chance.lognormvariate(0.6, 0.6)), cache, 0.85 if cached else 0.0
        )
    if system.hosts and chance.random() < 0.3:
        host = chance.choice(system.hosts)
        yield Outside(host, f"/v1/{chance.choice(WORDS)}", chance.uniform(15, 60), 3000.0, chance.random() < 0.85)
    if chance.random() < 0.15:
        consumer = Operation(chance.choice(list(system.services)), f"{chance.choice(WORDS)}-events process", 3.0)
        yield Publish(consumer.name.split()[0], consumer)
    if chance.random() < 0.12:
        yield Background("flush", chance.uniform(5, 60))
