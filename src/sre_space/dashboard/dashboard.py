"""The dashboard: holds what its sources said last, publishes what changes, and answers every question of the API."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.codec.symptom_report import SymptomReport
from sre_space.dashboard.acting.desk import Desk
from sre_space.dashboard.answers.acting import Me, NewOrder, OrderTaken
from sre_space.dashboard.answers.base import Sentence
from sre_space.dashboard.answers.incident import BeforeAfter, IncidentAnswer
from sre_space.dashboard.answers.incidents import IncidentRow, Incidents, LessonRow, Lessons
from sre_space.dashboard.answers.now import Now
from sre_space.dashboard.answers.series import Series
from sre_space.dashboard.answers.service_map import ServiceMap
from sre_space.dashboard.answers.traces import SpanDetail, Traces, Waterfall
from sre_space.dashboard.following.record import Record
from sre_space.dashboard.following.reports import Reports
from sre_space.dashboard.following.surroundings import Surroundings
from sre_space.dashboard.following.traces import GONE, FoundTraces, TraceSources
from sre_space.dashboard.history.columns import Columns, Wanted, columns
from sre_space.dashboard.history.lines import subject
from sre_space.dashboard.history.recorder import Recorder
from sre_space.dashboard.metrics import exposition
from sre_space.dashboard.questions import IncidentQuery, MapQuery, SeriesQuery
from sre_space.dashboard.reading import incidents as listing
from sre_space.dashboard.reading.decision import you_may
from sre_space.dashboard.reading.header import mode, sources, space
from sre_space.dashboard.reading.incident import Material, incident
from sre_space.dashboard.reading.journeys import journeys, shown
from sre_space.dashboard.reading.known import Counted, Heard, Known
from sre_space.dashboard.reading.maps import service_map
from sre_space.dashboard.reading.now import now as now_view
from sre_space.dashboard.reading.now import panels
from sre_space.dashboard.reading.sentences import of_incident, of_now
from sre_space.dashboard.reading.services import services
from sre_space.dashboard.reading.waterfalls import attributes, rows, traces_of
from sre_space.dashboard.reading.words import HOUR, MINUTE, MS, SECOND, ms
from sre_space.dashboard.serving.problems import Unauthorized
from sre_space.dashboard.serving.views import Views
from sre_space.dashboard.stream.hub import Hub
from sre_space.domain.case import Case
from sre_space.domain.errors import Malformed, Missing, SpaceError
from sre_space.domain.facts import Decision, Step
from sre_space.domain.lessons import named_cause
from sre_space.domain.people import PERSON_VERBS
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.case_index import CaseIndex, Recalled
from sre_space.ports.clock import Clock
from sre_space.ports.people import People, Person
from sre_space.text.plain_text import plain

log = logging.getLogger(__name__)

TICK_S, STORE_S, SPARKS_S = 1.0, 10.0, 10.0
MAX_LISTED = 200
CHART_NS = 5 * MINUTE  # before the first symptom, and after the last fact
MAP_NS = 5 * MINUTE


@dataclass(frozen=True)
class Setting:
    """What does not change while the dashboard runs."""

    config: SpaceConfig
    repository: str
    dry_run: bool = False
    issues_url: str = ""
    jaeger_url: str = ""
    readers_need_token: bool = False


@dataclass
class Dashboard(Views):
    """Implements `serving.views.Views`; `index` is None where Memory's index is not configured."""

    setting: Setting
    reports: Reports
    record: Record
    surroundings: Surroundings
    traces_: TraceSources
    recorder: Recorder
    hub: Hub
    desk: Desk
    people: People
    clock: Clock
    index: CaseIndex | None = None
    memory: Heard = Heard()
    stale: asyncio.Event = field(default_factory=asyncio.Event)
    rows_: tuple[tuple[Case, ...], list[IncidentRow]] | None = None
    sparked: int = 0

    # following

    def __post_init__(self) -> None:
        """Be told of every report and of every change of the record."""
        self.reports.took = self._took
        self.record.changed = self.stale.set

    async def run(self) -> None:
        """Follow all sources and publish what changes; never return."""
        await self._resume()
        await self.reports.begin()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.reports.listen_forever())
            group.create_task(self.record.poll_forever())
            group.create_task(self.record.listen_forever())
            group.create_task(self.surroundings.follow_forever())
            group.create_task(self._publish_forever())
            group.create_task(self._store_forever())

    async def _resume(self) -> None:
        try:
            await self.recorder.resume(self.clock.now())
        except SpaceError as error:
            log.warning("the charts begin anew: %s", error)

    def _took(self, report: SymptomReport) -> None:
        """Take in a report."""
        self.recorder.take(report)
        self.stale.set()

    async def _publish_forever(self) -> None:
        """Publish at once what a report or a fact changes, and ages every second."""
        while True:
            try:
                async with asyncio.timeout(TICK_S):
                    await self.stale.wait()
            except TimeoutError:
                pass
            self.stale.clear()
            self.publish()
            await self.clock.sleep(0.05)  # what arrives together is one event

    def publish(self) -> None:
        """Publish the present view to all listeners."""
        found = panels(self._now())
        at = self.clock.now()
        if 0 <= at - self.sparked < SPARKS_S * SECOND and "sparks" in self.hub.panels:
            found = {name: panel for name, panel in found.items() if name != "sparks"}
        else:
            self.sparked = at
        self.hub.publish(found)

    async def _store_forever(self) -> None:
        try:
            while True:
                await self.clock.sleep(STORE_S)
                await self._store()
        finally:
            await self._store()
            await self.recorder.blocks.close()

    async def _store(self) -> None:
        try:
            await self.recorder.store(self.clock.now())
        except SpaceError as error:
            log.warning("%s", error)

    # what is known

    def known(self) -> Known:
        """Return everything that is known now."""
        now, config = self.clock.now(), self.setting.config
        names = [journey.name for journey in config.journeys]
        return Known(
            now=now,
            config=config,
            repository=self.setting.repository,
            report=self.reports.newest,
            report_error=self.reports.error,
            cases=self.record.cases,
            orders=self.record.given,
            record=self.record.heard,
            traces=Heard(configured=False, error="JAEGER_URL is not set")
            if self.traces_.store is None
            else self.traces_.heard,
            runtime=self.surroundings.runtime,
            memory=self.memory if self.index else Heard(configured=False, error="CHROMA_URL is not set"),
            holds=self.surroundings.held,
            halted=self.surroundings.halted,
            dry_run=self.setting.dry_run,
            units=self.surroundings.units,
            agents=self.surroundings.agent_units,
            minute=self._counts(names, now - MINUTE, now),
            hour=self._counts(names, now - HOUR, now),
            issues_url=self.setting.issues_url,
            jaeger_url=self.setting.jaeger_url,
        )

    def _counts(self, names: Sequence[str], since: int, until: int) -> Mapping[str, Counted]:
        found = {name: self.recorder.counted(name, since, until) for name in names}
        return {name: counted for name, counted in found.items() if counted is not None}

    def _since_action(self, case: Case, now: int) -> Counted | None:
        """Return the attempts of the concerned journeys since the newest action; None when they are not known."""
        acted = case.fact_of(Step.ACT)
        if acted is None or not case.is_open:
            return None
        concerned = self.setting.config.concerned([symptom.service for symptom in case.detection.symptoms])
        counts = [self.recorder.counted(journey.name, acted.at, now) for journey in concerned]
        known = [one for one in counts if one is not None]
        if not known:
            return None
        return Counted(acted.at, now, sum(one.good for one in known), sum(one.bad for one in known))

    def _now(self) -> Now:
        known = self.known()
        return now_view(known, self.recorder.sparklines(known.now), self._counted(known))

    def _counted(self, known: Known) -> dict[int, Counted]:
        found = {case.issue: self._since_action(case, known.now) for case in known.open}
        return {number: counted for number, counted in found.items() if counted is not None}

    # reading

    async def now(self) -> Now:
        """Return the view *Now*."""
        return self._now()

    async def metrics(self) -> bytes:
        """Return the metrics."""
        return exposition(self.known(), self._now())

    async def service_map(self, query: MapQuery) -> ServiceMap:
        """Return the map from the traces of a window, by default of the last five minutes."""
        known = self.known()
        until = query.until * MS if query.until else known.now
        since = query.since * MS if query.since else until - MAP_NS
        names = [*self.setting.config.callers(()), *self.setting.config.services]
        why = ""
        try:
            spans = await self.traces_.window(list(dict.fromkeys(names)), since, until)
        except SpaceError as error:
            spans, why = (), str(error)
        known, why = self.known(), why or ("" if spans else "no trace in this time")
        return service_map(known, query, spans, (since, until), sentence=self._sentence(known), why=why)

    async def series(self, query: SeriesQuery) -> Series:
        """Return the columns of a journey or service."""
        known, name = self.known(), query.of
        config = self.setting.config
        is_journey = name in {journey.name for journey in config.journeys}
        if not is_journey and name not in config.services:
            raise Missing(f"the configuration has neither a journey nor a service {name[:100]!r}")
        until = min(query.until or ms(known.now) + 1000, ms(known.now) + 1000)
        since = query.since if query.since is not None else until - 3_600_000
        if since >= until:
            raise Malformed("`since` is not before `until`, or both are in the future")
        of = subject("journey" if is_journey else "service", name)
        found = await self._columns(of, since, until, query.points)
        first = await self.recorder.blocks.first(of)
        return Series(
            at=ms(known.now),
            sentence=self._sentence(known),
            sources=sources(known),
            space=space(known),
            mode=mode(known),
            of=name,
            since=since,
            until=until,
            resolution_s=found.step,
            times=found.times,
            lines=found.lines,
            gaps=found.gaps,
            kept_since=None if first is None else first * 1000,
        )

    def _sentence(self, known: Known) -> Sentence:
        return of_now(known, journeys(known), services(known), self._counted(known))

    async def _columns(self, of: str, since: int, until: int, points: int) -> Columns:
        now = self.clock.now() // SECOND
        present = self.recorder.unstored(of)
        wanted = Wanted(of, since // 1000, -(-until // 1000), points)
        return await columns(self.recorder.blocks, present, wanted, now)

    async def incidents(self, query: IncidentQuery) -> Incidents:
        """Return a page of the list."""
        known = self.known()
        cases = tuple(known.cases)
        if self.rows_ is None or self.rows_[0] != cases:
            self.rows_ = cases, listing.rows_of(known)
        return listing.incidents(known, query, self.rows_[1])

    async def incident(self, number: int, token: str) -> IncidentAnswer:
        """Return one incident; what the forge does not answer now is shown as it was read last."""
        person = await self.people.of(token) if token else None
        material = await self._material(number)
        known = self.known()
        return incident(known, material, you_may(material.case, person.name if person else None, known.now))

    async def _material(self, number: int) -> Material:
        known = self.known().case(number)
        try:
            reading, comments, orders = await self.record.whole(number)
            case = reading.case
            bodies = {0: reading.issue.body} | {comment.id: comment.body for comment in comments}
        except Missing:
            raise
        except SpaceError:
            if known is None:
                raise
            reading, bodies, orders, case = None, {}, (), known
        assert case is not None
        repeated, kept = await self.traces_.examined(case)
        counted = self._since_action(case, self.clock.now())
        chart = await self._chart(case)
        return Material(case, reading, bodies, orders, repeated, kept, chart, counted)

    async def _chart(self, case: Case) -> BeforeAfter | None:
        concerned = self.setting.config.concerned([symptom.service for symptom in case.detection.symptoms])
        journey = concerned[0] if concerned else None
        if journey is None:
            return None
        since, until = ms(case.detection.begun - CHART_NS), ms(case.last.at + CHART_NS)
        try:
            found = await self._columns(subject("journey", journey.name), since, until, 1_200)
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
                self.memory, why = Heard(self.clock.now()), "" if found else "nothing similar is remembered"
            except SpaceError as error:
                why = str(error)
                self.memory = Heard(self.memory.at, why)
        known = self.known()
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
            at=ms(known.now),
            sentence=self._sentence(known),
            sources=sources(known),
            space=space(known),
            mode=mode(known),
            query=text,
            lessons=tuple(rows_found),
            why=why,
        )

    # traces

    async def traces(self, number: int) -> Traces:
        """Return the traces of an incident."""
        case = await self._case(number)
        found = await self.traces_.of_incident(case)
        listed = traces_of(found.spans, _cited(case))
        known = self.known()
        return Traces(
            at=ms(known.now),
            sentence=of_incident(known, case, self._since_action(case, known.now)),
            sources=sources(known),
            space=space(known),
            mode=mode(known),
            incident=number,
            source=found.source,
            why=found.why,
            since=ms(found.since),
            until=ms(found.until),
            traces=tuple(listed[:MAX_LISTED]),
            left_out=max(0, len(listed) - MAX_LISTED),
        )

    async def waterfall(self, trace_id: str, number: int | None) -> Waterfall:
        """Return one trace as a waterfall."""
        case = await self._case(number) if number is not None else None
        found = await self.traces_.trace(trace_id, case)
        drawn = await asyncio.to_thread(rows, found.spans, _culprits(case))
        known = self.known()
        begun, ended = min(span.start for span in found.spans), max(span.end for span in found.spans)
        return Waterfall(
            at=ms(known.now),
            sentence=of_incident(known, case) if case else self._sentence(known),
            sources=sources(known),
            space=space(known),
            mode=mode(known),
            trace_id=trace_id.zfill(32),
            source=found.source,
            why=found.why,
            began=ms(begun),
            duration_us=(ended - begun) // 1000,
            services=tuple(sorted({plain(span.service) for span in found.spans})),
            spans=tuple(drawn),
            errors=sum(row.error for row in drawn),
            left_out=len(found.spans) - len(drawn),
        )

    async def span(self, trace_id: str, span_id: str, number: int | None) -> SpanDetail:
        """Return one span's attributes."""
        case = await self._case(number) if number is not None else None
        found: FoundTraces = await self.traces_.trace(trace_id, case)
        mine = next((span for span in found.spans if span.span_id == span_id.zfill(16)), None)
        if mine is None or found.source == GONE:
            raise Missing(f"the trace {trace_id} has no span {span_id}")
        known = self.known()
        return SpanDetail(
            at=ms(known.now),
            sentence=self._sentence(known),
            sources=sources(known),
            space=space(known),
            mode=mode(known),
            trace_id=mine.trace_id,
            span_id=mine.span_id,
            attributes=attributes(mine),
        )

    async def _case(self, number: int) -> Case:
        case = self.known().case(number)
        if case is None:
            raise Missing(f"issue {number} is not an incident of this space")
        return case

    # people

    async def me(self, token: str) -> Me:
        """Return who the token names."""
        person = await self.people.of(token) if token else None
        number = len(self.people.names())
        if person is None:
            why = "no token was given" if not token else "the token is not known"
            add = "" if number else "; nobody can act here yet: sre-space operators add NAME"
            reads = not self.setting.readers_need_token
            return Me(name=None, may=(), why=f"{why}{add}", reads=reads, operators=number)
        return Me(name=person.name, may=PERSON_VERBS, why=f"you are {person.name}", reads=True, operators=number)

    async def order(self, token: str, order: NewOrder) -> OrderTaken:
        """Carry out a person's order."""
        person: Person | None = await self.people.of(token) if token else None
        if person is None:
            raise Unauthorized("an order needs the token of a person: sre-space operators add NAME")
        taken = await self.desk.carry_out(person, order)
        await self.surroundings.look()
        if order.incident is not None and taken.comment is not None:
            await self.record.wake(order.incident, taken.comment)
        self.stale.set()
        return taken


def _remedy(case: Case) -> str:
    decision = case.latest(Decision)
    return plain(decision.remedy.name) if decision else ""


def _cited(case: Case) -> frozenset[str]:
    return frozenset(trace.zfill(32) for trace in case.detection.traces)


def _culprits(case: Case | None) -> frozenset[str]:
    """Return the spans that the newest diagnosis cites."""
    decision = case.latest(Decision) if case else None
    evidence = decision.diagnosis.evidence if decision else ()
    return frozenset(item.id.rpartition("/")[2] for item in evidence if item.id.startswith("span:"))
