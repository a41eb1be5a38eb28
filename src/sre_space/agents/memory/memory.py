"""Memory's steps: recall what was learnt from similar incidents, and remember this one.

The issues are the truth, the index only finds them: the outcome of a remedy and what a person reported are read from
the issues whenever a lesson is recalled, however old the lesson is.
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

MAX_ISSUE = 2**31  # a bound, since whoever can reach the index can write anything into it
PROVISIONAL_NS = 30 * 60 * 10**9
POLL_S = 60.0
LOOKBACK_NS = 24 * 3600 * 10**9  # for resolutions that people reported while Memory did not run
OVERLAP_NS = 5 * 60 * 10**9  # the clocks of the forge and of Memory may differ


@dataclass
class Memory:
    """Keeps the index of lessons. `settled` caches by incident the recurrence of lessons that are final."""

    index: CaseIndex
    incidents: IncidentRepository
    forge: Forge
    orders: Orders
    clock: Clock
    settled: dict[str, int] = field(default_factory=dict)

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """Return the similar incidents for RECALL, or index this one and return its lesson for REMEMBER."""
        if step is Step.RECALL:
            return Recall(await self._similar(case))
        lesson = lesson_of(case, past_cases(case, 0), await read_resolution(case, self.orders))
        await self.index.remember(lesson)
        return Learnt(lesson.text, self.clock.now() + PROVISIONAL_NS)

    async def recorded(self, case: Case) -> None:
        """Close the issue of a remembered incident."""
        if case.last.step is Step.REMEMBER and case.is_open:
            await self.forge.close_issue(case.issue)

    async def rebuild(self) -> int:
        """Index every lesson anew from the issues alone, and return how many there are."""
        cases = await self.incidents.touched(0)
        return sum([await self._index(case, recurrence(case, cases)) for case in cases])

    async def index_resolutions_forever(self) -> None:
        """Index, every minute, what people report on escalated incidents, open or closed; never return."""
        since = self.clock.now() - LOOKBACK_NS
        while True:
            since = await self.index_resolutions(since)
            await self.clock.sleep(POLL_S)

    async def index_resolutions(self, since: int) -> int:
        """Index what people reported at or after `since` (Unix ns), and return the time from which to read next."""
        now = self.clock.now()
        try:
            for case in await self.incidents.touched(since):
                if case.escalated:
                    await self._index(case, await self._recurrence(case))
        except SpaceError as error:
            log.warning("the resolutions that people reported are read again in %.0f s: %s", POLL_S, error)
            return since
        return now - OVERLAP_NS

    async def _index(self, case: Case, recurred_in: int) -> bool:
        """Index what an incident taught, and return True if it has taught something."""
        resolution = await read_resolution(case, self.orders)
        if not _taught(case, resolution):
            return False
        await self.index.remember(lesson_of(case, past_cases(case, recurred_in), resolution))
        return True

    async def _similar(self, case: Case) -> tuple[PastCase, ...]:
        """Return the lessons of similar incidents whose issue still verifies: the index alone is not trusted."""
        verified = [await self._verified(recalled, case) for recalled in await self.index.recall(question_of(case))]
        return tuple(past for pasts in verified for past in pasts)

    async def _verified(self, recalled: Recalled, current: Case) -> tuple[PastCase, ...]:
        """Return what a recalled incident teaches about the current one, or () when its issue does not verify."""
        issue = recalled.lesson.facts.get("issue")
        past = await self.incidents.case(issue) if isinstance(issue, int) and 0 < issue <= MAX_ISSUE else None
        if past is None or past.incident != recalled.lesson.id:
            return ()
        resolution = await read_resolution(past, self.orders)
        if not _taught(past, resolution):
            return ()
        pasts = past_cases(past, await self._recurrence(past), recalled.similarity, current)
        return (*pasts[:-1], replace(pasts[-1], said=resolution.text, said_by=resolution.by)) if resolution else pasts

    async def _recurrence(self, past: Case) -> int:
        """Return the number of the issue in which the fault recurred while its lesson was provisional; 0 for none."""
        after, until = provisional(past)
        if not until or past.incident in self.settled:
            return self.settled.get(past.incident, 0)
        later = await self.incidents.opened(after, until)
        recurred_in = recurrence(past, later)
        if self.clock.now() > until + PROVISIONAL_NS and not any(case.is_open for case in later):
            self.settled[past.incident] = recurred_in
        return recurred_in


def _taught(case: Case, resolution: Resolution | None) -> bool:
    """Return True when the incident was remembered, or was closed after a person reported the resolution."""
    return case.fact_of(Step.REMEMBER) is not None or (resolution is not None and not case.is_open)
