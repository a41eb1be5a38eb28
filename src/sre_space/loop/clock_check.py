"""An agent whose own clock is wrong says so and does nothing. Used by the runner and the opener, which ask it.

Deadlines, evidence of at most five seconds ago and the order of facts are told by clocks; an agent that reads another
time than everybody else would judge all of them wrongly.
"""

import logging
from dataclasses import dataclass, field, replace

from sre_space.domain.clocks import Opinion, Told, kept, opinion
from sre_space.loop.pager import Pager
from sre_space.ports.clock import Clock
from sre_space.ports.dates import Dates
from sre_space.ports.reporting import Reporter

log = logging.getLogger(__name__)

EVERY_S = 5.0


@dataclass
class ClockCheck:
    """One agent's; `told` is what each of the others told lately."""

    dates: Dates
    clock: Clock
    reporter: Reporter
    pager: Pager
    told: dict[str, tuple[Told, ...]] = field(default_factory=dict)
    said: Opinion = Opinion()

    async def compare_for_ever(self) -> None:
        """Ask the others every five seconds, and say when the opinion changes."""
        while True:
            await self.compare()
            await self.clock.sleep(EVERY_S)

    async def compare(self) -> None:
        """Ask the others once."""
        dates = await self.dates.ask()
        steady = self.clock.pauses().read.steady
        for name in {*self.told, *dates}:
            news = (Told(dates[name], steady),) if name in dates else ()
            self.told[name] = (*kept(self.told.get(name, ()), steady), *news)
        self.wrong()

    def wrong(self) -> str:
        """Return what is wrong with this clock now ("": nothing is known to be); say it when it is news."""
        read = self.clock.pauses().read
        found = opinion(self.told, read.wall, read.steady)
        self.reporter.clock(found.offset / 10**9)
        if _kind(found) != _kind(self.said):
            self._say(found)
        return found.own

    def _say(self, found: Opinion) -> None:
        before, self.said = self.said, found
        if found.own:
            log.error("%s: nothing is done until it is right; set it, and let NTP keep it", found.own)
            self.pager.clock(found.own)
        elif before.own:
            log.info("this clock is right again")
        if found.others and not before.others:
            log.warning("%s; facts and evidence of theirs may not count until it is right", found.others)


def _kind(found: Opinion) -> Opinion:
    """Return it without its figures: a second more is no news."""
    return replace(found, own=str(bool(found.own)), others=str(bool(found.others)), offset=0)
