"""Checks this agent's own clock; an agent whose clock is wrong does nothing. Used by the runner and the opener.

Deadlines, the age of evidence and the order of facts depend on clocks; an agent with another time than all others would
misjudge them.
"""

import logging
from dataclasses import dataclass, field, replace

from sre_space.domain.clocks import ClockComparison, ClockReading, compare_clocks, recent_readings
from sre_space.loop.pager import Pager
from sre_space.ports.clock import Clock
from sre_space.ports.dates import Dates
from sre_space.ports.reporting import Reporter

log = logging.getLogger(__name__)

EVERY_S = 5.0


@dataclass
class ClockCheck:
    """Compares the clock of one agent with those of the servers and services that it talks to.

    `readings` are the recent ones of each other clock, `current` the opinion after the newest comparison, `reported`
    the last one that was reported. An opinion takes effect at once, but is reported only when the next comparison
    confirms it: servers that were suspended report an old time for a second, and readings from before all clocks were
    set disagree until they are renewed.
    """

    dates: Dates
    clock: Clock
    reporter: Reporter
    pager: Pager
    readings: dict[str, tuple[ClockReading, ...]] = field(default_factory=dict)
    current: ClockComparison = ClockComparison()
    reported: ClockComparison = ClockComparison()

    async def compare_forever(self) -> None:
        """Compare the clocks every five seconds and report when the opinion changes; never return."""
        while True:
            await self.compare()
            await self.clock.sleep(EVERY_S)

    async def compare(self) -> None:
        """Ask the other clocks once and update the opinion."""
        dates = await self.dates.ask()
        steady = self.clock.pauses().read.steady
        for name in {*self.readings, *dates}:
            reading = (ClockReading(dates[name], steady),) if name in dates else ()
            self.readings[name] = (*recent_readings(self.readings.get(name, ()), steady), *reading)
        before, self.current = self.current, self._opinion()
        if _kind(self.current) == _kind(before) != _kind(self.reported):
            self._report(self.current)

    def wrong(self) -> str:
        """Return what is wrong with this clock now, or "" when nothing is known to be."""
        return self._opinion().own

    def _opinion(self) -> ClockComparison:
        read = self.clock.pauses().read
        current = compare_clocks(self.readings, read.wall, read.steady)
        self.reporter.clock(current.offset / 10**9)
        return current

    def _report(self, current: ClockComparison) -> None:
        before, self.reported = self.reported, current
        if current.own:
            log.error(
                "%s: this agent does nothing until the clock is right; set it, and keep it right with NTP", current.own
            )
            self.pager.clock(current.own)
        elif before.own:
            log.info("this clock is right again")
        if current.others and not before.others:
            log.warning("%s; their facts and evidence may not count until it is right", current.others)


def _kind(clock_opinion: ClockComparison) -> ClockComparison:
    """Return the opinion without its figures: a second more or less is not worth a report."""
    return replace(clock_opinion, own=str(bool(clock_opinion.own)), others=str(bool(clock_opinion.others)), offset=0)
