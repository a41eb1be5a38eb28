"""Faults inside a service: its code, its resources, its life."""

from dataclasses import dataclass, field

from sre_evaluation.hostile import wording
from sre_evaluation.hostile.fault import Fault
from sre_evaluation.hostile.kernel import Slots, Steps, sleep
from sre_evaluation.hostile.records import FAULT, INFO, WARN, Answer
from sre_evaluation.hostile.topology import Query
from sre_evaluation.hostile.world import Instance, Run, State, World

RESTART_MS = 9000.0


@dataclass
class SlowCode(Fault):
    """An operation takes longer; `operation` is "" for all of the service."""

    operation: str = ""
    ms: float = 60.0

    def own(self, world: World, run: Run, ms: float) -> float:
        """Add the time, once for each part of the work."""
        hit = self.hits(world, run) and self.operation in ("", run.operation.name)
        return ms + self.ms * self.strength / (len(run.operation.steps) + 1) if hit else ms


@dataclass
class BusyProcessor(Fault):
    """The processor is taken away: everything in the service takes a multiple, and its requests queue."""

    factor: float = 6.0
    measured_as: str = "cpu"

    def own(self, world: World, run: Run, ms: float) -> float:
        """Stretch the work."""
        if not self.hits(world, run):
            return ms
        run.instance.meters.throttled += ms * (self.factor - 1)
        return (ms + 2.0) * self.factor * self.strength

    def measured(self, world: World, instance: Instance) -> dict[str, float]:
        """Show the processor as full."""
        return (
            {self.measured_as: world.chance.uniform(0.95, 1.0)} if self.on(world) and self.at(world, instance) else {}
        )


@dataclass
class HeldLock(Fault):
    """A lock inside each instance that one request holds for long while the others wait."""

    hold: float = 90.0
    _locks: dict[str, Slots] = field(default_factory=dict)

    def before(self, world: World, run: Run) -> Steps[Answer | None]:
        """Wait for the lock and hold it."""
        if self.hits(world, run):
            lock = self._locks.setdefault(run.instance.name, Slots(world.kernel, 1))
            if not (yield from lock.acquire(4000.0)):
                return Answer(500, f"could not acquire lock in {run.operation.name} within 4000 ms")
            yield from sleep(self.hold * self.strength)
            lock.release()
        return None


@dataclass
class LeakedPool(Fault):
    """Connections are not given back: all but one are lost, and what still works with that one is slow to return it."""

    hold: float = 100.0

    def begin(self, world: World) -> None:
        """Take the connections out of the pool."""
        world.kernel.at(self.since, self._take, world)

    def _take(self, world: World) -> None:
        for instance in world.instances[self.service]:
            if self.at(world, instance):
                instance.pool.free -= instance.pool.size - 1

    def before(self, world: World, run: Run) -> Steps[Answer | None]:
        """Occupy a connection without any statement, as code does that opens a transaction and then computes."""
        if self.hits(world, run) and any(isinstance(step, Query) for step in run.operation.steps):
            pool = run.instance.pool
            if not (yield from pool.acquire(3000.0)):
                run.instance.meters.pool_timeouts += 1
                message = wording.POOL[run.service.language].format(3000)
                world.log(run, FAULT, f"{run.operation.name} failed: {message}")
                return Answer(500, message)
            yield from sleep(self.hold * self.strength)
            pool.release()
        return None


@dataclass
class FullMemory(Fault):
    """Memory fills up: long collections, then the runtime kills the instance and starts it again."""

    pause: float = 150.0

    def begin(self, world: World) -> None:
        """Kill every instance of the service now and then."""
        for number, instance in enumerate(world.instances[self.service]):
            if self.at(world, instance):
                period = 20_000.0 / self.strength
                for turn in range(int(world.plan.seconds * 1000 / period)):
                    world.kernel.at(self.since + period * (turn + 0.5) + 1700.0 * number, self._kill, world, instance)

    def _kill(self, world: World, instance: Instance) -> None:
        instance.state = State.DOWN
        world.kernel.at(world.kernel.now + RESTART_MS, restart, world, instance)

    def own(self, world: World, run: Run, ms: float) -> float:
        """Pause for a collection, now and then."""
        return ms + self.pause * self.strength if self.hits(world, run) and world.chance.random() < 0.5 else ms

    def measured(self, world: World, instance: Instance) -> dict[str, float]:
        """Show the memory as full."""
        return {"memory": world.chance.uniform(0.93, 0.999)} if self.on(world) and self.at(world, instance) else {}


def restart(world: World, instance: Instance) -> None:
    """Start an instance again: its counters begin anew."""
    instance.state, instance.started = State.UP, world.kernel.now
    instance.restarts += 1
    instance.meters = type(instance.meters)()
    world.say(instance, INFO, f"Started {instance.service.name} version {instance.version} in 4.1 seconds")


@dataclass
class Raises(Fault):
    """Requests of an operation fail in the service's own code; `text` words the failure."""

    operation: str = ""
    words: dict[str, str] = field(default_factory=dict)
    about: str = "total"
    resource: str = ""
    logged: bool = True

    def before(self, world: World, run: Run) -> Steps[Answer | None]:
        """Fail after half of the own work."""
        if not self.hits(world, run) or self.operation not in ("", run.operation.name):
            return None
        yield from sleep(run.operation.own / 2)
        message = self.words[run.service.language].format(self.about)
        run.span.exceptions.append((world.kernel.now, message))
        if self.logged:
            world.log(run, FAULT, f"Unhandled exception in {run.operation.name}: {message}")
        return Answer(500, message)

    def measured(self, world: World, instance: Instance) -> dict[str, float]:
        """Show the resource as full, if it is about one."""
        full = self.resource and self.on(world) and self.at(world, instance)
        return {self.resource: world.chance.uniform(0.985, 1.0)} if full else {}


@dataclass
class Swallows(Fault):
    """The service catches an exception, stops there, and answers 200 with nothing in it."""

    operation: str = ""
    logged: bool = True
    words: dict[str, str] = field(default_factory=lambda: dict(wording.DEFECT))

    def before(self, world: World, run: Run) -> Steps[Answer | None]:
        """Stop after half of the own work; the answer is wrong."""
        if not self.hits(world, run) or self.operation not in ("", run.operation.name):
            return None
        yield from sleep(run.operation.own / 2)
        if self.logged:
            message = self.words[run.service.language].format("result")
            world.log(run, FAULT, f"caught in {run.operation.name}: {message}")
        return Answer(200, wrong=True)


@dataclass
class WrongAnswer(Fault):
    """The service does its work and answers something wrong; others find out, if anybody does."""

    operation: str = ""
    logged: bool = True

    def before(self, world: World, run: Run) -> Steps[Answer | None]:
        """Do the own work, then answer wrongly."""
        if not self.hits(world, run) or self.operation not in ("", run.operation.name):
            return None
        yield from sleep(run.operation.own)
        if self.logged:
            world.log(run, WARN, f"{run.operation.name}: result -1 is out of range, returning it all the same")
        return Answer(200, wrong=True)


@dataclass
class Down(Fault):
    """The instances have ended and do not come up again, or try to again and again."""

    def begin(self, world: World) -> None:
        """End them."""
        world.kernel.at(self.since, self._end, world)

    def _end(self, world: World) -> None:
        for instance in world.instances[self.service]:
            if self.at(world, instance):
                instance.state = State.DOWN


@dataclass
class Hangs(Fault):
    """The instances take connections and never answer."""

    def begin(self, world: World) -> None:
        """Let them hang."""
        world.kernel.at(self.since, self._hang, world)

    def _hang(self, world: World) -> None:
        for instance in world.instances[self.service]:
            if self.at(world, instance):
                instance.state = State.HUNG
