"""Brain's steps: diagnose, decide on a remedy, and conclude with a post-mortem."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sre_space.agents import unit_evidence
from sre_space.agents.brain.attempts import RESTART_CURES
from sre_space.agents.brain.callees import AwaitedCallees
from sre_space.agents.brain.candidate_remedies import Situation, candidate_remedies
from sre_space.agents.brain.ended_units import EndedUnits
from sre_space.agents.brain.healthy_time import incident_times
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
from sre_space.ports.holds import Holds
from sre_space.ports.incident_repository import IncidentRepository
from sre_space.ports.orders import Orders
from sre_space.ports.runtime import RuntimeReader, Unit, by_name
from sre_space.record.resolution import read_resolution
from sre_space.text.postmortem import conclude

log = logging.getLogger(__name__)

EXPIRES_NS = 60 * 10**9
RECENT_NS = 15 * 60 * 10**9  # incidents since then may overlap a baseline
MAX_DIAGNOSES, DIAGNOSE_AGAIN_S = 3, 2.0  # within the step's deadline; error probability: that of three tests at most
CHANGE_EXPIRES_NS = 15 * 60 * 10**9  # a pull request's checks take their time


@dataclass(frozen=True)
class Brain:
    """The agent that diagnoses and decides; it changes nothing itself.

    It reads the investigation's diagnosis, the runtime's units and their ends, the history of the desired state, and
    people's orders and holds.
    """

    config: SpaceConfig
    runtime: RuntimeReader
    investigation: Investigation
    incidents: IncidentRepository
    clock: Clock
    history: DesiredStateHistory
    orders: Orders
    holds: Holds
    ended_units: EndedUnits

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """Return the decision for DECIDE (None: not yet) or the post-mortem for CONCLUDE."""
        if step is Step.CONCLUDE:
            return conclude(case, self.clock.now(), await read_resolution(case, self.orders))
        return await self.decide(case)

    async def recorded(self, case: Case) -> None:
        """Do nothing: no further work follows from a recorded decision, Fixer carries it out."""

    async def decide(self, case: Case) -> Decision | None:
        """Return a decision for the first candidate remedy that the guardrails allow, or None to ask again later.

        None means that a guardrail asks to wait, or that a service that the affected one calls has to be started first.
        """
        units = self.ended_units.seen_in(case, by_name(await self.runtime.units()))
        callees = AwaitedCallees(self.config, self.investigation.probe, self.incidents)
        if awaited := await callees.awaited(case, units, self.clock.now()):
            log.info("issue %d waits until these callees of the service answer: %s", case.issue, ", ".join(awaited))
            return None
        diagnosis = await self._diagnose(case, units)
        now = self.clock.now()
        past = await self.incidents.past_actions(now - DAY_NS)
        refused: list[RuleAnswer] = []
        situation = await self._situation(case, diagnosis, units, past)
        grounds = Grounds(diagnosis.verdict, True, situation.unit)
        holds = await self.holds.current()
        for remedy in candidate_remedies(situation):
            answers = guardrails.ask(self.config, remedy, case.incident, past, now, grounds=grounds, holds=holds)
            if guardrails.must_wait(answers):
                return None
            if guardrails.allowed(answers):
                return self._decision(diagnosis, remedy, (*refused, *answers))
            refused += [_refusal(remedy, answer) for answer in answers if not answer.allowed]
        raise AssertionError("the last candidate, escalation to a person, is always allowed")

    async def _diagnose(self, case: Case, units: Mapping[str, Unit]) -> Diagnosis:
        """Return the diagnosis; while it is only LIKELY, repeat it a few times, because more telemetry may arrive."""
        for attempt in range(1, MAX_DIAGNOSES + 1):
            recent = await self.incidents.touched(self.clock.now() - RECENT_NS)
            pauses = self.clock.pauses().since_start  # the application may have paused with this machine
            paused = [(pause.since, pause.until) for pause in pauses]
            diagnosis = await self.investigation.diagnose(
                case, units, [*incident_times(recent, case.incident), *paused]
            )
            if diagnosis.verdict is not Confidence.LIKELY or attempt == MAX_DIAGNOSES:
                break
            await self.clock.sleep(DIAGNOSE_AGAIN_S)
        return diagnosis

    async def _situation(
        self, case: Case, diagnosis: Diagnosis, units: Mapping[str, Unit], past: Sequence[PastAction]
    ) -> Situation:
        """Return everything that the choice of a remedy is made from."""
        incarnations = {name: units[service.unit].incarnation for name, service in self.config.services.items()}
        ended = ended_services(self.config, units)
        sources = Sources(needed=not _restartable(diagnosis, ended), patience_s=self.investigation.patience_s)
        desired, reverse_edits, irreversible = await sources.ask(
            "the desired state's files", self._desired(diagnosis), ({}, (), "")
        )
        now = self.clock.now()
        return Situation(
            self.config, case, diagnosis, incarnations, past, now, desired, reverse_edits,
            irreversible or "; ".join(sources.notes), ended, await self._unit_evidence(case, diagnosis, units),
        )  # fmt: skip

    async def _unit_evidence(self, case: Case, diagnosis: Diagnosis, units: Mapping[str, Unit]) -> str:
        """Return what the suspected service's own unit shows that justifies a restart, or "" when it shows nothing."""
        cause = next(iter(diagnosis.causes), None)
        service = self.config.services.get(cause.service) if cause is not None else None
        if service is None:
            return ""
        evidence = await unit_evidence.observe_unit(
            case, service, units[service.unit], self.investigation.probe, self.clock
        )
        saturated = unit_evidence.saturation_symptom(case, service.name)
        return evidence.reason or (unit_evidence.saturation_reason(saturated) if saturated else "")

    async def _desired(self, diagnosis: Diagnosis) -> tuple[Mapping[str, str], tuple[Edit, ...], str]:
        """Return the desired state on main by path, the edits that revert the guilty commit, and why there are none."""
        desired = await self.history.desired()
        return desired, *await self.history.reverse_of(diagnosis.change, desired)

    def _decision(self, diagnosis: Diagnosis, remedy: Remedy, answers: tuple[RuleAnswer, ...]) -> Decision:
        """Return the decision with the time at which it expires (Unix ns).

        A pull request gets more time than a restart, and a plan that a person has to approve as long as an approval may
        take.
        """
        refusals = dict.fromkeys(f"{answer.reason} (rule `{answer.rule}`)" for answer in answers if not answer.allowed)
        if isinstance(remedy, Escalate) and refusals:
            remedy = Escalate("; ".join([*refusals, remedy.reason]))
        needs_approval = guardrails.needs_approval(self.config, remedy, diagnosis.verdict)
        lifetime_ns = CHANGE_EXPIRES_NS if remedy.edits else EXPIRES_NS
        if needs_approval:
            lifetime_ns = int(self.config.guardrails.approval_seconds * 1e9)
        return Decision(diagnosis, remedy, answers, self.clock.now() + lifetime_ns, needs_approval)


def _restartable(diagnosis: Diagnosis, ended: Collection[str]) -> bool:
    """Return True when the first cause is a service that ended by itself.

    To restart it, no desired-state file is needed.
    """
    cause = next(iter(diagnosis.causes), None)
    return cause is not None and cause.service in ended and cause.kind in RESTART_CURES


def _refusal(remedy: Remedy, answer: RuleAnswer) -> RuleAnswer:
    """Return a guardrail's refusal with the name of the remedy that was passed over."""
    return RuleAnswer(answer.rule, answer.allowed, f"{remedy.command} was refused: {answer.reason}")
