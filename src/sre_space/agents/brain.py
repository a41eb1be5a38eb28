"""Brain's duties: diagnose, decide, and conclude with a post-mortem."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sre_space.agents.history import History
from sre_space.agents.inquest import Inquest
from sre_space.agents.ladder import Scene, rungs
from sre_space.agents.postmortem import conclude
from sre_space.analysis.outage import Failure, ServiceState, deepest_failures, diagnose
from sre_space.domain import guardrails
from sre_space.domain.case import Case
from sre_space.domain.chart import DAY_NS, Chart, Service
from sre_space.domain.configuration import Edit
from sre_space.domain.facts import Decision, Diagnosis, Payload, RuleAnswer, Step, SymptomKind
from sre_space.domain.guardrails import PastAction
from sre_space.domain.remedies import Escalate, Remedy
from sre_space.domain.telemetry import Span
from sre_space.ports.clock import Clock
from sre_space.ports.ledger import Ledger
from sre_space.ports.probe import Probe
from sre_space.ports.runtime import Runtime, Unit
from sre_space.ports.traces import Traces

EXPIRES_NS = 60 * 10**9
CHANGE_EXPIRES_NS = 15 * 60 * 10**9  # a pull request's checks take their time
BEFORE_NS = 2 * 10**9  # of traces before the first symptom: the detector is slower than the first failure
TRACES_PATIENCE_S = 1.5  # spans of the failure are still on their way when the issue opens
STARTING_NS = 3 * 10**9  # a service serves in less; the runtime counts whole seconds


@dataclass(frozen=True)
class Brain:
    """Reads traces, the runtime's state and the history of desired state; changes nothing.

    Without `history` there are no remedies that change desired state.
    """

    chart: Chart
    runtime: Runtime
    traces: Traces
    probe: Probe
    ledger: Ledger
    clock: Clock
    history: History | None = None

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """DECIDE or CONCLUDE."""
        return conclude(case, self.clock.now()) if step is Step.CONCLUDE else await self.decide(case)

    async def recorded(self, case: Case) -> None:
        """Nothing follows from a decision: Fixer acts on it."""

    async def decide(self, case: Case) -> Decision | None:
        """The first rung of the ladder that the guardrails allow; None while one of them says: later."""
        units = {unit.name: unit for unit in await self.runtime.units()}
        diagnosis = await self._diagnosis(case, units)
        now = self.clock.now()
        past = await self.ledger.past_actions(now - DAY_NS)
        refused: list[RuleAnswer] = []
        for remedy in rungs(await self._scene(case, diagnosis, units, past)):
            answers = guardrails.ask(self.chart, remedy, case.incident, past, now)
            if guardrails.must_wait(answers):
                return None
            if guardrails.allowed(answers):
                return self._decision(diagnosis, remedy, (*refused, *answers))
            refused += [_refusal(remedy, answer) for answer in answers if not answer.allowed]
        raise AssertionError("the last rung, asking a person, is always allowed")

    async def _scene(
        self, case: Case, diagnosis: Diagnosis, units: dict[str, Unit], past: Sequence[PastAction]
    ) -> Scene:
        lives = {name: units[service.unit].incarnation for name, service in self.chart.services.items()}
        desired: Mapping[str, str] = {}
        reverse: tuple[Edit, ...] = ()
        stuck = ""
        if self.history is not None:
            desired = await self.history.desired()
            reverse, stuck = await self.history.reverse_of(diagnosis.change, desired)
        return Scene(self.chart, case, diagnosis, lives, past, self.clock.now(), desired, reverse, stuck)

    def _decision(self, diagnosis: Diagnosis, remedy: Remedy, answers: tuple[RuleAnswer, ...]) -> Decision:
        """A remedy in force until it expires; where a person approves first, that long."""
        if isinstance(remedy, Escalate) and (refusal := next((one for one in answers if not one.allowed), None)):
            remedy = Escalate(f"{refusal.reason} (rule `{refusal.rule}`); {remedy.reason}")
        plan = guardrails.needs_approval(self.chart, remedy)
        lasts = CHANGE_EXPIRES_NS if remedy.edits else EXPIRES_NS
        if plan:
            lasts = int(self.chart.guardrails.approval_seconds * 1e9)
        return Decision(diagnosis, remedy, answers, self.clock.now() + lasts, plan)

    async def _diagnosis(self, case: Case, units: dict[str, Unit]) -> Diagnosis:
        """Outages are told by who answers; what is wrong while all answer, by the traces alone."""
        states = await self._states(units)
        if any(state.sick for state in states) or case.detection.symptoms[0].kind is SymptomKind.INFRASTRUCTURE:
            return diagnose(states, await self._failures(case))
        inquest = Inquest(self.traces, self.chart.journey.caller)
        return await inquest.hold(case, self.clock.now(), self.chart.services)

    async def _states(self, units: dict[str, Unit]) -> list[ServiceState]:
        states = (self._state(service, units[service.unit]) for service in self.chart.services.values())
        return list(await asyncio.gather(*states))

    async def _state(self, service: Service, unit: Unit) -> ServiceState:
        health = await self.probe.check(service.health)
        return ServiceState(
            service=service.name,
            ended=unit.state in ("stopped", "exited", "fatal"),
            runtime=f"the runtime says {unit.state}{_exit(unit)}",
            runtime_id=f"runtime:{unit.name}:{unit.incarnation}",
            answered=health.answered,
            healthy=health.healthy,
            health=health.detail,
            starting=unit.state in ("running", "starting") and self.clock.now() - unit.since < STARTING_NS,
        )

    async def _failures(self, case: Case) -> Sequence[Failure]:
        """The deepest failures around the first symptom, waiting a little for spans still on their way."""
        since = case.detection.symptoms[0].since - BEFORE_NS
        give_up = self.clock.now() + int(TRACES_PATIENCE_S * 1e9)
        while True:
            failures = deepest_failures(await self._spans(since), self._peers())
            if failures or self.clock.now() > give_up:
                return failures
            await self.clock.sleep(0.1)

    async def _spans(self, since: int) -> list[Span]:
        windows = [self.traces.window(name, since, self.clock.now()) for name in self.chart.services]
        found = {span.span_id: span for spans in await asyncio.gather(*windows) for span in spans}
        return list(found.values())

    def _peers(self) -> dict[str, str]:
        """Which service answers at `host:port`: where its callers reach it, or where its health is asked."""
        services = self.chart.services.values()
        return {service.address or urlsplit(service.health).netloc: service.name for service in services}


def _refusal(remedy: Remedy, answer: RuleAnswer) -> RuleAnswer:
    """An answer that names the remedy, for a rung that was passed over."""
    return RuleAnswer(answer.rule, answer.allowed, f"{remedy.command} was refused: {answer.reason}")


def _exit(unit: Unit) -> str:
    told = f", exit code {unit.exit_code}" if unit.exit_code is not None else ""
    return told + (f" ({unit.detail})" if unit.detail else "")
