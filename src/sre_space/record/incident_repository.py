"""Reads incidents from the forge: the verified history from which every agent works."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from sre_space.domain.case import Case, FoundFact
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.errors import Missing, SpaceError, Unavailable
from sre_space.domain.facts import Action, ActionResult, Decision, Undo
from sre_space.domain.guardrails import PastAction
from sre_space.domain.remedies import Remedy
from sre_space.ports.forge import Comment, Forge, Issue
from sre_space.ports.signing import TrustStore
from sre_space.record.reading import SKEW_NS, ReadIssue, copied, read, unread

log = logging.getLogger(__name__)

MAX_INLINE = 50_000  # characters that are read in the event loop: reading more would delay other tasks
COMMENT_COST = 1_000  # characters that a comment counts for, in addition to its text


@dataclass(frozen=True)
class OpenIncidentsRead:
    """The open incidents, and by (issue, comment) why texts on open issues do not count."""

    cases: tuple[Case, ...]
    void: Mapping[tuple[int, int], str]


@dataclass
class IncidentRepository:
    """Reads and verifies incidents with the forge and the trust store; implements `ports.incident_repository`.

    `first` is the original issue of each incident: an opening is signed before its issue has a number, so that anyone
    can copy it into another issue. `last` are issues that could not be read: they are read after all others, so that
    they hide none.
    """

    forge: Forge
    trust: TrustStore
    repository: str
    first: dict[str, int] = field(default_factory=dict)
    last: set[int] = field(default_factory=set)

    async def case(self, issue: int) -> Case | None:
        """Return the verified case of an issue; None when the issue does not exist or is not an incident."""
        try:
            return await self._case(await self.forge.issue(issue))
        except Missing:
            return None

    async def open_cases(self) -> Sequence[Case]:
        """Return every open incident, oldest first; of two with the same ULID, only the original."""
        return (await self.read_open()).cases

    async def read_open(self) -> OpenIncidentsRead:
        """Return the open incidents and the texts on open issues that do not count."""
        readings = await self.readings(await self.forge.issues(state="open"))
        void = {(reading.issue.number, void.place): void.reason for reading in readings for void in reading.void}
        return OpenIncidentsRead(tuple(reading.case for reading in readings if reading.case is not None), void)

    async def past_actions(self, since: int) -> Sequence[PastAction]:
        """Return the actions that changed a service at or after `since` (Unix ns), of open and closed incidents."""
        return [action for case in await self.touched(since) for action in _actions(case, since)]

    async def touched(self, since: int) -> Sequence[Case]:
        """Return the open and closed incidents whose issue was changed at or after `since` (Unix ns)."""
        cases = [await self._case(issue) for issue in await self.forge.issues(state="all", since=since)]
        return [case for case in cases if case is not None]

    async def opened(self, after: int, until: int) -> Sequence[Case]:
        """Return the incidents opened between two times (Unix ns); of other issues no comments are read."""
        since = max(0, after - SKEW_NS)
        openings = [await self._read(issue, ()) for issue in await self.forge.issues(state="all", since=since)]
        within = [
            reading.issue for reading in openings if reading.case is not None and after < reading.case.opened < until
        ]
        return [reading.case for reading in await self.readings(within) if reading.case is not None]

    async def readings(self, issues: Iterable[Issue]) -> list[ReadIssue]:
        """Return the readings of issues, by number; an issue that cannot be read does not hide the others.

        Raise `Unavailable` when the forge asks to be called later.
        """
        readings = []
        for issue in sorted(issues, key=lambda issue: (issue.number in self.last, issue.number)):
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
        return sorted(readings, key=lambda reading: reading.issue.number)

    async def _case(self, issue: Issue) -> Case | None:
        return (await self.reading(issue)).case

    async def reading(self, issue: Issue) -> ReadIssue:
        """Return the reading of an issue; the comments of an issue that is not an incident are not fetched."""
        opening = await self._read(issue, ())
        if opening.case is None:
            return opening
        if self.first.get(opening.case.incident, issue.number) != issue.number:
            return copied(opening)
        return await self.reading_of(issue, await self._comments(issue))

    async def reading_of(self, issue: Issue, comments: Sequence[Comment]) -> ReadIssue:
        """Return the reading of an issue with comments that were fetched already."""
        reading = await self._read(issue, comments)
        if reading.case is None:
            return reading
        if reading.case.incident not in self.first:
            await self._settle(reading.case)
        return reading if self.first.get(reading.case.incident) == issue.number else copied(reading)

    async def _read(self, issue: Issue, comments: Sequence[Comment], why: str = "") -> ReadIssue:
        """Return the reading of what was fetched; `why` says why comments are missing ("": none are).

        A long issue is read in a thread, since strangers decide how long it is.
        """
        arguments = (self.repository, self.trust, issue)
        read_issue = partial(unread, *arguments, why) if why else partial(read, *arguments, comments)
        if len(issue.body) + sum(len(comment.body) + COMMENT_COST for comment in comments) > MAX_INLINE:
            return await asyncio.to_thread(read_issue)
        await asyncio.sleep(0)  # lets other tasks run, however many issues there are
        return read_issue()

    async def _comments(self, issue: Issue) -> Sequence[Comment]:
        return await self.forge.comments(issue.number) if issue.comments else ()

    async def _settle(self, case: Case) -> None:
        """Find the original issue of this incident and of all that were opened later, and remember it in `first`.

        The original is the issue with recorded facts, or else the one with the lowest number: facts after the opening
        are signed for their issue, so a copy has none, and it is younger than its original.
        """
        since = case.chain[0].fact.at
        issues = await self.forge.issues(state="all", since=max(0, since - SKEW_NS))
        openings: dict[str, list[Issue]] = {}
        for issue in issues:
            found = (await self._read(issue, ())).case
            if found is not None and found.chain[0].fact.at >= since:
                openings.setdefault(found.incident, []).append(issue)
        for incident, candidates in openings.items():
            self.first[incident] = candidates[0].number if len(candidates) == 1 else await self._original(candidates)

    async def _original(self, candidates: Sequence[Issue]) -> int:
        readings = [await self._read(issue, await self._comments(issue)) for issue in candidates]
        return max(
            readings, key=lambda reading: (len(reading.case.chain) if reading.case else 0, -reading.issue.number)
        ).issue.number


def _actions(case: Case, since: int) -> list[PastAction]:
    """Return the actions and undos of the case that changed a service.

    They count as finished once the case is closed, recovered, or waits for people.
    """
    finished = not case.is_open or case.recovered or waits_for_people(case)
    return [
        PastAction(
            payload.remedy.service, entry.fact.at, case.incident, finished, _places(payload.remedy), _cause(case, entry)
        )
        for entry in case.chain
        if entry.fact.at >= since and isinstance(payload := entry.fact.payload, Action | Undo) and _changed(payload)
    ]


def _cause(case: Case, entry: FoundFact) -> str:
    """Return the kind of cause in the decision before the fact; "" when there is none."""
    earlier = (link.fact.payload for link in reversed(case.chain) if link.fact.seq < entry.fact.seq)
    decision = next((payload for payload in earlier if isinstance(payload, Decision)), None)
    return decision.diagnosis.causes[0].kind.value if decision and decision.diagnosis.causes else ""


def _changed(payload: Action | Undo) -> bool:
    return payload.changed if isinstance(payload, Action) else payload.result is ActionResult.DONE


def _places(remedy: Remedy) -> tuple[str, ...]:
    return tuple(edit.place for edit in remedy.edits)
