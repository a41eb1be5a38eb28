"""Feeds Scout's watchers from the bus and from probes, and turns what they find into issues. Used by Scout's process.

Whoever owns the one partition of `sre_signals` merges the sketches of all Scouts (`sketching.py`) and judges.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sre_space.agents.scout.health import PERIOD_S
from sre_space.agents.scout.processes import Processes
from sre_space.agents.scout.scout import Scout
from sre_space.analysis.detection.saturation import Resource
from sre_space.codec.levels import ResourceLevel, levels_of
from sre_space.codec.memory_limits import memory_limits
from sre_space.codec.otlp import spans_of
from sre_space.codec.sketches import decode
from sre_space.codec.topics import ASKED, BOUGHT, CHANGES, LOGS, METRICS, SIGNALS, SPANS
from sre_space.domain.bounds import MAX_NAME, NO_NUMBER, TOO_LARGE
from sre_space.domain.configuration import SPACE_FILE
from sre_space.domain.errors import Malformed, SpaceError
from sre_space.domain.event_time import heard_at, why_not
from sre_space.domain.symptoms import SymptomKind
from sre_space.domain.telemetry import SpanKind
from sre_space.feeds.announcements import Announcements
from sre_space.feeds.losses import Losses
from sre_space.feeds.opening import Opener
from sre_space.loop.watch import Watch
from sre_space.ports.bus import History, Record, Subscription
from sre_space.ports.clock import Clock
from sre_space.ports.gitops import GitOps
from sre_space.ports.probe import Probe
from sre_space.text.error_lines import error_lines

log = logging.getLogger(__name__)

SECOND = 10**9
READ_BACK = (SPANS, SIGNALS, ASKED, BOUGHT, CHANGES)
LOOK_EVERY_S = 0.1
TRY_AGAIN_S = 1.0
READ_AT_ONCE = 50  # records, before others have their turn
LIMITS_EVERY_S = 30.0
FILES, CONNECTIONS = "process.unix.file_descriptor.limit", "db.client.connection.max"
CPU = Resource("", "CPU", 1.0, lasting_ns=30 * SECOND, trends=False)


@dataclass
class SignalConsumer:
    """What one Scout hears. `memory` holds the limits of the services in bytes, `most` those that they tell."""

    scout: Scout
    probe: Probe
    opener: Opener
    watch: Watch
    gitops: GitOps
    clock: Clock
    announcements: Announcements
    processes: Processes = field(default_factory=Processes)
    memory: dict[str, int] = field(default_factory=dict)
    instances: dict[str, str] = field(default_factory=dict)
    most: dict[str, dict[str, float]] = field(default_factory=dict)
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)
    losses: Losses = field(init=False)

    def __post_init__(self) -> None:
        """What is not taken in is told by Scout's reporter."""
        self.losses = Losses(self.opener.reporter, self.clock)

    async def probe_for_ever(self) -> None:
        """Four rounds of probes a second."""
        while True:
            at = self.clock.now()
            await asyncio.gather(*(self._probe(name, at) for name in self.scout.detectors.board))
            await self.clock.sleep(max(0.0, PERIOD_S - (self.clock.now() - at) / 1e9))

    async def _probe(self, service: str, at: int) -> None:
        """One probe; one that a pause interrupted timed out by our fault, or tells of before it."""
        health = await self.probe.check(self.scout.detectors.config.services[service].health)
        pauses = self.clock.pauses()
        self.scout.detectors.resume(pauses)
        if not pauses.after(at):
            self.scout.detectors.board[service].update(health, at)

    async def open_for_ever(self, owner: Callable[[], bool]) -> None:
        """What fires and has no issue gets one.

        Probes need no other Scout's sketches: an outage waits neither for the bus nor for the group to find out that
        the judge before has died. The rest is opened while `owner` says that it is ours to judge.
        """
        while True:
            mine = owner()
            found = self.scout.detections()
            detections = [one for one in found if mine or one.symptoms[0].kind is SymptomKind.INFRASTRUCTURE]
            opened = await self.opener.open_missing(detections)
            for issue, detection in opened.items():
                self.scout.opened(detection)
                self.watch.ring(issue, 0)
                self.watch.wake(issue, 0)
            await self.clock.sleep(TRY_AGAIN_S if len(opened) < len(detections) else LOOK_EVERY_S)

    async def listen_for_ever(self, feed: Subscription) -> None:
        """Everything that is judged: from now on, but not before what was has been read back."""
        records = await feed.next(timeout=0.0)
        await self.caught_up.wait()
        while True:
            for record in records:
                hear(record, self.take_in, self.losses)
            records = await feed.next(timeout=1.0)

    async def read_back(self, history: History, since: int) -> None:
        """What a Scout that was just started has missed, in the order of time; probes go on meanwhile.

        Incidents and deployments come first: an attempt that failed in one is not to burn the error budget again.
        """
        await self._recall(since)
        until = self.clock.now() + SECOND  # beyond where those who listen began: what comes twice counts once
        windows: list[Sequence[Record]] = []
        try:
            windows = [await history.window(topic, since, until) for topic in READ_BACK]
        except SpaceError as error:
            log.warning("what was before this start is unknown: %s", error)
        missed = sorted((one for records in windows for one in records), key=lambda record: record.at)
        await self.announcements.recall(record for record in missed if record.topic == CHANGES)
        for number, record in enumerate(missed):
            hear(record, self.take_in, self.losses)
            if record.topic == SIGNALS:
                self.scout.detectors.judge(record.at)
            if number % READ_AT_ONCE == 0:
                await self.clock.sleep(0)
        self._remember_who_served()
        detectors, started = self.scout.detectors, self.clock.pauses().all[0].until
        detectors.stopped.add(detectors.spans.heard_at, started)  # nobody sketched since
        self.caught_up.set()

    def _remember_who_served(self) -> None:
        """A service that served before this start was healthy: when it does not answer now, it is not starting."""
        for operation in self.scout.detectors.operations.watches:
            if operation.kind is SpanKind.SERVER and operation.service in self.scout.detectors.board:
                self.scout.detectors.board[operation.service].seen_healthy = True

    async def _recall(self, since: int) -> None:
        """The incidents of that time; without the forge nothing can be opened, so that waiting loses nothing."""
        while True:
            try:
                self.scout.detectors.open_incidents.recall(await self.opener.incidents.touched(since))
            except SpaceError as error:
                log.warning("what is known waits for the forge: %s", error)
                await self.clock.sleep(TRY_AGAIN_S)
            else:
                return

    def take_in(self, record: Record) -> None:
        """One record of any topic; `Malformed` when it is none. Nothing in it counts that is dated in the future."""
        detectors, now = self.scout.detectors, heard_at(record.at, self.clock.now())
        match record.topic:
            case topic if topic == SIGNALS:
                detectors.take_frame(decode(record.value), now)
                self.losses.take(detectors.dropped)
            case topic if topic == SPANS:
                self._take_journeys(record, now)
            case topic if topic == METRICS:
                for level in levels_of(record.value):
                    self._take_level(level, now)
            case topic if topic == LOGS:
                self._take_errors(record, now)
            case topic if topic in (ASKED, BOUGHT):
                self._take_event(record, now)
            case topic if topic == CHANGES:
                self.announcements.take(record)

    def _take_journeys(self, record: Record, now: int) -> None:
        detectors = self.scout.detectors
        for span in spans_of(record.value):
            attempt = detectors.book.add(span, now)
            if attempt is not None:
                detectors.take_attempt(attempt)
        self.losses.take(detectors.book.dropped)

    def _take_errors(self, record: Record, now: int) -> None:
        for line in error_lines(record.value, self.scout.detectors.board.keys()):
            if reason := why_not(line.at, now) if line.at else "":
                self.losses.count(reason)
            else:
                self.processes.logged(line)

    def _take_event(self, record: Record, now: int) -> None:
        at, cohorts = _event_time(record), self.scout.detectors.cohorts
        if reason := why_not(at, now) or (TOO_LARGE if len(record.key) > MAX_NAME else ""):
            self.losses.count(reason)
        elif record.topic == ASKED:
            cohorts.ask(record.key.decode(), min(at, now))
        else:
            cohorts.buy(record.key.decode(), min(at, now))

    def _take_level(self, level: ResourceLevel, now: int) -> None:
        if level.service not in self.scout.detectors.board:
            return
        if reason := why_not(level.at, now) or ("" if math.isfinite(level.value) else NO_NUMBER):
            self.losses.count(reason)
            return
        if self.instances.get(level.service, level.instance) != level.instance:
            self.scout.detectors.restarted(level.service, level.at)
        self.instances[level.service] = level.instance
        self.processes.began(level.service, level.instance, level.at)
        resource = self._resource(level)
        if resource is not None:
            self.scout.detectors.take_level(resource, min(level.at, now), level.value)

    def _resource(self, level: ResourceLevel) -> Resource | None:
        """What the level is a level of; None while its limit is not known."""
        most = self.most.setdefault(level.service, {})
        match level.name:
            case "process.memory.usage" if self.memory.get(level.service):
                return Resource(level.service, "memory", float(self.memory[level.service]))
            case "process.cpu.utilization":
                return Resource(level.service, CPU.name, CPU.limit, CPU.lasting_ns, CPU.trends)
            case name if name in (FILES, CONNECTIONS) and level.value > 0:
                most[level.name] = level.value
            case "process.unix.file_descriptor.count" if FILES in most:
                return Resource(level.service, "file descriptors", most[FILES])
            case "db.client.connection.count" if CONNECTIONS in most:
                return Resource(level.service, "database connections", most[CONNECTIONS], trends=False)
        return None

    async def read_limits_for_ever(self) -> None:
        """The limits of memory, from the desired state in Git."""
        while True:
            try:
                self.memory = memory_limits((await self.gitops.read_file(SPACE_FILE)).decode())
            except (SpaceError, UnicodeDecodeError) as error:
                log.warning("the limits of before stay in force: %s", error)
            await self.clock.sleep(LIMITS_EVERY_S)


def hear(record: Record, take: Callable[[Record], object], losses: Losses) -> None:
    """Take a record in; one that is none is counted, told and skipped."""
    try:
        take(record)
    except (Malformed, UnicodeDecodeError) as error:
        where = f"partition {record.partition}, offset {record.offset}: {error}"
        losses.count(f"a record that is none of {record.topic}", example=where)


def _event_time(record: Record) -> int:
    """When a CloudEvent happened (Unix ns): a bus that was away delays its record, not its time."""
    try:
        at = datetime.fromisoformat(record.headers["ce_time"].decode())
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * SECOND)
    except (KeyError, ValueError, OverflowError) as error:
        raise Malformed(f"a CloudEvent without a time: {error!r}") from error
