"""Reads cases from the forge: the verified history that every agent works from."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from sre_space.domain.case import Case, Found
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.errors import Missing, SpaceError, Unavailable
from sre_space.domain.facts import Action, ActionResult, Decision, Undo
from sre_space.domain.guardrails import PastAction
from sre_space.domain.remedies import Remedy
from sre_space.ports.forge import Comment, Forge, Issue
from sre_space.ports.signing import TrustStore
from sre_space.record.reading import SKEW_NS, ReadIssue, copied, read, unread

log = logging.getLogger(__name__)

MUCH = 50_000  # characters, or as many as a comment is counted for: reading more holds up what else the process does
A_COMMENT = 1_000


@dataclass(frozen=True)
class OpenIncidentsRead:
    """The open incidents, and what on open issues does not count: the reason by (issue, place)."""

    cases: tuple[Case, ...]
    void: Mapping[tuple[int, int], str]


@dataclass
class IncidentRepository:
    """Fulfils `ports.ledger.Ledger` over the forge and the trust store.

    `first` remembers the issue of each incident: an opening is signed before its issue has a number, so anybody can
    copy it into another one. `last` are the issues that could not be read: they are read after all others, so that
    they hide none.
    """

    forge: Forge
    trust: TrustStore
    repository: str
    first: dict[str, int] = field(default_factory=dict)
    last: set[int] = field(default_factory=set)

    async def case(self, issue: int) -> Case | None:
        """The verified case of an issue; None when the issue is not an incident of ours."""
        try:
            return await self._case(await self.forge.issue(issue))
        except Missing:
            return None

    async def open_cases(self) -> Sequence[Case]:
        """Every open incident, oldest first; of two with one ULID only one."""
        return (await self.look()).cases

    async def look(self) -> OpenIncidentsRead:
        """Everything that lies on the open issues."""
        readings = await self.readings(await self.forge.issues(state="open"))
        void = {(one.issue.number, void.place): void.reason for one in readings for void in one.void}
        return OpenIncidentsRead(tuple(one.case for one in readings if one.case is not None), void)

    async def past_actions(self, since: int) -> Sequence[PastAction]:
        """Actions that changed a service at or after `since`, over open and closed incidents."""
        return [action for case in await self.touched(since) for action in _actions(case, since)]

    async def touched(self, since: int) -> Sequence[Case]:
        """Open and closed incidents on which something was said or done at or after `since` (Unix ns)."""
        cases = [await self._case(issue) for issue in await self.forge.issues(state="all", since=since)]
        return [case for case in cases if case is not None]

    async def opened(self, after: int, until: int) -> Sequence[Case]:
        """Incidents that were opened between two times (Unix ns); of all others only the issue itself is read."""
        since = max(0, after - SKEW_NS)
        openings = [await self._read(issue, ()) for issue in await self.forge.issues(state="all", since=since)]
        within = [one.issue for one in openings if one.case is not None and after < one.case.opened < until]
        return [one.case for one in await self.readings(within) if one.case is not None]

    async def readings(self, issues: Iterable[Issue]) -> list[ReadIssue]:
        """Each issue, by number. One that cannot be read hides no other; `Unavailable` when the forge asks for rest."""
        readings = []
        for issue in sorted(issues, key=lambda one: (one.number in self.last, one.number)):
            try:
                readings.append(await self.reading(issue))
                self.last.discard(issue.number)
            except SpaceError as error:
                if isinstance(error, Unavailable) and error.retry_after:
                    raise
                log.warning("issue %d cannot be read: %s", issue.number, error)
                self.last.add(issue.number)
                if not isinstance(error, Missing):
                    readings.append(await self._read(issue, (), str(error)))
        return sorted(readings, key=lambda one: one.issue.number)

    async def _case(self, issue: Issue) -> Case | None:
        return (await self.reading(issue)).case

    async def reading(self, issue: Issue) -> ReadIssue:
        """An issue with what counts on it and what does not; the comments of what is no incident are not fetched."""
        opening = await self._read(issue, ())
        if opening.case is None:
            return opening
        if self.first.get(opening.case.incident, issue.number) != issue.number:
            return copied(opening)
        return await self.reading_of(issue, await self._comments(issue))

    async def reading_of(self, issue: Issue, comments: Sequence[Comment]) -> ReadIssue:
        """The same with comments that were fetched before."""
        reading = await self._read(issue, comments)
        if reading.case is None:
            return reading
        if reading.case.incident not in self.first:
            await self._settle(reading.case)
        return reading if self.first.get(reading.case.incident) == issue.number else copied(reading)

    async def _read(self, issue: Issue, comments: Sequence[Comment], why: str = "") -> ReadIssue:
        """What was fetched, read; in a thread when it is much: strangers say how much. `why`: not all was fetched."""
        told = (self.repository, self.trust, issue)
        reads = partial(unread, *told, why) if why else partial(read, *told, comments)
        if len(issue.body) + sum(len(one.body) + A_COMMENT for one in comments) > MUCH:
            return await asyncio.to_thread(reads)
        await asyncio.sleep(0)  # others have their turn, however many issues there are
        return reads()

    async def _comments(self, issue: Issue) -> Sequence[Comment]:
        return await self.forge.comments(issue.number) if issue.comments else ()

    async def _settle(self, case: Case) -> None:
        """Which issue each incident since this one is: the one with recorded facts, or else the lowest number.

        Facts after the opening are signed for their issue, so a copy has none. It is younger than what it copies.
        """
        since = case.chain[0].fact.at
        issues = await self.forge.issues(state="all", since=max(0, since - SKEW_NS))
        openings: dict[str, list[Issue]] = {}
        for issue in issues:
            found = (await self._read(issue, ())).case
            if found is not None and found.chain[0].fact.at >= since:
                openings.setdefault(found.incident, []).append(issue)
        for incident, several in openings.items():
            self.first[incident] = several[0].number if len(several) == 1 else await self._best(several)

    async def _best(self, several: Sequence[Issue]) -> int:
        readings = [await self._read(issue, await self._comments(issue)) for issue in several]
        return max(readings, key=lambda one: (len(one.case.chain) if one.case else 0, -one.issue.number)).issue.number


def _actions(case: Case, since: int) -> list[PastAction]:
    """What changed a service, takings back included; finished once the case has ended or waits for people."""
    finished = not case.is_open or case.recovered or waits_for_people(case)
    return [
        PastAction(
            payload.remedy.service, entry.fact.at, case.incident, finished, _places(payload.remedy), _cause(case, entry)
        )
        for entry in case.chain
        if entry.fact.at >= since and isinstance(payload := entry.fact.payload, Action | Undo) and _changed(payload)
    ]


def _cause(case: Case, entry: Found) -> str:
    """Of the decision before it."""
    earlier = (one.fact.payload for one in reversed(case.chain) if one.fact.seq < entry.fact.seq)
    decision = next((payload for payload in earlier if isinstance(payload, Decision)), None)
    return decision.diagnosis.causes[0].kind.value if decision and decision.diagnosis.causes else ""


def _changed(payload: Action | Undo) -> bool:
    return payload.changed if isinstance(payload, Action) else payload.result is ActionResult.DONE


def _places(remedy: Remedy) -> tuple[str, ...]:
    return tuple(edit.place for edit in remedy.edits)
