"""Holds what the sources said last and what is kept of it, and publishes what changes to all pages."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.codec.symptom_report import SymptomReport
from sre_space.dashboard.answers.base import Sentence
from sre_space.dashboard.answers.now import Now
from sre_space.dashboard.following.record import Record
from sre_space.dashboard.following.reports import Reports
from sre_space.dashboard.following.surroundings import Surroundings
from sre_space.dashboard.following.traces import TraceSources
from sre_space.dashboard.history.columns import Columns, Wanted, columns
from sre_space.dashboard.history.recorder import Recorder
from sre_space.dashboard.reading.journeys import journeys
from sre_space.dashboard.reading.known import Counted, Heard, Known
from sre_space.dashboard.reading.now import now as now_view
from sre_space.dashboard.reading.now import panels
from sre_space.dashboard.reading.sentences import of_now
from sre_space.dashboard.reading.services import services
from sre_space.dashboard.reading.words import HOUR, MINUTE, SECOND
from sre_space.dashboard.stream.hub import Hub
from sre_space.domain.case import Case
from sre_space.domain.errors import SpaceError
from sre_space.domain.facts import Step
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.clock import Clock

log = logging.getLogger(__name__)

TICK_S, STORE_S, SPARKS_S = 1.0, 10.0, 10.0


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
class Watching:
    """Follows all sources; `has_memory` is False where Memory's index is not configured."""

    setting: Setting
    reports: Reports
    record: Record
    surroundings: Surroundings
    traces: TraceSources
    recorder: Recorder
    hub: Hub
    clock: Clock
    has_memory: bool = True
    memory: Heard = Heard()
    stale: asyncio.Event = field(default_factory=asyncio.Event)
    sparked: int = 0

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
        found = panels(self.now())
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
            if self.traces.store is None
            else self.traces.heard,
            runtime=self.surroundings.runtime,
            memory=self.memory if self.has_memory else Heard(configured=False, error="CHROMA_URL is not set"),
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

    def since_action(self, case: Case, now: int) -> Counted | None:
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

    def now(self) -> Now:
        """Return the view *Now*."""
        known = self.known()
        return now_view(known, self.recorder.sparklines(known.now), self.counted(known))

    def counted(self, known: Known) -> dict[int, Counted]:
        """Return the attempts since the newest action of each open incident, where they are known."""
        found = {case.issue: self.since_action(case, known.now) for case in known.open}
        return {number: counted for number, counted in found.items() if counted is not None}

    def sentence(self, known: Known) -> Sentence:
        """Return the sentence of the view *Now*."""
        return of_now(known, journeys(known), services(known), self.counted(known))

    async def columns_of(self, of: str, since: int, until: int, points: int) -> Columns:
        """Return a subject's columns in [since, until) (Unix ms)."""
        now = self.clock.now() // SECOND
        present = self.recorder.unstored(of)
        wanted = Wanted(of, since // 1000, -(-until // 1000), points)
        return await columns(self.recorder.blocks, present, wanted, now)
