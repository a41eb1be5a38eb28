"""The answers about traces: the map, an incident's traces, one trace, one span."""

import asyncio
from dataclasses import dataclass

from sre_space.dashboard.answers.service_map import ServiceMap
from sre_space.dashboard.answers.traces import SpanDetail, Traces, Waterfall
from sre_space.dashboard.following.traces import GONE, FoundTraces
from sre_space.dashboard.questions import MapQuery
from sre_space.dashboard.reading.header import head
from sre_space.dashboard.reading.maps import service_map
from sre_space.dashboard.reading.sentences import of_incident
from sre_space.dashboard.reading.waterfalls import attributes, rows, traces_of
from sre_space.dashboard.reading.words import MINUTE, MS, ms
from sre_space.dashboard.watching import Watching
from sre_space.domain.case import Case
from sre_space.domain.errors import Missing, SpaceError
from sre_space.domain.facts import Decision
from sre_space.text.plain_text import plain

MAX_LISTED = 200
MAP_NS = 5 * MINUTE


@dataclass
class TraceAnswers:
    """Answers from the trace store and the bundles."""

    watching: Watching

    async def service_map(self, query: MapQuery) -> ServiceMap:
        """Return the map from the traces of a window, by default of the last five minutes."""
        known = self.watching.known()
        until = query.until * MS if query.until else known.now
        since = query.since * MS if query.since else until - MAP_NS
        names = [*self.watching.setting.config.callers(()), *self.watching.setting.config.services]
        why = ""
        try:
            spans = await self.watching.traces.window(list(dict.fromkeys(names)), since, until)
        except SpaceError as error:
            spans, why = (), str(error)
        known, why = self.watching.known(), why or ("" if spans else "no trace in this time")
        return service_map(known, query, spans, (since, until), sentence=self.watching.sentence(known), why=why)

    async def traces(self, number: int) -> Traces:
        """Return the traces of an incident."""
        case = await self._case(number)
        found = await self.watching.traces.of_incident(case)
        listed = traces_of(found.spans, _cited(case))
        known = self.watching.known()
        return Traces(
            **head(known, of_incident(known, case, self.watching.since_action(case, known.now))),
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
        found = await self.watching.traces.trace(trace_id, case)
        drawn = await asyncio.to_thread(rows, found.spans, _culprits(case))
        known = self.watching.known()
        begun, ended = min(span.start for span in found.spans), max(span.end for span in found.spans)
        return Waterfall(
            **head(known, of_incident(known, case) if case else self.watching.sentence(known)),
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
        found: FoundTraces = await self.watching.traces.trace(trace_id, case)
        mine = next((span for span in found.spans if span.span_id == span_id.zfill(16)), None)
        if mine is None or found.source == GONE:
            raise Missing(f"the trace {trace_id} has no span {span_id}")
        known = self.watching.known()
        return SpanDetail(
            **head(known, self.watching.sentence(known)),
            trace_id=mine.trace_id,
            span_id=mine.span_id,
            attributes=attributes(mine),
        )

    async def _case(self, number: int) -> Case:
        case = self.watching.known().case(number)
        if case is None:
            raise Missing(f"issue {number} is not an incident of this space")
        return case


def _cited(case: Case) -> frozenset[str]:
    return frozenset(trace.zfill(32) for trace in case.detection.traces)


def _culprits(case: Case | None) -> frozenset[str]:
    """Return the spans that the newest diagnosis cites."""
    decision = case.latest(Decision) if case else None
    evidence = decision.diagnosis.evidence if decision else ()
    return frozenset(item.id.rpartition("/")[2] for item in evidence if item.id.startswith("span:"))
