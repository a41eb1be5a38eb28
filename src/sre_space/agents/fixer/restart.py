"""Restarting a unit: the remedy without a way back. Used by `fixer.py`."""

from dataclasses import dataclass

from sre_space.domain.chart import Chart
from sre_space.domain.errors import Refused
from sre_space.domain.facts import Action, ActionResult, RuleAnswer
from sre_space.domain.remedies import Restart
from sre_space.ports.brake import Brake
from sre_space.ports.probe import Probe
from sre_space.ports.runtime import Runtime, Unit

NO_WAY_BACK = "none: a restart has no inverse"
ENDED = ("stopped", "exited", "fatal")


@dataclass(frozen=True)
class Restarts:
    """Restarts a unit whose life is still the one that was diagnosed."""

    chart: Chart
    runtime: Runtime
    probe: Probe
    brake: Brake

    async def carry_out(self, remedy: Restart, answers: tuple[RuleAnswer, ...], outage: bool) -> Action | None:
        """What was done, or why not; None while halted. An `outage` is over when the service answers."""
        service = self.chart.services[remedy.service]
        before = await self.runtime.unit(service.unit)
        if before.incarnation != remedy.incarnation:
            detail = "the unit lives another life than the one that was diagnosed"
            return _told(ActionResult.ALREADY_CHANGED, remedy, detail, answers, before)
        if outage and before.state == "running" and (await self.probe.check(service.health)).healthy:
            return _told(ActionResult.CLEARED, remedy, "the service answers again", answers, before)
        if self.brake.halted():
            return None
        try:
            after = await self.runtime.restart(service.unit, remedy.incarnation)
        except Refused as error:
            return _told(ActionResult.ALREADY_CHANGED, remedy, str(error), answers, before)
        return Action(
            ActionResult.DONE, remedy, describe(before), describe(after), NO_WAY_BACK, answers,
            f"{remedy.service} restarted",
        )  # fmt: skip

    async def revive(self, service: str) -> str:
        """Start a unit that has ended, with the desired state of now; how the unit is then, in words."""
        unit = await self.runtime.unit(self.chart.services[service].unit)
        if unit.state in ENDED and not self.brake.halted():
            try:
                unit = await self.runtime.restart(unit.name, unit.incarnation)
            except Refused:  # somebody else was faster
                unit = await self.runtime.unit(unit.name)
        return f"{service} {describe(unit)}"


def describe(unit: Unit) -> str:
    """A unit's life in words."""
    return f"{unit.state}, {unit.incarnation}"


def _told(result: ActionResult, remedy: Restart, detail: str, answers: tuple[RuleAnswer, ...], unit: Unit) -> Action:
    state = describe(unit)
    return Action(result, remedy, state, state, NO_WAY_BACK, answers, detail)
