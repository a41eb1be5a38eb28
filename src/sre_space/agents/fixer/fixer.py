"""Fixer's steps: carry out a decision, once and only while it is still right; undo what did not help."""

from dataclasses import dataclass, replace

from sre_space.agents import unit_evidence
from sre_space.agents.fixer.change import Changes
from sre_space.agents.fixer.follow_up import FollowUps
from sre_space.agents.fixer.permission import Permission, not_carried_out
from sre_space.agents.fixer.restart import Restarts
from sre_space.agents.fixer.symptoms import SymptomState
from sre_space.agents.unit_evidence import UnitEvidence
from sre_space.domain.case import Case
from sre_space.domain.facts import Action, ActionResult, Confirmation, Decision, Payload, Step, Undo
from sre_space.domain.labels import FIXED
from sre_space.domain.remedies import ConfigChange, Escalate, Restart
from sre_space.domain.space_config import Service, SpaceConfig
from sre_space.ports.kill_switch import KillSwitch
from sre_space.ports.probe import Probe


@dataclass(frozen=True)
class Fixer:
    """The only agent that changes the application: `restarts` restarts units, `changes` changes the desired state."""

    config: SpaceConfig
    restarts: Restarts
    changes: Changes
    permission: Permission
    probe: Probe
    follow_ups: FollowUps
    kill_switch: KillSwitch

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """Return the record of the step ACT, UNDO or CONFIRM; None to be asked again, for example while halted."""
        if step is Step.CONFIRM:
            await self._leave_in_order(case)
            return Confirmation(FIXED)
        if self.kill_switch.halted():
            return None
        return await (self._undo(case) if step is Step.UNDO else self.act(case))

    async def recorded(self, case: Case) -> None:
        """Do nothing: the labels follow from the chain, and the loop sets them."""

    async def act(self, case: Case) -> Action | None:
        """Carry out the newest decision and return the record of what was done or why not; None to wait."""
        decision = case.latest(Decision)
        assert decision is not None
        remedy = decision.remedy
        if isinstance(remedy, Escalate):
            return await self._escalate(case, decision)
        if isinstance(remedy, Restart):
            return await self._restart(case, decision, remedy)
        action = await self._change(case, decision, remedy)
        if action is not None and not action.changed:
            await self.changes.clear_away(case)  # an earlier attempt may have left a pull request
        return action

    async def _restart(self, case: Case, decision: Decision, remedy: Restart) -> Action | None:
        """Restart the unit and return the record; None to wait.

        A restart that an interrupted attempt has begun is finished: it does not expire, but a person may still forbid
        it.
        """
        check = self.permission.begin_check()
        if await self.restarts.begun(remedy):
            forbidden = await self.permission.forbidden(case, decision)
            answers = await self.permission.on_record(case, decision, f"the process {remedy.incarnation} has ended")
            return forbidden or await self.restarts.finish(remedy, answers, check)
        evidence = await self._unit_evidence(case, remedy)
        if evidence is None:
            return None
        outage = self._probed(case) is not None
        symptom_state = SymptomState.GONE if outage and evidence.healthy else SymptomState.HOLDS
        probed = symptom_state if outage or evidence.ended else None
        allowed = await self.permission.to_act(case, decision, probed, evidence.reason)
        if allowed is None or isinstance(allowed, Action):
            return allowed
        return await self.restarts.carry_out(remedy, allowed, outage, check)

    async def _unit_evidence(self, case: Case, remedy: Restart) -> UnitEvidence | None:
        """Return what the unit shows now, whatever the decision was based on; None while Scout's reports do not say."""
        evidence = await self.restarts.evidence(case, remedy, self.permission.clock)
        saturated = unit_evidence.saturation_symptom(case, remedy.service)
        if evidence.reason or saturated is None:
            return evidence
        state = await self.permission.symptoms.state_of(saturated, case.last.at)
        if state is SymptomState.UNKNOWN:
            return None
        if state is not SymptomState.HOLDS:
            return evidence
        return replace(evidence, reason=unit_evidence.saturation_reason(saturated))

    async def _change(self, case: Case, decision: Decision, remedy: ConfigChange) -> Action | None:
        """Change the desired state and return the record, or None to wait.

        A change that is merged is followed to its end, whatever the checks would say now.
        """
        check = self.permission.begin_check()
        if await self.changes.begun(case, remedy):
            return await self.changes.finish(case, remedy, await self.permission.on_record(case, decision))
        answers = await self.permission.to_act(case, decision)
        if answers is None or isinstance(answers, Action):
            return answers
        return await self.changes.carry_out(case, remedy, answers, check)

    async def _undo(self, case: Case) -> Undo | None:
        """Undo the newest action and return the record, or None to wait.

        In a dry run nothing is undone: FAILED is recorded, and a person is asked.
        """
        way_back = case.trials[-1].action.way_back
        if self.permission.dry_run and way_back is not None:
            return Undo(ActionResult.FAILED, way_back, "", "", "dry run: nothing was undone")
        return await self.changes.undo(case, self.permission.begin_check())

    async def _escalate(self, case: Case, decision: Decision) -> Action:
        """Return the record of the escalation, or CLEARED when the service of an outage answers again."""
        service = self._probed(case)
        if service is not None and (await self.probe.check(service.health)).healthy:
            return not_carried_out(ActionResult.CLEARED, decision, f"{service.name} answers again")
        await self._leave_in_order(case)
        return not_carried_out(ActionResult.ESCALATED, decision, decision.remedy.reason)

    def _probed(self, case: Case) -> Service | None:
        """Return the service of which a probe says whether the incident's symptom is there; None when no probe does."""
        symptom = case.detection.symptoms[0]
        return self.config.services.get(symptom.service) if symptom.kind.is_seen_by_probes else None

    async def _leave_in_order(self, case: Case) -> None:
        """Close leftover pull requests and open follow-up issues, before the agents leave an incident."""
        await self.changes.clear_away(case)
        await self.follow_ups.open_missing(case)
