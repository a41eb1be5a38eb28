"""An agent whose own clock is wrong says so and does nothing. Used by the runner and the opener, which ask it.

Deadlines, evidence of at most five seconds ago and the order of facts are told by clocks; an agent that reads another
time than everybody else would judge all of them wrongly.
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
    """One agent's; `told` is what each of the others told lately, `thought` the opinion after they were asked last.

    An opinion is acted on at once, and said when the next answers agree: servers that stood still tell an old time for
    a second, and what was told before all clocks were set disagrees until they are asked again.
    """

    dates: Dates
    clock: Clock
    reporter: Reporter
    pager: Pager
    told: dict[str, tuple[ClockReading, ...]] = field(default_factory=dict)
    thought: Opinion = Opinion()
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
            news = (ClockReading(dates[name], steady),) if name in dates else ()
            self.told[name] = (*kept(self.told.get(name, ()), steady), *news)
        before, self.thought = self.thought, self._opinion()
        if _kind(self.thought) == _kind(before) != _kind(self.said):
            self._say(self.thought)

    def wrong(self) -> str:
        """Return what is wrong with this clock now ("": nothing is known to be)."""
        return self._opinion().own

    def _opinion(self) -> Opinion:
        read = self.clock.pauses().read
        found = opinion(self.told, read.wall, read.steady)
        self.reporter.clock(found.offset / 10**9)
        return found

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
