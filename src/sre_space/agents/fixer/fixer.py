"""Fixer's duties: carry out what was decided, once and only if still right; take back what did not help."""

from dataclasses import dataclass, replace

from sre_space.agents import unit_evidence
from sre_space.agents.fixer.change import Changes
from sre_space.agents.fixer.follow_up import FollowUps
from sre_space.agents.fixer.permission import Permission, told
from sre_space.agents.fixer.restart import Restarts
from sre_space.agents.fixer.symptoms import SymptomState
from sre_space.agents.unit_evidence import Shown
from sre_space.domain.case import Case
from sre_space.domain.facts import Action, ActionResult, Confirmation, Decision, Payload, Step, Undo
from sre_space.domain.labels import FIXED
from sre_space.domain.remedies import ConfigChange, Escalate, Restart
from sre_space.domain.space_config import SpaceConfig
from sre_space.domain.symptoms import SymptomKind
from sre_space.ports.kill_switch import KillSwitch
from sre_space.ports.probe import Probe


@dataclass(frozen=True)
class Fixer:
    """The only agent that changes the patient; `restarts` and `changes` are its hands."""

    config: SpaceConfig
    restarts: Restarts
    changes: Changes
    permission: Permission
    probe: Probe
    follow_ups: FollowUps
    kill_switch: KillSwitch

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """ACT, UNDO or CONFIRM; None while halted."""
        if step is Step.CONFIRM:
            await self._leave_in_order(case)
            return Confirmation(FIXED)
        if self.kill_switch.halted():
            return None
        return await (self._undo(case) if step is Step.UNDO else self.act(case))

    async def recorded(self, case: Case) -> None:
        """Labels follow from the chain; the loop sets them."""

    async def act(self, case: Case) -> Action | None:
        """The checks in their order, each with its own record; None while told to wait."""
        decision = case.latest(Decision)
        assert decision is not None
        remedy = decision.remedy
        if isinstance(remedy, Escalate):
            return await self._escalate(case, decision)
        if isinstance(remedy, Restart):
            return await self._restart(case, decision, remedy)
        action = await self._change(case, decision, remedy)
        if action is not None and not action.changed:
            await self.changes.clear_away(case)  # a pull request of a try before
        return action

    async def _restart(self, case: Case, decision: Decision, remedy: Restart) -> Action | None:
        """What a killed try has begun is taken to its end: it does not expire, but a person may forbid it."""
        asked = self.permission.asking()
        if await self.restarts.begun(remedy):
            forbidden = await self.permission.forbidden(case, decision)
            answers = await self.permission.on_record(case, decision, f"the life {remedy.incarnation} is over")
            return forbidden or await self.restarts.finish(remedy, answers, asked)
        shown = await self._shown(case, remedy)
        if shown is None:
            return None
        outage = case.detection.symptoms[0].kind is SymptomKind.INFRASTRUCTURE
        over = SymptomState.GONE if outage and shown.well else SymptomState.HOLDS
        probed = over if outage or shown.ended else None
        allowed = await self.permission.to_act(case, decision, probed, shown.words)
        if allowed is None or isinstance(allowed, Action):
            return allowed
        return await self.restarts.carry_out(remedy, allowed, outage, asked)

    async def _shown(self, case: Case, remedy: Restart) -> Shown | None:
        """What the unit shows of itself now, asked anew whatever was decided on; None while Scout does not say."""
        shown = await self.restarts.shown(case, remedy, self.permission.clock)
        full = unit_evidence.full(case, remedy.service)
        if shown.words or full is None:
            return shown
        standing = await self.permission.symptoms.standing(full, case.last.at)
        if standing is SymptomState.UNKNOWN:
            return None
        return replace(shown, words=unit_evidence.told(full)) if standing is SymptomState.HOLDS else shown

    async def _change(self, case: Case, decision: Decision, remedy: ConfigChange) -> Action | None:
        """What is merged is followed to its end, whatever is asked or said now: history does not expire."""
        asked = self.permission.asking()
        if await self.changes.begun(case, remedy):
            return await self.changes.finish(case, remedy, await self.permission.on_record(case, decision))
        answers = await self.permission.to_act(case, decision)
        if answers is None or isinstance(answers, Action):
            return answers
        return await self.changes.carry_out(case, remedy, answers, asked)

    async def _undo(self, case: Case) -> Undo | None:
        """What a Fixer did that was started with other settings may be left to a person by a dry run."""
        way_back = case.trials[-1].action.way_back
        if self.permission.dry_run and way_back is not None:
            return Undo(ActionResult.FAILED, way_back, "", "", "dry run: nothing was taken back")
        return await self.changes.undo(case, self.permission.asking())

    async def _escalate(self, case: Case, decision: Decision) -> Action:
        symptom = case.detection.symptoms[0]
        service = self.config.services.get(symptom.service)
        outage = symptom.kind is SymptomKind.INFRASTRUCTURE and service is not None
        if outage and service and (await self.probe.check(service.health)).healthy:
            return told(ActionResult.CLEARED, decision, f"{service.name} answers again")
        await self._leave_in_order(case)
        return told(ActionResult.ESCALATED, decision, decision.remedy.reason)

    async def _leave_in_order(self, case: Case) -> None:
        """Before the doctor is done with a case: no pull request is left open, and people know what is left to do."""
        await self.changes.clear_away(case)
        await self.follow_ups.open_missing(case)
