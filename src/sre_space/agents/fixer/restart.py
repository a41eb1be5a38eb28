"""Restarts a unit, the remedy that cannot be undone. Used by `fixer.py`."""

from dataclasses import dataclass

from sre_space.agents.fixer.permission import PermissionCheck
from sre_space.agents.unit_evidence import NO_EVIDENCE, UnitEvidence, observe_unit
from sre_space.agents.unit_state import ENDED
from sre_space.domain.case import Case
from sre_space.domain.errors import Refused
from sre_space.domain.facts import Action, ActionResult, RuleAnswer
from sre_space.domain.remedies import Restart
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.clock import Clock
from sre_space.ports.kill_switch import KillSwitch
from sre_space.ports.probe import Probe
from sre_space.ports.runtime import Runtime, Unit
from sre_space.text.restarts import restarted

NO_WAY_BACK = "none: a restart has no inverse"
STOPPED = "stopped"  # by an order, not by its own exit


@dataclass(frozen=True)
class Restarts:
    """Restarts a unit, if its process (incarnation) is still the one that was diagnosed."""

    config: SpaceConfig
    runtime: Runtime
    probe: Probe
    kill_switch: KillSwitch

    async def begun(self, remedy: Restart) -> bool:
        """Return True once the diagnosed process is gone: an interrupted attempt ended it, or someone else did."""
        known = remedy.service in self.config.services  # the guardrails refuse an unknown service
        return known and (await self._unit(remedy)).incarnation != remedy.incarnation

    async def evidence(self, case: Case, remedy: Restart, clock: Clock) -> UnitEvidence:
        """Return what runtime and probe show of the unit now; `NO_EVIDENCE` for a service that is not configured."""
        service = self.config.services.get(remedy.service)
        if service is None:
            return NO_EVIDENCE
        return await observe_unit(case, service, await self._unit(remedy), self.probe, clock)

    async def finish(self, remedy: Restart, answers: tuple[RuleAnswer, ...], check: PermissionCheck) -> Action | None:
        """Return the record of a restart that was begun before; None while halted.

        A unit that the first attempt stopped and did not start again is started.
        """
        before = await self._unit(remedy)
        if before.state == STOPPED:
            detail = f"{remedy.service} was stopped for a restart and is started again"
            return await self._start(remedy, before, answers, detail, check)
        detail = "the service was restarted since the diagnosis"
        return _unchanged(ActionResult.ALREADY_CHANGED, remedy, detail, answers, before)

    async def carry_out(
        self, remedy: Restart, answers: tuple[RuleAnswer, ...], outage: bool, check: PermissionCheck
    ) -> Action | None:
        """Restart the unit and return the record of what was done, or why not; None while halted and after a pause.

        When the service answers again, an `outage` is over: nothing is restarted, and CLEARED is recorded.
        """
        service, before = self.config.services[remedy.service], await self._unit(remedy)
        if outage and before.state == "running" and (await self.probe.check(service.health)).healthy:
            return _unchanged(ActionResult.CLEARED, remedy, "the service answers again", answers, before)
        return await self._start(remedy, before, answers, restarted(remedy.service, before), check)

    async def _start(
        self, remedy: Restart, before: Unit, answers: tuple[RuleAnswer, ...], detail: str, check: PermissionCheck
    ) -> Action | None:
        if self.kill_switch.halted() or check.outdated:
            return None
        incarnation = before.incarnation if before.state == STOPPED else remedy.incarnation
        try:
            after = await self.runtime.restart(before.name, incarnation)
        except Refused as error:
            return _unchanged(ActionResult.ALREADY_CHANGED, remedy, str(error), answers, before)
        done, state_before = ActionResult.DONE, describe(before)
        return Action(done, remedy, state_before, describe(after), NO_WAY_BACK, answers, detail)

    async def revive(self, service: str) -> str:
        """Start a unit that has ended, with the present desired state; return its state afterwards in words."""
        unit = await self.runtime.unit(self.config.services[service].unit)
        if unit.state in ENDED and not self.kill_switch.halted():
            try:
                unit = await self.runtime.restart(unit.name, unit.incarnation)
            except Refused:  # it was restarted by someone else meanwhile
                unit = await self.runtime.unit(unit.name)
        return f"{service} {describe(unit)}"

    async def _unit(self, remedy: Restart) -> Unit:
        return await self.runtime.unit(self.config.services[remedy.service].unit)


def describe(unit: Unit) -> str:
    """Return a unit's state and incarnation in words."""
    return f"{unit.state}, {unit.incarnation}"


def _unchanged(
    result: ActionResult, remedy: Restart, detail: str, answers: tuple[RuleAnswer, ...], unit: Unit
) -> Action:
    """Return the record of a restart that was not carried out."""
    state = describe(unit)
    return Action(result, remedy, state, state, NO_WAY_BACK, answers, detail)
