"""Feeds Scout's detectors from the bus and from probes, and opens issues for what they detect. Used by Scout's process.

The Scout that owns the one partition of `sre_signals` merges the sketches of all Scouts (`sketching.py`) and evaluates
them.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sre_space.agents.scout.health import OUT_PERIOD_S, PERIOD_S
from sre_space.agents.scout.instance_levels import InstanceLevels
from sre_space.agents.scout.processes import Processes
from sre_space.agents.scout.scout import Scout
from sre_space.analysis.detection.saturation import Resource
from sre_space.codec.events import event_key, event_time
from sre_space.codec.levels import MEMORY_LIMIT, ResourceLevel, levels_of
from sre_space.codec.otlp import spans_of
from sre_space.codec.sketches import decode
from sre_space.codec.topics import CHANGES, LOGS, METRICS, SIGNALS, SPANS
from sre_space.domain.bounds import MAX_NAME, NO_NUMBER, TOO_LARGE
from sre_space.domain.errors import Malformed, SpaceError
from sre_space.domain.event_time import implausible_reason, reception_time
from sre_space.domain.telemetry import SpanKind
from sre_space.feeds.announcements import Announcements
from sre_space.feeds.hold_feed import HoldFeed
from sre_space.feeds.losses import Losses
from sre_space.feeds.opening import Opener
from sre_space.loop.watch import Watch
from sre_space.ports.bus import History, Record, Subscription
from sre_space.ports.clock import Clock
from sre_space.ports.probe import Probe
from sre_space.text.error_lines import error_lines

log = logging.getLogger(__name__)

SECOND = 10**9
READ_BACK = (SPANS, SIGNALS, CHANGES)  # and the events of the configured conversions
EVALUATE_EVERY_S = 0.1
TRY_AGAIN_S = 1.0
READ_AT_ONCE = 50  # records, before other tasks have their turn
FILES, CONNECTIONS = "process.unix.file_descriptor.limit", "db.client.connection.max"
CPU = Resource("", "CPU", 1.0, lasting_ns=30 * SECOND, trends=False)


@dataclass
class SignalConsumer:
    """The inputs of one Scout. `processes` has the memory limits that the runtime knows.

    `reported_limits` are those in the telemetry, by service and metric; `levels` are those of each instance. `due` is
    set by who knows that an incident is due, so that it does not wait for the next evaluation.
    """

    scout: Scout
    probe: Probe
    opener: Opener
    watch: Watch
    clock: Clock
    announcements: Announcements
    holds: HoldFeed
    processes: Processes = field(default_factory=Processes)
    levels: InstanceLevels = field(default_factory=InstanceLevels)
    reported_limits: dict[str, dict[str, float]] = field(default_factory=dict)
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)
    due: asyncio.Event = field(default_factory=asyncio.Event)
    losses: Losses = field(init=False)

    def __post_init__(self) -> None:
        """Count what is not taken in through Scout's reporter."""
        self.losses = Losses(self.opener.reporter, self.clock)

    async def probe_forever(self) -> None:
        """Probe all services four times a second, and those that are out more often; never return."""
        board = self.scout.detectors.board
        while True:
            at = self.clock.now()
            await asyncio.gather(*(self._probe(name, at) for name in board))
            while (left_s := PERIOD_S - (self.clock.now() - at) / 1e9) > OUT_PERIOD_S / 2:
                awaited = any(health.awaited for health in board.values())
                await self.clock.sleep(min(left_s, OUT_PERIOD_S) if awaited else left_s)
                sent = self.clock.now()
                if (sent - at) / 1e9 < PERIOD_S - OUT_PERIOD_S / 2:  # else they are probed with all others
                    await asyncio.gather(*(self._probe(name, sent) for name in board if board[name].awaited))

    async def _probe(self, service: str, at: int) -> None:
        """Probe a service once; ignore a result that a pause interrupted: its timeout was ours, or it is outdated."""
        health = await self.probe.check(self.scout.detectors.config.services[service].health)
        pauses = self.clock.pauses()
        self.scout.detectors.resume(pauses)
        if not pauses.after(at):
            self.scout.detectors.board[service].update(health, at)

    async def open_forever(self, owner: Callable[[], bool]) -> None:
        """Open an issue for everything that is detected and has none; never return.

        An outage needs no sketches of other Scouts, so every Scout opens it: it waits neither for the bus nor until the
        group notices that the owner has died. Everything else is opened only while `owner` returns True.
        """
        while True:
            self.due.clear()
            owned = owner()
            detected = self.scout.detections()
            if detected and await self.holds.read(fresh=True):
                detected = self.scout.detections()
            needs = self.scout.detectors.needs_telemetry
            detections = [detection for detection in detected if owned or not needs(detection.symptoms[0])]
            opened = await self.opener.open_missing(detections)
            for issue, detection in opened.items():
                self.scout.opened(detection)
                self.watch.send_wake_up(issue, 0)
                self.watch.wake(issue, 0)
            if len(opened) < len(detections):
                await self.clock.sleep(TRY_AGAIN_S)
            else:
                await self._until_due()

    async def _until_due(self) -> None:
        """Wait for the next evaluation."""
        waits = [asyncio.ensure_future(self.due.wait()), asyncio.ensure_future(self.clock.sleep(EVALUATE_EVERY_S))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    async def listen_forever(self, feed: Subscription) -> None:
        """Take in new records, once those from before this start were read back; never return."""
        records = await feed.next(timeout=0.0)
        await self.caught_up.wait()
        while True:
            for record in records:
                take_or_count(record, self.take_in, self.losses)
            records = await feed.next(timeout=1.0)

    async def read_back(self, history: History, since: int) -> None:
        """Take in, in order of time, the records since `since` (Unix ns) that a Scout that was just started has missed.

        Probes go on meanwhile. Incidents and deployments come first: an attempt that failed in one must not burn the
        error budget.
        """
        await self._recall(since)
        until = self.clock.now() + SECOND  # overlaps with the new records: a record that comes twice counts once
        windows: list[Sequence[Record]] = []
        try:
            windows = [await history.window(topic, since, until) for topic in (*READ_BACK, *self._event_topics)]
        except SpaceError as error:
            log.warning("the telemetry from before this start cannot be read back: %s", error)
        missed = sorted((record for records in windows for record in records), key=lambda record: record.at)
        await self.announcements.recall(record for record in missed if record.topic == CHANGES)
        for number, record in enumerate(missed):
            take_or_count(record, self.take_in, self.losses)
            if record.topic == SIGNALS:
                self.scout.detectors.evaluate_complete(record.at)
            if number % READ_AT_ONCE == 0:
                await self.clock.sleep(0)
        self._mark_served_as_healthy()
        detectors, started = self.scout.detectors, self.clock.pauses().all[0].until
        detectors.not_running.add(detectors.spans.heard_at, started)  # no Scout made sketches since
        self.caught_up.set()

    def _mark_served_as_healthy(self) -> None:
        """Mark the services that served before this start as seen healthy.

        When such a service does not answer now, it is out, and not just starting.
        """
        for operation in self.scout.detectors.operations.watches:
            if operation.kind is SpanKind.SERVER and operation.service in self.scout.detectors.board:
                self.scout.detectors.board[operation.service].seen_healthy = True

    async def _recall(self, since: int) -> None:
        """Read the incidents since `since` (Unix ns), and retry until the forge answers.

        Waiting loses nothing: without the forge no incident could be opened.
        """
        while True:
            try:
                self.scout.detectors.open_incidents.recall(await self.opener.incidents.touched(since))
            except SpaceError as error:
                log.warning("the known incidents cannot be read from the forge yet: %s", error)
                await self.clock.sleep(TRY_AGAIN_S)
            else:
                return

    def take_in(self, record: Record) -> None:
        """Take in a record of any topic, dated now at the latest; raise `Malformed` when it does not parse."""
        detectors, now = self.scout.detectors, reception_time(record.at, self.clock.now())
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
            case topic if topic in self._event_topics:
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
            if reason := implausible_reason(line.at, now) if line.at else "":
                self.losses.count(reason)
            else:
                self.processes.logged(line)

    @property
    def _event_topics(self) -> tuple[str, ...]:
        return self.scout.detectors.config.event_topics

    def _take_event(self, record: Record, now: int) -> None:
        """Take in an event, with its key for each journey whose conversion counts it."""
        at, keys = event_time(record.headers), self._keys(record)
        too_large = TOO_LARGE if any(len(key) > MAX_NAME for key in keys.values()) else ""
        if reason := implausible_reason(at, now) or too_large:
            self.losses.count(reason)
        else:
            self.scout.detectors.take_event(record.topic, keys, min(at, now))

    def _keys(self, record: Record) -> dict[str, str]:
        steps = {journey.name: journey.conversion for journey in self.scout.detectors.config.journeys}
        return {
            name: event_key(one.key, record.key, record.headers, record.value)
            for name, one in steps.items()
            if one and one.topics and record.topic in (one.first, one.second)
        }

    def _take_level(self, level: ResourceLevel, now: int) -> None:
        if level.service not in self.scout.detectors.board:
            return
        if reason := implausible_reason(level.at, now) or ("" if math.isfinite(level.value) else NO_NUMBER):
            self.losses.count(reason)
            return
        if level.name in (MEMORY_LIMIT, FILES, CONNECTIONS):
            self._take_limit(level)
            return
        if self.processes.began(level.service, level.instance, level.at):
            self.scout.detectors.restarted(level.service, level.at)
            self.levels.restart(level.service)
        resource, at = self._resource(level), min(level.at, now)
        if resource is not None:
            highest = self.levels.highest(level.service, resource.name, level.instance, at, level.value)
            self.scout.detectors.take_level(resource, at, highest)

    def _take_limit(self, level: ResourceLevel) -> None:
        """Take in a limit, whoever reports it; 0 stands for none."""
        limits = self.reported_limits.setdefault(level.service, {})
        if level.value > 0:
            limits[level.name] = level.value

    def _resource(self, level: ResourceLevel) -> Resource | None:
        """Return the resource that a metric measures; None while its limit is not known."""
        limits = self.reported_limits.get(level.service, {})
        memory = self.processes.memory_limits.get(level.service) or limits.get(MEMORY_LIMIT)
        match level.name:
            case "process.memory.usage" if memory:
                return Resource(level.service, "memory", float(memory))
            case "process.cpu.utilization":
                return Resource(level.service, CPU.name, CPU.limit, CPU.lasting_ns, CPU.trends)
            case "process.unix.file_descriptor.count" if FILES in limits:
                return Resource(level.service, "file descriptors", limits[FILES])
            case "db.client.connection.count" if CONNECTIONS in limits:
                return Resource(level.service, "database connections", limits[CONNECTIONS], trends=False)
        return None


def take_or_count(record: Record, take: Callable[[Record], object], losses: Losses) -> None:
    """Take a record in; count and skip one that does not parse."""
    try:
        take(record)
    except (Malformed, UnicodeDecodeError) as error:
        where = f"partition {record.partition}, offset {record.offset}: {error}"
        losses.count(f"a record that is none of {record.topic}", example=where)
