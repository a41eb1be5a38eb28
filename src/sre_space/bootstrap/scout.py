"""The process of Scout: `python -m sre_space.bootstrap.scout`."""

import asyncio
import logging
from dataclasses import dataclass

from sre_space.adapters.http_probe import HttpProbe
from sre_space.adapters.kafka import KafkaHistory, KafkaSubscription
from sre_space.agents.scout.health import PERIOD_S, ServiceHealth
from sre_space.agents.scout.journeys import JourneyBook
from sre_space.agents.scout.scout import Scout
from sre_space.bootstrap import agent, server
from sre_space.domain import facts
from sre_space.domain.errors import Malformed, Unavailable
from sre_space.loop.opening import Opener
from sre_space.loop.watch import Watch
from sre_space.ports.bus import Record
from sre_space.ports.clock import Clock
from sre_space.ports.probe import Probe
from sre_space.settings import Scout as Settings
from sre_space.wire.otlp import spans_of

log = logging.getLogger(__name__)

SPANS = "otlp_spans"
REMEMBERED_NS = 120 * 10**9  # of journeys, read back after a restart
OPEN_EVERY_S = 0.05
KNOWN_EVERY_S = 0.5
LATE_TICK_NS = 2 * 10**9  # the machine slept or was starved: what we missed says nothing of the patient


@dataclass
class Senses:
    """Feeds the board and the book, and turns what fires into issues."""

    scout: Scout
    probe: Probe
    opener: Opener
    watch: Watch
    clock: Clock
    ticked: int = 0

    async def probe_for_ever(self) -> None:
        """Four rounds of probes a second."""
        while True:
            at = self.clock.now()
            if self.ticked and at - self.ticked > LATE_TICK_NS:
                log.warning("BLIND for %.1f s: this process did not run", (at - self.ticked) / 1e9)
            self.ticked = at
            await asyncio.gather(*(self._probe(name, at) for name in self.scout.board))
            await self.clock.sleep(max(0.0, PERIOD_S - (self.clock.now() - at) / 1e9))

    async def open_for_ever(self) -> None:
        """What fires and has no issue gets one; apart from the probes, so that a slow forge does not blind them."""
        while True:
            detections = self.scout.detections()
            opened = await self.opener.open_missing(detections)
            for issue in opened:
                self.watch.ring(issue, 0)
                self.watch.wake(issue, 0)
            # What fires and has its incident is asked of the forge twice a second, not twenty times.
            await self.clock.sleep(KNOWN_EVERY_S if len(detections) > len(opened) else OPEN_EVERY_S)

    async def _probe(self, service: str, at: int) -> None:
        health = await self.probe.check(self.scout.chart.services[service].health)
        self.scout.board[service].update(health, at)

    async def read_for_ever(self, feed: KafkaSubscription) -> None:
        """Journeys from the spans of the bus."""
        while True:
            for record in await feed.next(timeout=1.0):
                self.take_in(record)

    async def read_back(self, history: KafkaHistory) -> None:
        """The last two minutes of journeys, for a Scout that was restarted in mid-incident."""
        now = self.clock.now()
        try:
            for record in await history.window(SPANS, now - REMEMBERED_NS, now):
                self.take_in(record)
        except Unavailable as error:
            log.warning("journeys before this start are unknown: %s", error)

    def take_in(self, record: Record) -> None:
        """One export request of spans."""
        try:
            for span in spans_of(record.value):
                self.scout.book.add(span, self.clock.now())
        except Malformed as error:
            log.warning("%s/%d at %d: %s", record.topic, record.partition, record.offset, error)


async def _work(settings: Settings) -> None:
    ground = agent.Ground.prepare(facts.Agent.SCOUT, settings)
    board = {name: ServiceHealth(name) for name in ground.chart.services}
    book = JourneyBook(ground.chart.journey)
    scout = Scout(ground.chart, board, book, ground.clock)
    opener = Opener(ground.casebook, ground.forge, ground.key, ground.clock, ground.reporter)
    watch = ground.watch(scout)
    senses = Senses(scout, HttpProbe.create(), opener, watch, ground.clock)
    bus = ground.settings.kafka_bootstrap_servers
    feed = KafkaSubscription(bus, [SPANS], None)
    await senses.read_back(KafkaHistory(bus))
    async with asyncio.TaskGroup() as group:
        group.create_task(senses.probe_for_ever())
        group.create_task(senses.open_for_ever())
        group.create_task(senses.read_for_ever(feed))
        group.create_task(watch.run())


if __name__ == "__main__":
    server.run("scout", Settings, _work)
