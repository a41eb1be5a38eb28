"""How a request goes through the system: queues, own work, calls with timeouts and retries, and what each span says."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_evaluation.hostile import attributes, wording
from sre_evaluation.hostile.fault import Failure, Fault
from sre_evaluation.hostile.kernel import Steps, Wait, sleep
from sre_evaluation.hostile.records import (
    CLIENT,
    CONSUMER,
    ERROR,
    FAULT,
    INFO,
    INTERNAL,
    PRODUCER,
    SERVER,
    WARN,
    Answer,
    Attributes,
    Served,
    Span,
)
from sre_evaluation.hostile.topology import Background, Call, Operation, Outside, Publish, Query, Step
from sre_evaluation.hostile.world import Instance, Request, Run, State, World

HOP = 0.4  # ms of one way through the network
POOL_LIMIT = 3000.0
BACKOFF = 40.0
TYPED = ("java", "go", "dotnet")  # languages that notice an answer of the wrong form
LOST = Answer(0)  # the instance died before it could answer


@dataclass
class Serving:
    """Serves requests in a world with faults."""

    world: World
    faults: Sequence[Fault] = ()

    def customer(self, operation: Operation) -> Steps[None]:
        """Let a customer ask, and note what they got."""
        world, began = self.world, self.world.kernel.now
        request = Request(f"{world.chance.getrandbits(128):032x}", world.chance.random())
        instance = world.pick(operation.service)
        answer = yield from self.serve(operation, request, "", instance, SERVER)
        took = world.kernel.now - began
        world.observed.served.append(Served(began, operation.name, answer.code or 502, answer.wrong, took))

    def job(
        self, operation: Operation, kind: int = INTERNAL, request: Request | None = None, parent: str = ""
    ) -> Steps[None]:
        """Do work for which nobody waits."""
        chance = self.world.chance
        asked = request or Request(f"{chance.getrandbits(128):032x}", chance.random())
        yield from self.serve(operation, asked, parent, self.world.pick(operation.service), kind)

    def serve(
        self, operation: Operation, request: Request, parent: str, instance: Instance, kind: int
    ) -> Steps[Answer]:
        """Return the answer of an instance, after it had a worker for the request; a hanging one never answers."""
        world = self.world
        if instance.workers is not None:
            yield from instance.workers.acquire()
        if instance.state is State.HUNG:
            yield Wait(None, None)
        span = world.span(request.trace, parent, instance, operation.name, kind)
        run = Run(request, operation, instance, span)
        answer = yield from self._answer(run)
        if instance.workers is not None:
            instance.workers.release()
        if instance.state is State.HUNG:
            yield Wait(None, None)
        if instance.state is State.DOWN:
            return LOST
        self._finish(run, answer)
        return answer

    def _finish(self, run: Run, answer: Answer) -> None:
        span, key = run.span, (run.operation.name, answer.code)
        if span.kind == SERVER:
            span.attributes.update(attributes.served(run.service, run.operation, answer.code))
        if answer.failed:
            span.status, span.message = ERROR, "" if run.service.log_format == "plain" else answer.message
        self.world.end(span)
        if span.kind == SERVER:
            run.instance.meters.requests[key] += 1
            run.instance.meters.seconds[key] += span.end - span.start  # type: ignore[assignment]  # a Counter of ms

    def _answer(self, run: Run) -> Steps[Answer]:
        world, operation = self.world, run.operation
        for fault in self.faults:
            answer = yield from fault.before(world, run)
            if answer is not None:
                return answer
        part = operation.own / (len(operation.steps) + 1)
        yield from self.work(run, part)
        if operation.missing and world.chance.random() < operation.missing * world.plan.missing:
            world.log(run, INFO, f"{operation.name} found nothing, answering 404")
            return Answer(404)
        if world.plan.everyday and world.chance.random() < world.plan.everyday:
            return self._failed(run, "optimistic lock failed, please try again", 500)
        if world.chance.random() < world.plan.handled:
            world.log(run, WARN, "value missing in preferences, using the default")
        answer = yield from (self._at_once(run, part) if operation.parallel else self._in_turn(run, part))
        if answer.code == 200:
            world.log(run, INFO, f"{operation.name} done")
        return answer

    def _in_turn(self, run: Run, part: float) -> Steps[Answer]:
        wrong = False
        for step in run.operation.steps:
            answer = yield from self._step(run, step)
            if answer.failed or answer.code == 422:
                return answer
            wrong = wrong or answer.wrong
            yield from self.work(run, part)
        return Answer(wrong=wrong)

    def _at_once(self, run: Run, part: float) -> Steps[Answer]:
        ends = [self.world.kernel.spawn(self._step(run, step)) for step in run.operation.steps]
        answers: list[Answer] = []
        for end in ends:
            _, answer = yield Wait(end, None)
            answers.append(answer)
        yield from self.work(run, part * len(answers))
        failed = next((answer for answer in answers if answer.failed), None)
        return failed or Answer(wrong=any(answer.wrong for answer in answers))

    def work(self, run: Run, ms: float) -> Steps[None]:
        """Use a core for some ms, after waiting for one."""
        if ms <= 0:
            return
        world, instance = self.world, run.instance
        took = ms * world.chance.lognormvariate(0, 0.25)
        for fault in self.faults:
            took = fault.own(world, run, took)
        yield from instance.cores.acquire()
        yield from sleep(took)
        instance.meters.busy += took
        instance.cores.release()

    def _step(self, run: Run, step: Step) -> Steps[Answer]:
        match step:
            case Query():
                return (yield from self._query(run, step))
            case Call():
                return (yield from self._call(run, step))
            case Outside():
                return (yield from self._outside(run, step))
            case Publish():
                yield from self._publish(run, step)
            case Background():
                self.world.kernel.spawn(self._background(run, step))
        return Answer()

    def _query(self, run: Run, query: Query) -> Steps[Answer]:
        world, chance = self.world, self.world.chance
        if query.cache:
            span = self._client(run, "GET", attributes.cached(run.service, query.cache))
            yield from sleep(HOP * chance.lognormvariate(0, 0.2))
            world.end(span)
            if chance.random() < query.hit * world.plan.cache_hits:
                return Answer()
        pool = run.instance.pool
        if not (yield from pool.acquire(POOL_LIMIT)):
            run.instance.meters.pool_timeouts += 1
            value = int(POOL_LIMIT) if run.service.language == "java" else pool.size
            return self._failed(run, wording.POOL[run.service.language].format(value), 500)
        engine = world.system.databases[query.database]
        span = self._client(run, attributes.statement_name(query), attributes.asked(run.service, query, engine))
        failure = self._unreachable(run, query.database)
        message = failure.message if failure else ""
        if failure:
            yield from sleep(failure.ms)
        else:
            for fault in self.faults:
                message = message or (yield from fault.statement(world, run, query))
            way = self._leg(run.service.name, query.database) + self._leg(query.database, run.service.name)
            yield from sleep(way + query.ms * chance.lognormvariate(0, 0.3))
        pool.release()
        world.statements[query.database] += 1
        self._close(run, span, message)
        return self._failed(run, message, 500) if message else Answer()

    def _call(self, run: Run, call: Call) -> Steps[Answer]:
        answer = Answer()
        for attempt in range(call.retries + 1):
            if attempt:
                self.world.log(run, WARN, f"retrying {call.operation.name}, attempt {attempt + 1}: {answer.message}")
                yield from sleep(BACKOFF * attempt)
            answer = yield from self._attempt(run, call, retried=attempt < call.retries)
            if not answer.failed:
                break
        return self._judged(run, call, answer)

    def _judged(self, run: Run, call: Call, answer: Answer) -> Answer:
        """Return what a call's answer means for its caller."""
        service, callee = run.service, call.operation.service
        if answer.failed:
            if not call.essential:
                self.world.log(run, WARN, f"{callee} unavailable, continuing without: {answer.message}")
                return Answer()
            return self._failed(run, answer.message, 502 if service.language in ("go", "node") else 500)
        if answer.wrong and service.language in TYPED and call.essential:
            return self._failed(run, wording.INVALID[service.language].format(callee), 500)
        return answer

    def _attempt(self, run: Run, call: Call, retried: bool) -> Steps[Answer]:
        world, target = self.world, self.world.system.services[call.operation.service]
        span = self._client(run, attributes.call_name(target, call.operation),
                            attributes.called(run.service, target, call.operation))  # fmt: skip
        failure = self._unreachable(run, target.name)
        instance = world.pick(target.name)
        place = f"{target.name}:{target.port}"
        if failure is None and instance.state is State.DOWN:
            failure = Failure(wording.REFUSED[run.service.language].format(place), 1.0)
        if failure is None and retried and world.chance.random() < world.plan.blips:
            failure = Failure(wording.RESET[run.service.language].format(place), 2.0)
        if failure is not None:
            yield from sleep(failure.ms)
            self._close(run, span, failure.message)
            return Answer(503, failure.message)
        served = world.kernel.spawn(self._remote(run, call.operation, span, instance))
        arrived, result = yield Wait(served, call.timeout)
        answer: Answer = result
        if not arrived:
            answer = Answer(504, wording.TIMED_OUT[run.service.language].format(place))
        elif answer is LOST:
            answer = Answer(503, wording.RESET[run.service.language].format(place))
        elif answer.failed:
            shown = f"{call.operation.name} of {place} answered {answer.code} {wording.CODES.get(answer.code, '')}"
            answer = Answer(
                answer.code, shown if run.service.language != "java" else f"{shown}: {answer.message}"[:300]
            )
        if arrived:
            span.attributes.update(attributes.answered(run.service, target, answer.code))
        self._close(run, span, answer.message if answer.code >= 400 else "", answer.code)
        return answer

    def _remote(self, run: Run, operation: Operation, span: Span, instance: Instance) -> Steps[Answer]:
        caller, callee = run.service.name, operation.service
        yield from sleep(self._leg(caller, callee))
        answer = yield from self.serve(operation, run.request, span.id, instance, SERVER)
        yield from sleep(self._leg(callee, caller))
        return answer

    def _leg(self, sender: str, receiver: str) -> float:
        extra = sum(fault.leg(self.world, sender, receiver) for fault in self.faults if fault.on(self.world))
        return HOP * self.world.chance.lognormvariate(0, 0.3) + extra

    def _outside(self, run: Run, step: Outside) -> Steps[Answer]:
        world = self.world
        span = self._client(run, attributes.verb(run.service), attributes.outside(run.service, step))
        failure, code = self._unreachable(run, step.host), 200
        usual = step.ms * world.chance.lognormvariate(0, 0.3)
        yield from sleep(failure.ms if failure else usual)
        if failure:
            code = next((code for code in (429, 503, 500) if f"{code} " in failure.message), 0)
        if code:
            span.attributes.update(attributes.code_of(run.service, code))
        self._close(run, span, failure.message if failure else "", code)
        if not failure:
            return Answer()
        if not step.essential:
            world.log(run, WARN, f"{step.host} unavailable, continuing without: {failure.message}")
            return Answer()
        return self._failed(run, failure.message, 502)

    def _publish(self, run: Run, step: Publish) -> Steps[None]:
        span = self._client(run, f"{step.topic} publish", attributes.published(step), PRODUCER)
        yield from sleep(HOP)
        self.world.end(span)
        self.world.kernel.spawn(self._consume(run.request, step, span.id))

    def _consume(self, request: Request, step: Publish, parent: str) -> Steps[None]:
        yield from sleep(self.world.chance.uniform(5, 80))
        yield from self.job(step.consumer, CONSUMER, request, parent)

    def _background(self, run: Run, step: Background) -> Steps[None]:
        span = self._client(run, step.name, {}, INTERNAL)
        yield from sleep(step.ms * self.world.chance.lognormvariate(0, 0.4))
        self.world.end(span)

    def _client(self, run: Run, name: str, described: Attributes, kind: int = CLIENT) -> Span:
        span = self.world.span(run.request.trace, run.span.id, run.instance, name, kind)
        span.attributes.update(described)
        return span

    def _close(self, run: Run, span: Span, message: str, code: int = 0) -> None:
        if message:
            span.status = ERROR
            span.message = message if run.service.language != "node" or not code else ""
            if not code or code in (503, 504):
                span.exceptions.append((self.world.kernel.now, message))
        self.world.end(span)

    def _unreachable(self, run: Run, target: str) -> Failure | None:
        failures = (fault.connect(self.world, run, target) for fault in self.faults if fault.on(self.world))
        return next((failure for failure in failures if failure is not None), None)

    def _failed(self, run: Run, message: str, code: int) -> Answer:
        """Log a failure and return the answer that it becomes."""
        self.world.log(run, FAULT, f"{run.operation.name} failed: {message}")
        return Answer(code, message)
