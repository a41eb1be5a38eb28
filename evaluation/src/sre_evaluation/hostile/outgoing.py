"""What leaves a service: statements, calls of peers outside, what nobody waits for; and what their spans say."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_evaluation.hostile import attributes, wording
from sre_evaluation.hostile.fault import Failure, Fault
from sre_evaluation.hostile.kernel import Steps, sleep
from sre_evaluation.hostile.records import ERROR, FAULT, WARN, Answer, Attributes, Span
from sre_evaluation.hostile.topology import Background, Outside, Query
from sre_evaluation.hostile.world import Run, World
from sre_space.analysis.diagnosis.tables import CLIENT, INTERNAL

HOP = 0.4  # ms of one way through the network
POOL_LIMIT = 3000.0


@dataclass
class Outgoing:
    """Sends what leaves a service, in a world with faults."""

    world: World
    faults: Sequence[Fault] = ()

    def ask(self, run: Run, query: Query) -> Steps[Answer]:
        """Ask the cache, if there is one, then the database over a connection of the pool; return how it ended."""
        world, chance = self.world, self.world.chance
        if query.cache:
            span = self.client(run, "GET", attributes.cached(run.service, query.cache))
            yield from sleep(HOP * chance.lognormvariate(0, 0.2))
            world.end(span)
            if chance.random() < query.hit * world.plan.cache_hits:
                return Answer()
        pool = run.instance.pool
        if not (yield from pool.acquire(POOL_LIMIT)):
            run.instance.meters.pool_timeouts += 1
            value = int(POOL_LIMIT) if run.service.language == "java" else pool.size
            return self.fail(run, wording.POOL[run.service.language].format(value), 500)
        engine = world.system.databases[query.database]
        span = self.client(run, attributes.statement_name(query), attributes.asked(run.service, query, engine))
        failure = self.unreachable(run, query.database)
        message = failure.message if failure else ""
        if failure:
            yield from sleep(failure.ms)
        else:
            for fault in self.faults:
                message = message or (yield from fault.statement(world, run, query))
            way = self.leg(run.service.name, query.database) + self.leg(query.database, run.service.name)
            yield from sleep(way + query.ms * chance.lognormvariate(0, 0.3))
        pool.release()
        world.statements[query.database] += 1
        self.close(run, span, message)
        return self.fail(run, message, 500) if message else Answer()

    def leg(self, sender: str, receiver: str) -> float:
        """Return the ms that a message takes."""
        extra = sum(fault.leg(self.world, sender, receiver) for fault in self.faults if fault.on(self.world))
        return HOP * self.world.chance.lognormvariate(0, 0.3) + extra

    def outside(self, run: Run, step: Outside) -> Steps[Answer]:
        """Call a peer outside; return how it ended."""
        world = self.world
        span = self.client(run, attributes.verb(run.service), attributes.outside(run.service, step))
        failure, code = self.unreachable(run, step.host), 200
        usual = step.ms * world.chance.lognormvariate(0, 0.3) + self.leg(step.host, run.service.name)
        yield from sleep(failure.ms if failure else usual)
        if failure:
            code = next((code for code in (429, 503, 500) if f"{code} " in failure.message), 0)
        if code:
            span.attributes.update(attributes.code_of(run.service, code))
        self.close(run, span, failure.message if failure else "", code)
        if not failure:
            return Answer()
        if not step.essential:
            world.log(run, WARN, f"{step.host} unavailable, continuing without: {failure.message}")
            return Answer()
        return self.fail(run, failure.message, 502)

    def linger(self, run: Run, step: Background) -> Steps[None]:
        """Do something for which nobody waits."""
        span = self.client(run, step.name, {}, INTERNAL)
        yield from sleep(step.ms * self.world.chance.lognormvariate(0, 0.4))
        self.world.end(span)

    def client(self, run: Run, name: str, described: Attributes, kind: int = CLIENT) -> Span:
        """Begin a span below the run."""
        span = self.world.span(run.request.trace, run.span.id, run.instance, name, kind)
        span.attributes.update(described)
        return span

    def close(self, run: Run, span: Span, message: str, code: int = 0) -> None:
        """End a span, failed if there is a message."""
        if message:
            span.status = ERROR
            span.message = message if run.service.language != "node" or not code else ""
            if not code or code in (503, 504):
                span.exceptions.append((self.world.kernel.now, message))
        self.world.end(span)

    def unreachable(self, run: Run, target: str) -> Failure | None:
        """Return the failure of a connection, if it fails."""
        failures = (fault.connect(self.world, run, target) for fault in self.faults if fault.on(self.world))
        return next((failure for failure in failures if failure is not None), None)

    def fail(self, run: Run, message: str, code: int) -> Answer:
        """Log a failure and return the answer that it becomes."""
        self.world.log(run, FAULT, f"{run.operation.name} failed: {message}")
        return Answer(code, message)
