"""Checks this agent's own clock; an agent whose clock is wrong does nothing. Used by the runner and the opener.

Deadlines, the age of evidence and the order of facts depend on clocks; an agent with another time than all others would
misjudge them.
"""

import logging
from dataclasses import dataclass, field, replace

from sre_space.domain.clocks import ClockReading, Opinion, kept, opinion
from sre_space.loop.pager import Pager
from sre_space.ports.clock import Clock
from sre_space.ports.dates import Dates
from sre_space.ports.reporting import Reporter

log = logging.getLogger(__name__)

EVERY_S = 5.0


@dataclass
class ClockCheck:
    """Compares the clock of one agent with those of the servers and services that it talks to.

    `told` are the recent readings of each other clock, `thought` the opinion after the newest comparison, `said` the
    last reported one. An opinion takes effect at once, but is reported only when the next comparison confirms it:
    servers that were suspended report an old time for a second, and readings from before all clocks were set disagree
    until they are renewed.
    """

    dates: Dates
    clock: Clock
    reporter: Reporter
    pager: Pager
    told: dict[str, tuple[ClockReading, ...]] = field(default_factory=dict)
    thought: Opinion = Opinion()
    said: Opinion = Opinion()

    async def compare_for_ever(self) -> None:
        """Compare the clocks every five seconds and report when the opinion changes; never return."""
        while True:
            await self.compare()
            await self.clock.sleep(EVERY_S)

    async def compare(self) -> None:
        """Ask the other clocks once and update the opinion."""
        dates = await self.dates.ask()
        steady = self.clock.pauses().read.steady
        for name in {*self.told, *dates}:
            reading = (ClockReading(dates[name], steady),) if name in dates else ()
            self.told[name] = (*kept(self.told.get(name, ()), steady), *reading)
        before, self.thought = self.thought, self._opinion()
        if _kind(self.thought) == _kind(before) != _kind(self.said):
            self._report(self.thought)

    def wrong(self) -> str:
        """Return what is wrong with this clock now, or "" when nothing is known to be."""
        return self._opinion().own

    def _opinion(self) -> Opinion:
        read = self.clock.pauses().read
        current = opinion(self.told, read.wall, read.steady)
        self.reporter.clock(current.offset / 10**9)
        return current

    def _report(self, current: Opinion) -> None:
        before, self.said = self.said, current
        if current.own:
            log.error(
                "%s: this agent does nothing until the clock is right; set it, and keep it right with NTP", current.own
            )
            self.pager.clock(current.own)
        elif before.own:
            log.info("this clock is right again")
        if current.others and not before.others:
            log.warning("%s; their facts and evidence may not count until it is right", current.others)


def _kind(clock_opinion: Opinion) -> Opinion:
    """Return the opinion without its figures: a second more or less is not worth a report."""
    return replace(clock_opinion, own=str(bool(clock_opinion.own)), others=str(bool(clock_opinion.others)), offset=0)
