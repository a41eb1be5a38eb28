"""How a request goes through the system: queues, own work, calls with timeouts and retries, and what each span says."""

from dataclasses import dataclass

from sre_evaluation.hostile import attributes, wording
from sre_evaluation.hostile.fault import Failure
from sre_evaluation.hostile.kernel import Steps, Wait, sleep
from sre_evaluation.hostile.outgoing import HOP, Outgoing
from sre_evaluation.hostile.records import (
    ERROR,
    INFO,
    WARN,
    Answer,
    Served,
    Span,
)
from sre_evaluation.hostile.topology import Background, Call, Operation, Outside, Publish, Query, Step
from sre_evaluation.hostile.world import Instance, Request, Run, State
from sre_space.analysis.diagnosis import tables
from sre_space.analysis.diagnosis.tables import INTERNAL, SERVER

BACKOFF = 40.0
TYPED = ("java", "go", "dotnet")  # languages that notice an answer of the wrong form
LOST = Answer(0)  # the instance died before it could answer


@dataclass
class Serving(Outgoing):
    """Serves requests in a world with faults."""

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
        if world.plan.lingering and world.chance.random() < world.plan.lingering:
            world.kernel.spawn(self.linger(run, Background("notify listeners", 120.0)))
        part = operation.own / (len(operation.steps) + 1)
        yield from self.work(run, part)
        if operation.missing and world.chance.random() < operation.missing * world.plan.missing:
            world.log(run, INFO, f"{operation.name} found nothing, answering 404")
            return Answer(404)
        if world.plan.everyday and world.chance.random() < world.plan.everyday:
            return self.fail(run, "optimistic lock failed, please try again", 500)
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
                return (yield from self.ask(run, step))
            case Call():
                return (yield from self._call(run, step))
            case Outside():
                return (yield from self.outside(run, step))
            case Publish():
                yield from self._publish(run, step)
            case Background():
                self.world.kernel.spawn(self.linger(run, step))
        return Answer()

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
            return self.fail(run, answer.message, 502 if service.language in ("go", "node") else 500)
        if answer.wrong and service.language in TYPED and call.essential:
            return self.fail(run, wording.INVALID[service.language].format(callee), 500)
        return answer

    def _attempt(self, run: Run, call: Call, retried: bool) -> Steps[Answer]:
        world, target = self.world, self.world.system.services[call.operation.service]
        span = self.client(run, attributes.call_name(target, call.operation),
                            attributes.called(run.service, target, call.operation))  # fmt: skip
        failure = self.unreachable(run, target.name)
        instance = world.pick(target.name)
        place = f"{target.name}:{target.port}"
        if failure is None and instance.state is State.DOWN:
            failure = Failure(wording.REFUSED[run.service.language].format(place), 1.0)
        if failure is None and retried and world.chance.random() < world.plan.blips:
            failure = Failure(wording.RESET[run.service.language].format(place), 2.0)
        if failure is not None:
            yield from sleep(failure.ms)
            self.close(run, span, failure.message)
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
        self.close(run, span, answer.message if answer.code >= 400 else "", answer.code)
        return answer

    def _remote(self, run: Run, operation: Operation, span: Span, instance: Instance) -> Steps[Answer]:
        caller, callee = run.service.name, operation.service
        yield from sleep(self.leg(caller, callee))
        answer = yield from self.serve(operation, run.request, span.id, instance, SERVER)
        yield from sleep(self.leg(callee, caller))
        return answer

    def _publish(self, run: Run, step: Publish) -> Steps[None]:
        span = self.client(run, f"{step.topic} publish", attributes.published(step), tables.PRODUCER)
        yield from sleep(HOP)
        self.world.end(span)
        self.world.kernel.spawn(self._consume(run.request, step, span.id))

    def _consume(self, request: Request, step: Publish, parent: str) -> Steps[None]:
        yield from sleep(self.world.chance.uniform(5, 80))
        yield from self.job(step.consumer, tables.CONSUMER, request, parent)
