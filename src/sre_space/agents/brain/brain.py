"""Brain's duties: diagnose, decide, and conclude with a post-mortem."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sre_space.agents import unit_evidence
from sre_space.agents.brain.attempts import RESTART_CURES
from sre_space.agents.brain.callees import AwaitedCallees
from sre_space.agents.brain.candidate_remedies import Situation, candidate_remedies
from sre_space.agents.brain.healthy_time import ill_times
from sre_space.agents.brain.history import DesiredStateHistory
from sre_space.agents.brain.investigation import Investigation
from sre_space.agents.brain.sources import Sources
from sre_space.agents.unit_state import ended_services
from sre_space.domain import guardrails
from sre_space.domain.case import Case
from sre_space.domain.configuration import Edit
from sre_space.domain.diagnosis import Confidence, Diagnosis
from sre_space.domain.facts import Decision, Payload, RuleAnswer, Step
from sre_space.domain.grounds import Grounds
from sre_space.domain.guardrails import PastAction
from sre_space.domain.remedies import Escalate, Remedy
from sre_space.domain.space_config import DAY_NS, SpaceConfig
from sre_space.ports.clock import Clock
from sre_space.ports.incident_repository import IncidentRepository
from sre_space.ports.orders import Orders
from sre_space.ports.runtime import RuntimeReader, Unit
from sre_space.record.resolution import read_resolution
from sre_space.text.postmortem import conclude

log = logging.getLogger(__name__)

EXPIRES_NS = 60 * 10**9
LATELY_NS = 15 * 60 * 10**9  # incidents that may lie in a baseline
LOOKS, LOOK_AGAIN_S = 3, 2.0  # all within the step's deadline; the chance of an error is that of three looks at most
CHANGE_EXPIRES_NS = 15 * 60 * 10**9  # a pull request's checks take their time


@dataclass(frozen=True)
class Brain:
    """Reads what the inquest finds, the runtime's state, the history of desired state and people's orders.

    Changes nothing.
    """

    config: SpaceConfig
    runtime: RuntimeReader
    investigation: Investigation
    incidents: IncidentRepository
    clock: Clock
    history: DesiredStateHistory
    orders: Orders

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """DECIDE or CONCLUDE."""
        if step is Step.CONCLUDE:
            return conclude(case, self.clock.now(), await read_resolution(case, self.orders))
        return await self.decide(case)

    async def recorded(self, case: Case) -> None:
        """Nothing follows from a decision: Fixer acts on it."""

    async def decide(self, case: Case) -> Decision | None:
        """The first rung of the ladder that the guardrails allow; None while one of them, or a callee, says: later."""
        units = {unit.name: unit for unit in await self.runtime.units()}
        callees = AwaitedCallees(self.config, self.investigation.probe, self.incidents)
        if awaited := await callees.awaited(case, units, self.clock.now()):
            log.info("issue %d waits for what it calls: %s", case.issue, ", ".join(awaited))
            return None
        diagnosis = await self._diagnosed(case, units)
        now = self.clock.now()
        past = await self.incidents.past_actions(now - DAY_NS)
        refused: list[RuleAnswer] = []
        scene = await self._scene(case, diagnosis, units, past)
        grounds = Grounds(diagnosis.verdict, True, scene.unit)
        for remedy in candidate_remedies(scene):
            answers = guardrails.ask(self.config, remedy, case.incident, past, now, grounds=grounds)
            if guardrails.must_wait(answers):
                return None
            if guardrails.allowed(answers):
                return self._decision(diagnosis, remedy, (*refused, *answers))
            refused += [_refusal(remedy, answer) for answer in answers if not answer.allowed]
        raise AssertionError("the last rung, asking a person, is always allowed")

    async def _diagnosed(self, case: Case, units: Mapping[str, Unit]) -> Diagnosis:
        """What the evidence says; LIKELY is asked again while more comes in, as a person's answer takes longer."""
        for look in range(1, LOOKS + 1):
            lately = await self.incidents.touched(self.clock.now() - LATELY_NS)
            stood = [(one.since, one.until) for one in self.clock.pauses().since_start]  # with its machine, maybe
            diagnosis = await self.investigation.hold(case, units, [*ill_times(lately, case.incident), *stood])
            if diagnosis.verdict is not Confidence.LIKELY or look == LOOKS:
                break
            await self.clock.sleep(LOOK_AGAIN_S)
        return diagnosis

    async def _scene(
        self, case: Case, diagnosis: Diagnosis, units: dict[str, Unit], past: Sequence[PastAction]
    ) -> Situation:
        lives = {name: units[service.unit].incarnation for name, service in self.config.services.items()}
        ended = ended_services(self.config, units)
        sources = Sources(needed=not _restartable(diagnosis, ended), patience_s=self.investigation.patience_s)
        desired, reverse, stuck = await sources.ask("the desired state's files", self._desired(diagnosis), ({}, (), ""))
        now = self.clock.now()
        return Situation(
            self.config, case, diagnosis, lives, past, now, desired, reverse, stuck or "; ".join(sources.told), ended,
            await self._shown(case, diagnosis, units),
        )  # fmt: skip

    async def _shown(self, case: Case, diagnosis: Diagnosis, units: Mapping[str, Unit]) -> str:
        """What the accused service shows of itself that a restart would be for; "" when it shows nothing."""
        first = next(iter(diagnosis.causes), None)
        service = self.config.services.get(first.service) if first is not None else None
        if service is None:
            return ""
        shown = await unit_evidence.look(case, service, units[service.unit], self.investigation.probe, self.clock)
        full = unit_evidence.full(case, service.name)
        return shown.words or (unit_evidence.told(full) if full else "")

    async def _desired(self, diagnosis: Diagnosis) -> tuple[Mapping[str, str], tuple[Edit, ...], str]:
        """The desired state on main, the guilty commit's keys backwards, and why there are none."""
        desired = await self.history.desired()
        return desired, *await self.history.reverse_of(diagnosis.change, desired)

    def _decision(self, diagnosis: Diagnosis, remedy: Remedy, answers: tuple[RuleAnswer, ...]) -> Decision:
        """A remedy in force until it expires; where a person approves first, that long."""
        refusals = dict.fromkeys(f"{one.reason} (rule `{one.rule}`)" for one in answers if not one.allowed)
        if isinstance(remedy, Escalate) and refusals:
            remedy = Escalate("; ".join([*refusals, remedy.reason]))
        plan = guardrails.needs_approval(self.config, remedy, diagnosis.verdict)
        lasts = CHANGE_EXPIRES_NS if remedy.edits else EXPIRES_NS
        if plan:
            lasts = int(self.config.guardrails.approval_seconds * 1e9)
        return Decision(diagnosis, remedy, answers, self.clock.now() + lasts, plan)


def _restartable(diagnosis: Diagnosis, ended: Collection[str]) -> bool:
    """True for a service that has ended by itself: to start it again, no file of the desired state is needed."""
    first = next(iter(diagnosis.causes), None)
    return first is not None and first.service in ended and first.kind in RESTART_CURES


def _refusal(remedy: Remedy, answer: RuleAnswer) -> RuleAnswer:
    """An answer that names the remedy, for a rung that was passed over."""
    return RuleAnswer(answer.rule, answer.allowed, f"{remedy.command} was refused: {answer.reason}")
