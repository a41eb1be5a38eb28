"""Brain's duties: diagnose, decide, and conclude with a post-mortem."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sre_space.agents.inquest import Inquest, told
from sre_space.agents.postmortem import conclude
from sre_space.analysis.outage import Failure, ServiceState, deepest_failures, diagnose
from sre_space.domain import guardrails
from sre_space.domain.case import Case
from sre_space.domain.chart import Chart, Service
from sre_space.domain.facts import (
    Action,
    CauseKind,
    Confidence,
    Decision,
    Diagnosis,
    Payload,
    Remedy,
    RemedyKind,
    Step,
    SymptomKind,
)
from sre_space.domain.telemetry import Span
from sre_space.ports.clock import Clock
from sre_space.ports.ledger import Ledger
from sre_space.ports.probe import Probe
from sre_space.ports.runtime import Runtime, Unit
from sre_space.ports.traces import Traces

EXPIRES_NS = 60 * 10**9
BEFORE_NS = 2 * 10**9  # of traces before the first symptom: the detector is slower than the first failure
TRACES_PATIENCE_S = 1.5  # spans of the failure are still on their way when the issue opens
STARTING_NS = 3 * 10**9  # a service serves in less; the runtime counts whole seconds
HOUR_NS = 3600 * 10**9


@dataclass(frozen=True)
class Brain:
    """Reads traces and the runtime's state; changes nothing."""

    chart: Chart
    runtime: Runtime
    traces: Traces
    probe: Probe
    ledger: Ledger
    clock: Clock

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """DECIDE or CONCLUDE."""
        return conclude(case, self.clock.now()) if step is Step.CONCLUDE else await self.decide(case)

    async def recorded(self, case: Case) -> None:
        """Nothing follows from a decision: Fixer acts on it."""

    async def decide(self, case: Case) -> Decision | None:
        """A remedy that fits the first cause, or ESCALATE; None while a guardrail says: later."""
        units = {unit.name: unit for unit in await self.runtime.units()}
        diagnosis = await self._diagnosis(case, units)
        remedy = self._remedy(case, diagnosis, units)
        past = await self.ledger.past_actions(self.clock.now() - HOUR_NS)
        answers = guardrails.ask(self.chart, remedy, case.incident, past, self.clock.now())
        if guardrails.must_wait(answers):
            return None
        if not guardrails.allowed(answers):
            refusal = next(answer for answer in answers if not answer.allowed)
            remedy = escalate(f"{remedy.command} was refused by the rule `{refusal.rule}`: {refusal.reason}")
        return Decision(diagnosis, remedy, answers, self.clock.now() + EXPIRES_NS)

    def _remedy(self, case: Case, diagnosis: Diagnosis, units: dict[str, Unit]) -> Remedy:
        if diagnosis.verdict is Confidence.INCONCLUSIVE or not diagnosis.causes:
            return escalate("the evidence names no cause")
        cause = diagnosis.causes[0]
        if cause.kind not in (CauseKind.CRASH, CauseKind.HANG):
            return escalate(f"{told(cause)}; no remedy of this version fits")
        if cause.service in _restarted(case):
            return escalate(f"a restart of {cause.service} did not help")
        if case.last.attempt >= self.chart.guardrails.attempts:
            return escalate(f"{case.last.attempt} attempts did not help")
        unit = units[self.chart.services[cause.service].unit]
        why = f"{cause.service}: {cause.kind}, explains {cause.score:.0%} of the failed traces"
        return Remedy(RemedyKind.RESTART, cause.service, unit.incarnation, why)

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


def escalate(reason: str) -> Remedy:
    """A person is asked."""
    return Remedy(RemedyKind.ESCALATE, "", "", reason)


def _restarted(case: Case) -> set[str]:
    actions = [entry.fact.payload for entry in case.chain if isinstance(entry.fact.payload, Action)]
    return {action.remedy.service for action in actions if action.remedy.kind is RemedyKind.RESTART and action.changed}


def _exit(unit: Unit) -> str:
    told = f", exit code {unit.exit_code}" if unit.exit_code is not None else ""
    return told + (f" ({unit.detail})" if unit.detail else "")
