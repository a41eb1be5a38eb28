"""Gathers the evidence of an incident as files: traces from Jaeger, logs and metrics from the bus.

Used by the investigation. All sources are asked at once. Only the spans of a failure are waited for, and only while
none has arrived.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.agents.brain.sources import Sources
from sre_space.analysis.diagnosis.tables import ERROR
from sre_space.codec import topics
from sre_space.codec.case_files import BASELINE, INCIDENT, LOGS, METRICS, TRACES, WINDOW, telemetry_of, window_file
from sre_space.codec.jaeger import merged
from sre_space.codec.otlp_lines import level_line, log_line, metric_line
from sre_space.domain.errors import Malformed
from sre_space.domain.event_time import AHEAD_NS, MAX_AGE_NS, reception_time
from sre_space.ports.bus import History, Record
from sre_space.ports.clock import Clock
from sre_space.ports.traces import TraceDocuments

LIMIT = "process.memory.limit"  # in addition to `process.memory.usage` of the semantic conventions
LASTING_NS = 60 * 10**9  # for which a request that began in a window may continue after it
PATIENCE_S = 1.5  # for spans of a failure that have not arrived yet
ENDED_PATIENCE_S = 0.3  # where the runtime says that a unit has ended: that is evidence enough, these are more of it
LOOK_AGAIN_S = 0.1


@dataclass(frozen=True)
class GatheringPlan:
    """The time windows to read (Unix ns), and how many traces of each, the newest.

    `usual` are the healthy windows (baselines), [`since`, now) is the incident. `topics` says whether logs and metrics
    are read, `awaits_failures` whether to wait until the traces contain a failure, for at most `patience_s` seconds.
    The traces are those with spans of the `callers`. `limits` are the services' memory limits in bytes, as the runtime
    says.
    """

    usual: tuple[tuple[int, int], ...]
    since: int
    usual_traces: int
    traces: int
    topics: bool
    awaits_failures: bool
    callers: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    patience_s: float = PATIENCE_S


@dataclass(frozen=True)
class Gathering:
    """The sources of evidence."""

    traces: TraceDocuments
    history: History
    clock: Clock

    async def gather(self, plan: GatheringPlan, services: Collection[str], sources: Sources) -> dict[str, bytes]:
        """Return the files of all windows by path, with logs and metrics of the given services only."""
        usual, incident, topics = await asyncio.gather(
            asyncio.gather(*(sources.ask("traces", self._usual(plan, window), b"") for window in plan.usual)),
            sources.ask("traces", self._incident(plan), b""),
            sources.ask("logs and metrics", self._topics(plan, services), {}),
        )
        folders = {f"{BASELINE}-{number}/": window for number, window in enumerate(plan.usual, 1)}
        files = {folder + TRACES: document for folder, document in zip(folders, usual, strict=True)}
        files[INCIDENT + TRACES] = incident
        for folder, (since, until) in {**folders, INCIDENT: (plan.since, self.clock.now())}.items():
            latest = min(until + LASTING_NS, self.clock.now() + AHEAD_NS)
            files[folder + WINDOW] = window_file(since - MAX_AGE_NS, latest)
            for name, lines in topics.items():
                files[folder + name] = b"".join(line for at, line in lines if since <= at < until)
        if limits := _limits(plan):
            files[INCIDENT + METRICS] = files.get(INCIDENT + METRICS, b"") + limits
        return files

    async def _usual(self, plan: GatheringPlan, window: tuple[int, int]) -> bytes:
        """Return the traces of a healthy window as a JSON document.

        Raise `Malformed` when failures are awaited and it does not parse.
        """
        document = await self._traces(plan, *window, plan.usual_traces)
        if plan.awaits_failures:
            _failures(document)  # raises here, where a document that does not parse can still be left out
        return document

    async def _incident(self, plan: GatheringPlan) -> bytes:
        """Return the traces since the incident began; wait for those of failures."""
        started = self.clock.now()
        while True:
            document = await self._traces(plan, plan.since, self.clock.now(), plan.traces)
            waited = self.clock.pauses().ran(started, self.clock.now())
            if not plan.awaits_failures or _failures(document) or waited >= plan.patience_s * 1e9:
                return document
            await self.clock.sleep(LOOK_AGAIN_S)

    async def _traces(self, plan: GatheringPlan, since: int, until: int, limit: int) -> bytes:
        """Return the newest traces of all callers in [since, until) (Unix ns), of each its part of `limit`."""
        share = max(1, limit // max(1, len(plan.callers)))
        asked = [self.traces.document(caller, since, until, share) for caller in plan.callers]
        return merged(await asyncio.gather(*asked))

    async def _topics(self, plan: GatheringPlan, services: Collection[str]) -> dict[str, list[tuple[int, bytes]]]:
        """Return the lines of logs and metrics by file, each with the time at which the bus took it (Unix ns)."""
        if not plan.topics:
            return {}
        since, until = min(begin for begin, _ in plan.usual), self.clock.now()
        logs, metrics = await asyncio.gather(
            self.history.window(topics.LOGS, since, until), self.history.window(topics.METRICS, since, until)
        )
        now = self.clock.now()
        return {LOGS: _lines(log_line, logs, services, now), METRICS: _lines(metric_line, metrics, services, now)}


def _limits(plan: GatheringPlan) -> bytes:
    """Return the memory limit of each service as metric lines; b"" where no metrics are read."""
    limits = plan.limits if plan.topics else {}
    return b"".join(level_line(name, LIMIT, plan.since, limit) for name, limit in limits.items())


def _lines(
    read: Callable[[bytes, Collection[str], int], bytes], records: Sequence[Record], services: Collection[str], now: int
) -> list[tuple[int, bytes]]:
    """Return a line for each record, with the time at which the bus took it; leave out records that do not parse."""
    lines = []
    for record in records:
        try:
            lines.append((record.at, read(record.value, services, reception_time(record.at, now))))
        except Malformed:
            continue
    return lines


def _failures(document: bytes) -> bool:
    """Return True when a span of the document has status ERROR."""
    spans = telemetry_of({INCIDENT + TRACES: document}, INCIDENT).spans
    return bool((spans.status == ERROR).any())
