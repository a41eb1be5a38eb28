"""Asks the trace store, and the bundles of examined data once the store has dropped an incident's traces."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from sre_space.analysis.diagnosis.diagnose import diagnose_case
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.analysis.diagnosis.tables import Change
from sre_space.codec.case_files import INCIDENT, TRACES, case_of
from sre_space.codec.jaeger import spans_of
from sre_space.dashboard.answers.incident import Kept
from sre_space.dashboard.reading.examined import Examined
from sre_space.dashboard.reading.known import Heard
from sre_space.domain.case import Case
from sre_space.domain.errors import Malformed, Missing, SpaceError
from sre_space.domain.facts import Decision
from sre_space.domain.telemetry import Span
from sre_space.ports.bundles import Bundles
from sre_space.ports.clock import Clock
from sre_space.ports.traces import TraceById

MAX_TRACES, MAX_SERVICES = 60, 6
MAX_CACHED = 8  # repeated diagnoses
AROUND_NS = 30 * 10**9  # before the first symptom, and after the end
STORE, BUNDLE, GONE = "store", "bundle", "gone"


@dataclass(frozen=True)
class FoundTraces:
    """Spans with where they come from, and why."""

    source: str
    why: str
    spans: Sequence[Span]
    since: int
    until: int


@dataclass
class TraceSources:
    """The store and the bundles; `store` is None where no trace store is configured."""

    store: TraceById | None
    bundles: Bundles
    clock: Clock
    heard: Heard = Heard()
    repeated: dict[str, tuple[CaseDiagnosis, Sequence[Change]]] = field(default_factory=dict)
    asking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    async def of_incident(self, case: Case) -> FoundTraces:
        """Return the traces around an incident: the store's, else those of its bundle, else none, said to be gone."""
        since, until = case.detection.begun - AROUND_NS, case.last.at + AROUND_NS
        away = ""
        if self.store is not None:
            try:
                spans = await self._stored(case, since, until)
                if spans:
                    return FoundTraces(STORE, "", spans, since, until)
            except SpaceError as error:
                away = str(error)
        kept, why = await self._bundled(case)
        reason = away or "the trace store has dropped them"
        if kept:
            return FoundTraces(
                BUNDLE, f"{reason}; these are the traces that the diagnosis examined", kept, since, until
            )
        return FoundTraces(GONE, f"{reason}, and {why}", (), since, until)

    async def trace(self, trace_id: str, case: Case | None) -> FoundTraces:
        """Return one trace; raise `Missing` when neither store nor bundle has it, `Unavailable` without an answer."""
        away: SpaceError | None = None
        if self.store is not None:
            try:
                spans = await self._ask(self.store.trace(trace_id.zfill(32)))
                if spans:
                    return FoundTraces(STORE, "", spans, spans[0].start, spans[0].end)
            except SpaceError as error:
                away = error
        kept = (await self._bundled(case))[0] if case else ()
        mine = [span for span in kept if span.trace_id == trace_id.zfill(32)]
        if mine:
            return FoundTraces(BUNDLE, "from the data that the diagnosis examined", mine, mine[0].start, mine[0].end)
        if away is not None:
            raise away
        raise Missing(f"the trace {trace_id} is gone: the store has dropped it, and no bundle holds it")

    async def window(self, services: Sequence[str], since: int, until: int) -> Sequence[Span]:
        """Return the spans of the newest traces of some services, each once; raise `Unavailable` without an answer."""
        if self.store is None:
            raise Missing("no trace store is configured: JAEGER_URL names it")
        found: dict[tuple[str, str], Span] = {}
        for service in services[:MAX_SERVICES]:
            for span in await self._ask(self.store.window(service, since, until, MAX_TRACES)):
                found.setdefault((span.trace_id, span.span_id), span)
        return list(found.values())

    async def _ask(self, answer: Awaitable[Sequence[Span]]) -> Sequence[Span]:
        """Return the store's answer, of at most two at a time, and note when it answered."""
        async with self.asking:
            try:
                spans = await answer
            except SpaceError as error:
                self.heard = Heard(self.heard.at, str(error))
                raise
        self.heard = Heard(self.clock.now())
        return spans

    async def _stored(self, case: Case, since: int, until: int) -> Sequence[Span]:
        names = sorted({symptom.service for symptom in case.detection.symptoms} | case.services)
        return await self.window(names, since, until)

    async def _bundled(self, case: Case) -> tuple[Sequence[Span], str]:
        decision = case.latest(Decision)
        if decision is None or not decision.diagnosis.bundle:
            return (), "its diagnosis names no bundle"
        try:
            files = await self.bundles.load(decision.diagnosis.bundle)
            document = files.get(INCIDENT + TRACES)
            return (await asyncio.to_thread(spans_of, document) if document else ()), "its bundle holds no traces"
        except (Missing, Malformed) as error:
            return (), str(error)

    async def examined(self, case: Case) -> Examined:
        """Return the diagnosis repeated from its bundle, with the changes that it looked at, and what is kept."""
        decision = case.latest(Decision)
        name = decision.diagnosis.bundle if decision else ""
        if not name:
            return Examined(Kept(bundle="", kept=False, why="its diagnosis names no bundle"))
        try:
            if name not in self.repeated:
                async with self.asking:
                    looked_at = case_of(await self.bundles.load(name))
                    answer = await asyncio.to_thread(diagnose_case, looked_at)
                while len(self.repeated) >= MAX_CACHED:
                    self.repeated.pop(next(iter(self.repeated)))
                self.repeated[name] = answer, looked_at.changes
            return Examined(Kept(bundle=name, kept=True), *self.repeated[name])
        except (Missing, Malformed) as error:
            return Examined(Kept(bundle=name, kept=False, why=str(error)))
