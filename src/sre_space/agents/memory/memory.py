"""Memory's duties: recall what was learnt from like incidents, and remember this one.

The issues are the truth, the index only finds them: what came of a remedy, and what a person said, is read from the
issues whenever a lesson is, also long after it was learnt.
"""

import logging
from dataclasses import dataclass, field, replace

from sre_space.agents.memory.lessons import lesson_of, question_of
from sre_space.domain.case import Case
from sre_space.domain.errors import SpaceError
from sre_space.domain.facts import Learnt, PastCase, Payload, Recall, Step
from sre_space.domain.lessons import past_cases, provisional, recurrence
from sre_space.ports.case_index import CaseIndex, Recalled
from sre_space.ports.clock import Clock
from sre_space.ports.forge import Forge
from sre_space.ports.incident_repository import IncidentRepository
from sre_space.ports.orders import Orders, Resolution
from sre_space.record.resolution import read_resolution

log = logging.getLogger(__name__)

MAX_ISSUE = 2**31  # anybody who reaches the index can write anything into it
PROVISIONAL_NS = 30 * 60 * 10**9
LOOK_AGAIN_S = 60.0
LOOK_BACK_NS = 24 * 3600 * 10**9  # for what people said while Memory did not run
OVERLAP_NS = 5 * 60 * 10**9  # the clocks of the forge and of Memory may differ


@dataclass
class Memory:
    """Keeps an index. `settled` holds the recurrence of each lesson about which nothing can change any more."""

    index: CaseIndex
    incidents: IncidentRepository
    forge: Forge
    orders: Orders
    clock: Clock
    settled: dict[str, int] = field(default_factory=dict)

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """RECALL or REMEMBER."""
        if step is Step.RECALL:
            return Recall(await self._similar(case))
        lesson = lesson_of(case, past_cases(case, 0), await read_resolution(case, self.orders))
        await self.index.remember(lesson)
        return Learnt(lesson.text, self.clock.now() + PROVISIONAL_NS)

    async def recorded(self, case: Case) -> None:
        """A remembered case is closed."""
        if case.last.step is Step.REMEMBER and case.is_open:
            await self.forge.close_issue(case.issue)

    async def rebuild(self) -> int:
        """Index every lesson anew from the issues alone; how many there are."""
        cases = await self.incidents.touched(0)
        return sum([await self._index(case, recurrence(case, cases)) for case in cases])

    async def listen_to_people(self) -> None:
        """For ever: index what people said on incidents that were left to them, also after these were closed."""
        since = self.clock.now() - LOOK_BACK_NS
        while True:
            since = await self.hear(since)
            await self.clock.sleep(LOOK_AGAIN_S)

    async def hear(self, since: int) -> int:
        """Index what was said at or after `since` (Unix ns); from when on to look the next time."""
        now = self.clock.now()
        try:
            for case in await self.incidents.touched(since):
                if case.escalated:
                    await self._index(case, await self._recurrence(case))
        except SpaceError as error:
            log.warning("what people said is read again in %.0f s: %s", LOOK_AGAIN_S, error)
            return since
        return now - OVERLAP_NS

    async def _index(self, case: Case, back: int) -> bool:
        """Index what a case taught, if it has taught something; whether it has."""
        said = await read_resolution(case, self.orders)
        if not _taught(case, said):
            return False
        await self.index.remember(lesson_of(case, past_cases(case, back), said))
        return True

    async def _similar(self, case: Case) -> tuple[PastCase, ...]:
        """Only lessons whose issue still verifies are handed on: the index alone is not believed."""
        found = [await self._verified(one, case) for one in await self.index.recall(question_of(case))]
        return tuple(past for pasts in found for past in pasts)

    async def _verified(self, one: Recalled, asking: Case) -> tuple[PastCase, ...]:
        issue = one.lesson.facts.get("issue")
        past = await self.incidents.case(issue) if isinstance(issue, int) and 0 < issue <= MAX_ISSUE else None
        if past is None or past.incident != one.lesson.id:
            return ()
        said = await read_resolution(past, self.orders)
        if not _taught(past, said):
            return ()
        pasts = past_cases(past, await self._recurrence(past), one.similarity, asking)
        return (*pasts[:-1], replace(pasts[-1], said=said.text, said_by=said.by)) if said else pasts

    async def _recurrence(self, past: Case) -> int:
        """Return in which issue it came back while its lesson was provisional (0: in none), as the issues show it."""
        after, until = provisional(past)
        if not until or past.incident in self.settled:
            return self.settled.get(past.incident, 0)
        followed = await self.incidents.opened(after, until)
        back = recurrence(past, followed)
        if self.clock.now() > until + PROVISIONAL_NS and not any(case.is_open for case in followed):
            self.settled[past.incident] = back
        return back


def _taught(case: Case, said: Resolution | None) -> bool:
    """What was remembered, and what a person closed who said how it was ended."""
    return case.fact_of(Step.REMEMBER) is not None or (said is not None and not case.is_open)
