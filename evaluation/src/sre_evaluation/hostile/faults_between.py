"""Faults between services and behind them: network, names, certificates, databases, peers outside, settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sre_evaluation.hostile import wording
from sre_evaluation.hostile.fault import Failure, Fault
from sre_evaluation.hostile.kernel import Slots, Steps, sleep
from sre_evaluation.hostile.topology import Query
from sre_evaluation.hostile.world import Run, World

RESOLVER_MS = 2500.0
RETRANSMISSION_MS = 200.0  # Linux: the least time until a lost segment is sent again


@dataclass
class SlowWay(Fault):
    """Messages take longer: all that `service` sends (its interface is slow), or only those of some ways."""

    ms: float = 50.0
    ways: tuple[tuple[str, str], ...] = ()

    def leg(self, world: World, sender: str, receiver: str) -> float:
        """Return the delay of a message."""
        slow = (sender, receiver) in self.ways if self.ways else sender == self.service
        return self.ms * self.strength * world.chance.lognormvariate(0, 0.2) if slow else 0.0


@dataclass
class LostPackets(Fault):
    """Some messages of a service are lost, and sent again after a while that doubles each time."""

    loss: float = 0.2

    def leg(self, world: World, sender: str, receiver: str) -> float:
        """Return how long the message was lost."""
        waited, again = 0.0, RETRANSMISSION_MS
        while self.service in (sender, receiver) and world.chance.random() < min(0.6, self.loss * self.strength):
            waited, again = waited + again, again * 2
        return waited


@dataclass
class Unreachable(Fault):
    """Calls to `target` fail before any answer; callers are all, or `service` when `caller_only`."""

    target: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    ms: float = 3.0
    caller_only: bool = False

    def connect(self, world: World, run: Run, target: str) -> Failure | None:
        """Return the failure, worded by the caller's language or by the database's engine."""
        if not self.target and target in world.system.databases:
            return None  # its connections have long been open
        if (
            self.target not in ("", target)
            or not self._unlucky(run)
            or (self.caller_only and run.service.name != self.service)
        ):
            return None
        service = world.system.services.get(target)
        engine = world.system.databases.get(target)
        words = self.words.get(run.service.language) or self.words.get(engine or "") or self.words.get("")
        if words is None:
            return None
        port = service.port if service else wording.PORTS[engine] if engine else 443
        return Failure(words.format(f"{target}:{port}"), self.ms)


@dataclass
class SlowStatement(Fault):
    """A statement takes long in its database; `queue` lets its executions wait for each other's locks."""

    text: str = ""
    ms: float = 80.0
    queue: bool = False
    limit: float = 3000.0
    _locks: dict[str, Slots] = field(default_factory=dict)

    def statement(self, world: World, run: Run, query: Query) -> Steps[str]:
        """Wait, in a queue or not; a wait for a lock ends with the database's own message."""
        if query.text != self.text or not self.on(world) or not self._unlucky(run):
            return ""
        if not self.queue:
            yield from sleep(self.ms * self.strength)
            return ""
        lock = self._locks.setdefault(query.text, Slots(world.kernel, 1))
        if not (yield from lock.acquire(self.limit)):
            return wording.DEADLOCK[world.system.databases[query.database]].format(query.text.split()[-1])
        yield from sleep(self.ms * self.strength)
        lock.release()
        return ""
