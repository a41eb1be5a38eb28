"""The answers of the read API about journeys, services, incidents and lessons."""

import logging
from dataclasses import dataclass

from sre_space.dashboard.answers.incident import BeforeAfter, IncidentAnswer
from sre_space.dashboard.answers.incidents import IncidentRow, Incidents, LessonRow, Lessons
from sre_space.dashboard.answers.now import Now
from sre_space.dashboard.answers.series import Series
from sre_space.dashboard.history.lines import subject
from sre_space.dashboard.metrics import exposition
from sre_space.dashboard.questions import IncidentQuery, SeriesQuery
from sre_space.dashboard.reading import incidents as listing
from sre_space.dashboard.reading.decision import you_may
from sre_space.dashboard.reading.fact_rows import Material
from sre_space.dashboard.reading.header import head
from sre_space.dashboard.reading.incident import incident
from sre_space.dashboard.reading.journeys import shown
from sre_space.dashboard.reading.known import Heard
from sre_space.dashboard.reading.words import MINUTE, ms
from sre_space.dashboard.watching import Watching
from sre_space.domain.case import Case
from sre_space.domain.errors import Malformed, Missing, SpaceError
from sre_space.domain.facts import Decision
from sre_space.domain.lessons import named_cause
from sre_space.ports.case_index import CaseIndex, Recalled
from sre_space.ports.people import People
from sre_space.text.plain_text import plain

log = logging.getLogger(__name__)
CHART_NS = 5 * MINUTE  # before the first symptom, and after the last fact


@dataclass
class FactAnswers:
    """Answers from the report, the record and the history; `index` is None where Memory's is not configured."""

    watching: Watching
    people: People
    index: CaseIndex | None = None
    rows: tuple[tuple[Case, ...], list[IncidentRow]] | None = None

    async def now(self) -> Now:
        """Return the view *Now*."""
        return self.watching.now()

    def number_of(self, incident: str) -> int | None:
        """Return the issue of an incident's ULID."""
        return next((case.issue for case in self.watching.record.cases if case.incident == incident), None)

    async def metrics(self) -> bytes:
        """Return the metrics."""
        return exposition(self.watching.known(), self.watching.now())

    async def series(self, query: SeriesQuery) -> Series:
        """Return the columns of a journey or service."""
        known, name = self.watching.known(), query.of
        config = self.watching.setting.config
        is_journey = name in {journey.name for journey in config.journeys}
        if not is_journey and name not in config.services:
            raise Missing(f"the configuration has neither a journey nor a service {name[:100]!r}")
        until = min(query.until or ms(known.now) + 1000, ms(known.now) + 1000)
        since = query.since if query.since is not None else until - 3_600_000
        if since >= until:
            raise Malformed("`since` is not before `until`, or both are in the future")
        of = subject("journey" if is_journey else "service", name)
        found = await self.watching.columns_of(of, since, until, query.points)
        first = await self.watching.recorder.blocks.first(of)
        return Series(
            **head(known, self.watching.sentence(known)),
            of=name,
            since=since,
            until=until,
            resolution_s=found.step,
            times=found.times,
            lines=found.lines,
            gaps=found.gaps,
            kept_since=None if first is None else first * 1000,
        )

    async def incidents(self, query: IncidentQuery) -> Incidents:
        """Return a page of the list."""
        known = self.watching.known()
        cases = tuple(known.cases)
        if self.rows is None or self.rows[0] != cases:
            self.rows = cases, listing.rows_of(known)
        return listing.incidents(known, query, self.rows[1])

    async def incident(self, number: int, token: str) -> IncidentAnswer:
        """Return one incident; what the forge does not answer now is shown as it was read last."""
        person = await self.people.of(token) if token else None
        material = await self._material(number)
        known = self.watching.known()
        return incident(known, material, you_may(material.case, person.name if person else None, known.now))

    async def _material(self, number: int) -> Material:
        known = self.watching.known().case(number)
        try:
            reading, comments, orders = await self.watching.record.whole(number)
            case = reading.case
            bodies = {0: reading.issue.body} | {comment.id: comment.body for comment in comments}
        except Missing:
            raise
        except SpaceError:
            if known is None:
                raise
            reading, bodies, orders, case = None, {}, (), known
        assert case is not None
        examined = await self.watching.traces.examined(case)
        counted = self.watching.since_action(case, self.watching.clock.now())
        chart = await self._chart(case)
        return Material(case, reading, bodies, orders, examined, chart, counted)

    async def _chart(self, case: Case) -> BeforeAfter | None:
        concerned = self.watching.setting.config.concerned([symptom.service for symptom in case.detection.symptoms])
        journey = concerned[0] if concerned else None
        if journey is None:
            return None
        since, until = ms(case.detection.begun - CHART_NS), ms(case.last.at + CHART_NS)
        try:
            found = await self.watching.columns_of(subject("journey", journey.name), since, until, 1_200)
        except SpaceError as error:
            log.warning("%s", error)
            return None
        if all(value is None for line in found.lines.values() for value in line):
            return None
        return BeforeAfter(
            of=journey.name,
            shows=shown(journey),
            since=since,
            until=until,
            resolution_s=found.step,
            times=found.times,
            lines=found.lines,
        )

    async def lessons(self, text: str, limit: int) -> Lessons:
        """Return the lessons nearest in meaning whose incident verifies on its issue."""
        found: tuple[Recalled, ...] = ()
        why = "Memory's index is not configured: CHROMA_URL names it"
        if self.index is not None:
            try:
                found = tuple(await self.index.recall(text, limit))
                why = "" if found else "nothing similar is remembered"
                self.watching.memory = Heard(self.watching.clock.now())
            except SpaceError as error:
                why = str(error)
                self.watching.memory = Heard(self.watching.memory.at, why)
        known = self.watching.known()
        by_ulid = {case.incident: case for case in known.cases}
        rows_found = [
            LessonRow(
                incident=case.issue,
                similarity=round(one.similarity, 3),
                text=plain(one.lesson.text),
                cause=plain(named_cause(case)),
                remedy=_remedy(case),
                helped=any(trial.helped for trial in case.trials),
            )
            for one in found
            if (case := by_ulid.get(one.lesson.id)) is not None
        ]
        return Lessons(
            **head(known, self.watching.sentence(known)),
            query=text,
            lessons=tuple(rows_found),
            why=why,
        )


def _remedy(case: Case) -> str:
    decision = case.latest(Decision)
    return plain(decision.remedy.name) if decision else ""
