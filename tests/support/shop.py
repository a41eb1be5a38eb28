"""A made-up system whose telemetry the diagnosis tests bend: services, operations and their own times, one seed.

web GET /buy -> cart GET /items -> (SQL) SELECT
             -> price POST /quote -> tax GET /rate -> (SQL) SELECT
             -> mail POST /send
web GET /look -> cart GET /items
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from sre_space.analysis.diagnosis.building import LogBuilder, MetricBuilder, SpanBuilder, SpanRow
from sre_space.analysis.diagnosis.tables import CLIENT, ERROR, SERVER, Telemetry

EPOCH = 1_700_000_000_000_000_000
MS = 1_000_000
SECOND = 1000 * MS


@dataclass(frozen=True)
class Node:
    """One server-side operation: own milliseconds, then its calls one after the other."""

    service: str
    operation: str
    own: float
    calls: tuple["Node", ...] = ()
    statement: str = ""


@dataclass
class Made:
    """A span on its way, before the defects of real data."""

    trace: str
    id: str
    parent: str
    service: str
    operation: str
    kind: int
    start: int
    end: int
    status: int = 0
    message: str = ""
    statement: str = ""
    peer: str = ""


@dataclass(frozen=True)
class Fault:
    """What an incident does. `slow` and `way` add milliseconds to operations and to calls of (caller, callee)."""

    slow: dict[str, float] = field(default_factory=dict)
    way: dict[tuple[str, str], float] = field(default_factory=dict)
    leg: float = 0.5  # of a slow way's time that the request takes; the response takes the rest
    fails: dict[str, str] = field(default_factory=dict)  # operation: message; its callers fail too
    breaks_off: str = ""  # operation after whose own work nothing more is done, without any status
    dead: str = ""  # service that leaves no span
    dead_message: str = "connection refused"
    repeats: dict[str, int] = field(default_factory=dict)  # operation: how often it is called
    share: float = 1.0  # of the requests that meet it


HEALTHY = Fault()
CART = Node("cart", "GET /items", 4, (Node("cart", "SELECT items", 2, statement="SELECT items WHERE id = ?"),))
TAX = Node("tax", "GET /rate", 3, (Node("tax", "SELECT rate", 2, statement="SELECT rate WHERE id = ?"),))
PRICE = Node("price", "POST /quote", 5, (TAX,))
MAIL = Node("mail", "POST /send", 2)
BUY = Node("web", "GET /buy", 3, (CART, PRICE, MAIL))
LOOK = Node("web", "GET /look", 2, (CART,))
ROOTS = (LOOK, BUY, BUY)


@dataclass
class Shop:
    """Makes requests; `seed` decides everything."""

    seed: int
    fault: Fault = HEALTHY
    roots: tuple[Node, ...] = ()
    spans: list[Made] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def serve(self, requests: int) -> list[Made]:
        """Two kinds of requests, ten a second."""
        for number in range(requests):
            trace = f"{self._chance.getrandbits(128):032x}"
            hit = self._chance.random() < self.fault.share
            root = (self.roots or ROOTS)[number % len(self.roots or ROOTS)]
            self._run(root, trace, "", EPOCH + number * 100 * MS, self.fault if hit else HEALTHY)
        return self.spans

    def _id(self) -> str:
        return f"{self._chance.getrandbits(64):016x}"

    def _run(self, node: Node, trace: str, parent: str, start: int, fault: Fault) -> Made:
        kind = CLIENT if node.statement else SERVER
        made = Made(
            trace, self._id(), parent, node.service, node.operation, kind, start, start, statement=node.statement
        )
        made.peer = "postgresql" if node.statement else ""
        self.spans.append(made)
        own = (node.own + fault.slow.get(node.operation, 0.0)) * self._chance.lognormvariate(0, 0.15)
        now = start + int(own / 2 * MS)
        if node.operation in fault.fails:
            made.status, made.message = ERROR, fault.fails[node.operation]
        elif node.operation != fault.breaks_off:
            now = self._calls(node, made, now, fault)
        made.end = now + int(own / 2 * MS)
        return made

    def _calls(self, node: Node, made: Made, now: int, fault: Fault) -> int:
        for call in node.calls:
            for _ in range(fault.repeats.get(call.operation, 1)):
                child = self._call(call, made, now, fault)
                now = child.end + int(0.05 * MS)
                if child.status == ERROR:
                    made.status = ERROR
                    return now
        return now

    def _call(self, call: Node, made: Made, now: int, fault: Fault) -> Made:
        if call.service == made.service:
            return self._run(call, made.trace, made.id, now, fault)
        client = Made(made.trace, self._id(), made.id, made.service, call.operation.split()[0], CLIENT, now, now)
        client.peer = call.service
        self.spans.append(client)
        noise = self._chance.lognormvariate(0, 0.15)
        slow = fault.way.get((made.service, call.service), 0.0)
        there, back = (0.3 + slow * fault.leg) * noise, (0.3 + slow * (1 - fault.leg)) * noise
        if call.service == fault.dead:
            client.end, client.status, client.message = now + 2 * MS, ERROR, fault.dead_message
            return client
        served = self._run(call, made.trace, client.id, now + int(there * MS), fault)
        client.end = served.end + int(back * MS)
        client.status = served.status
        return client


def shop(requests: int = 300, seed: int = 1, fault: Fault = HEALTHY, roots: tuple[Node, ...] = ()) -> list[Made]:
    """Return the spans of one window."""
    return Shop(seed, fault, roots).serve(requests)


def nodes_of(roots: Iterable[Node]) -> list[Node]:
    """Every operation once."""
    found: dict[str, Node] = {}
    ahead = list(roots)
    while ahead:
        node = ahead.pop()
        if node.operation not in found:
            found[node.operation] = node
            ahead.extend(node.calls)
    return list(found.values())


def made_up(seed: int) -> tuple[Node, ...]:
    """Return the kinds of requests of a random system: up to 13 services in four layers."""
    chance = random.Random(seed)
    layers = [[f"s{layer}{number}" for number in range(chance.randint(1, 4))] for layer in range(4)]
    below: list[Node] = []
    for layer in reversed(range(1, 4)):
        below = [_made_up(service, below, chance) for service in layers[layer] for _ in range(chance.randint(1, 2))]
    return tuple(_made_up("gate", below, chance) for _ in range(chance.randint(1, 3)))


def _made_up(service: str, below: Sequence[Node], chance: random.Random) -> Node:
    operation = f"{service}.op{chance.randrange(1000)}"
    calls = tuple(chance.sample(below, min(len(below), chance.randint(1, 3))))
    own = chance.lognormvariate(1, 0.7)
    if not calls and chance.random() < 0.6:
        table = f"SELECT {service}t{chance.randrange(100)}"
        calls = (Node(service, table, chance.lognormvariate(0.5, 0.5), statement=table),)
    return Node(service, operation, own, calls)


def telemetry(spans: Iterable[Made], instances: Callable[[Made], str] = lambda made: f"{made.service}-1") -> Telemetry:
    """Columns of spans, nothing else."""
    builder = SpanBuilder()
    names = builder.names
    for one in spans:
        codes = (names[one.service], names[instances(one)], names[one.operation], names[one.statement])
        more = (names[one.peer], names[one.message], one.kind, one.status, 0, one.start, one.end)
        builder.rows.append(SpanRow(one.trace, one.id, one.parent, *codes, *more))
    return Telemetry(builder.table(), MetricBuilder().table(), LogBuilder().table())


def changed(spans: Sequence[Made], change: Callable[[Made], dict[str, object]]) -> list[Made]:
    """Return the same spans with some fields replaced."""
    return [replace(one, **change(one)) for one in spans]  # type: ignore[arg-type]  # the fields of Made


def row(trace: int, id: str, parent: str, service: str, operation: str, at: float, ms: float, **more: object) -> Made:
    """Return a span of a made-up trace, `at` ms after its beginning and `ms` long."""
    start = EPOCH + trace * SECOND + int(at * MS)
    mine, above = (f"{trace:08x}{name:0>8}" if name else "" for name in (id, parent))
    made = Made(f"{trace:032x}", mine, above, service, operation, SERVER, start, start + int(ms * MS))
    return replace(made, **more)  # type: ignore[arg-type]
