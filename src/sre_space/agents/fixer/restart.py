"""Restarting a unit: the remedy without a way back. Used by `fixer.py`."""

from dataclasses import dataclass

from sre_space.agents.fixer.permission import Asked
from sre_space.agents.unit_evidence import NOTHING_SHOWN, Shown, look
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

NO_WAY_BACK = "none: a restart has no inverse"
STOPPED = "stopped"  # on somebody's order: not by its own end


@dataclass(frozen=True)
class Restarts:
    """Restarts a unit whose life is still the one that was diagnosed."""

    config: SpaceConfig
    runtime: Runtime
    probe: Probe
    kill_switch: KillSwitch

    async def begun(self, remedy: Restart) -> bool:
        """True once that life is over: a try that was interrupted ended it, or somebody else did."""
        known = remedy.service in self.config.services  # a stranger is refused by the guardrails
        return known and (await self._unit(remedy)).incarnation != remedy.incarnation

    async def shown(self, case: Case, remedy: Restart, clock: Clock) -> Shown:
        """Return what runtime and probe say of the unit at this moment; nothing of a service that is not known."""
        service = self.config.services.get(remedy.service)
        if service is None:
            return NOTHING_SHOWN
        return await look(case, service, await self._unit(remedy), self.probe, clock)

    async def finish(self, remedy: Restart, answers: tuple[RuleAnswer, ...], asked: Asked) -> Action | None:
        """The record of what was begun; a unit that was stopped, and not started yet, is started. None while halted."""
        before = await self._unit(remedy)
        if before.state == STOPPED:
            detail = f"{remedy.service} was stopped for a restart, and is started"
            return await self._start(remedy, before, answers, detail, asked)
        detail = "the unit lives another life than the one that was diagnosed"
        return _told(ActionResult.ALREADY_CHANGED, remedy, detail, answers, before)

    async def carry_out(
        self, remedy: Restart, answers: tuple[RuleAnswer, ...], outage: bool, asked: Asked
    ) -> Action | None:
        """What was done, or why not; None while halted and after a pause. An `outage` ends when the service answers."""
        service, before = self.config.services[remedy.service], await self._unit(remedy)
        if outage and before.state == "running" and (await self.probe.check(service.health)).healthy:
            return _told(ActionResult.CLEARED, remedy, "the service answers again", answers, before)
        return await self._start(remedy, before, answers, f"{remedy.service} restarted", asked)

    async def _start(
        self, remedy: Restart, before: Unit, answers: tuple[RuleAnswer, ...], detail: str, asked: Asked
    ) -> Action | None:
        if self.kill_switch.halted() or asked.outdated:
            return None
        life = before.incarnation if before.state == STOPPED else remedy.incarnation
        try:
            after = await self.runtime.restart(before.name, life)
        except Refused as error:
            return _told(ActionResult.ALREADY_CHANGED, remedy, str(error), answers, before)
        done, was = ActionResult.DONE, describe(before)
        return Action(done, remedy, was, describe(after), NO_WAY_BACK, answers, detail)

    async def revive(self, service: str) -> str:
        """Start a unit that has ended, with the desired state of now; how the unit is then, in words."""
        unit = await self.runtime.unit(self.config.services[service].unit)
        if unit.state in ENDED and not self.kill_switch.halted():
            try:
                unit = await self.runtime.restart(unit.name, unit.incarnation)
            except Refused:  # somebody else was faster
                unit = await self.runtime.unit(unit.name)
        return f"{service} {describe(unit)}"

    async def _unit(self, remedy: Restart) -> Unit:
        return await self.runtime.unit(self.config.services[remedy.service].unit)


def describe(unit: Unit) -> str:
    """A unit's life in words."""
    return f"{unit.state}, {unit.incarnation}"


def _told(result: ActionResult, remedy: Restart, detail: str, answers: tuple[RuleAnswer, ...], unit: Unit) -> Action:
    state = describe(unit)
    return Action(result, remedy, state, state, NO_WAY_BACK, answers, detail)
