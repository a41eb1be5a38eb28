"""Gathers the files of a case: traces from Jaeger, logs and metrics from the topics, limits from Git. For the inquest.

Everything is asked for at once. Only spans of a failure are waited for, and only while none has come.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sre_space.agents.brain.sources import Sources
from sre_space.analysis.diagnosis.tables import ERROR
from sre_space.codec import topics
from sre_space.codec.case_files import BASELINE, INCIDENT, LOGS, METRICS, TRACES, WINDOW, telemetry_of, window_file
from sre_space.codec.memory_limits import memory_limits
from sre_space.codec.otlp_lines import level_line, log_line, metric_line
from sre_space.domain.configuration import SPACE_FILE
from sre_space.domain.errors import Malformed, Missing
from sre_space.domain.event_time import AHEAD_NS, MAX_AGE_NS, heard_at
from sre_space.ports.bus import History, Record
from sre_space.ports.clock import Clock
from sre_space.ports.gitops import GitOps
from sre_space.ports.traces import TraceDocuments

LIMIT = "process.memory.limit"  # beside `process.memory.usage` of the semantic conventions
LASTING_NS = 60 * 10**9  # that what began in a window may go on after it
PATIENCE_S = 1.5  # for spans of a failure that are still on their way
LOOK_AGAIN_S = 0.1


@dataclass(frozen=True)
class GatheringPlan:
    """Which windows to read (Unix ns): those of health, `usual`, and [`since`, now), and how many traces, the newest.

    `topics` says whether logs and metrics are asked for, `awaits` that failures must show in the traces.
    """

    usual: tuple[tuple[int, int], ...]
    since: int
    usual_traces: int
    traces: int
    topics: bool
    awaits: bool


@dataclass(frozen=True)
class Gathering:
    """Where evidence comes from. `caller` is whose traces are those of the journey."""

    traces: TraceDocuments
    history: History
    gitops: GitOps
    clock: Clock
    caller: str

    async def gather(self, plan: GatheringPlan, services: Collection[str], sources: Sources) -> dict[str, bytes]:
        """The files of both windows; `services` are those whose logs and metrics count."""
        usual, sick, topics, limits = await asyncio.gather(
            asyncio.gather(*(sources.ask("traces", self._usual(plan, window), b"") for window in plan.usual)),
            sources.ask("traces", self._incident(plan), b""),
            sources.ask("logs and metrics", self._topics(plan, services), {}),
            sources.ask("limits", self._limits(plan), b""),
        )
        folders = {f"{BASELINE}-{number}/": window for number, window in enumerate(plan.usual, 1)}
        files = {folder + TRACES: found for folder, found in zip(folders, usual, strict=True)}
        files[INCIDENT + TRACES] = sick
        for folder, (since, until) in {**folders, INCIDENT: (plan.since, self.clock.now())}.items():
            latest = min(until + LASTING_NS, self.clock.now() + AHEAD_NS)
            files[folder + WINDOW] = window_file(since - MAX_AGE_NS, latest)
            for name, lines in topics.items():
                files[folder + name] = b"".join(line for at, line in lines if since <= at < until)
        if limits:
            files[INCIDENT + METRICS] = files.get(INCIDENT + METRICS, b"") + limits
        return files

    async def _usual(self, plan: GatheringPlan, window: tuple[int, int]) -> bytes:
        """The traces of a healthy window; `Malformed` when the answer is none."""
        found = await self.traces.document(self.caller, *window, plan.usual_traces)
        if plan.awaits:
            _failures(found)  # what cannot be read is told here, where it can still be left out
        return found

    async def _incident(self, plan: GatheringPlan) -> bytes:
        """The traces since the incident began; those of failures are given a moment to arrive."""
        begun = self.clock.now()
        while True:
            found = await self.traces.document(self.caller, plan.since, self.clock.now(), plan.traces)
            waited = self.clock.pauses().ran(begun, self.clock.now())
            if not plan.awaits or _failures(found) or waited >= PATIENCE_S * 1e9:
                return found
            await self.clock.sleep(LOOK_AGAIN_S)

    async def _topics(self, plan: GatheringPlan, services: Collection[str]) -> dict[str, list[tuple[int, bytes]]]:
        """Lines by file with the time at which the bus took them."""
        if not plan.topics:
            return {}
        since, until = min(begin for begin, _ in plan.usual), self.clock.now()
        logs, metrics = await asyncio.gather(
            self.history.window(topics.LOGS, since, until), self.history.window(topics.METRICS, since, until)
        )
        now = self.clock.now()
        return {LOGS: _lines(log_line, logs, services, now), METRICS: _lines(metric_line, metrics, services, now)}

    async def _limits(self, plan: GatheringPlan) -> bytes:
        """The memory limits as a measure of each service; none when Git has none."""
        if not plan.topics:
            return b""
        try:
            text = (await self.gitops.read_file(SPACE_FILE)).decode(errors="replace")
        except Missing:
            return b""
        return b"".join(level_line(name, LIMIT, plan.since, limit) for name, limit in memory_limits(text).items())


def _lines(
    read: Callable[[bytes, Collection[str], int], bytes], records: Sequence[Record], services: Collection[str], now: int
) -> list[tuple[int, bytes]]:
    """A record that is no request is left out."""
    found = []
    for record in records:
        try:
            found.append((record.at, read(record.value, services, heard_at(record.at, now))))
        except Malformed:
            continue
    return found


def _failures(document: bytes) -> bool:
    spans = telemetry_of({INCIDENT + TRACES: document}, INCIDENT).spans
    return bool((spans.status == ERROR).any())
