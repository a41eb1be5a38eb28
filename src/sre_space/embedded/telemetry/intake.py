"""Takes export requests in: many requests share one transaction, and each waits until it is committed."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sre_space.domain.errors import Unavailable
from sre_space.domain.tally import Tally
from sre_space.embedded.telemetry.store import Export, connect, expire, shrink, store

log = logging.getLogger(__name__)

QUEUE = 2000  # requests waiting; more are refused, which makes exporters wait and try again
QUEUE_BYTES = 64 * 2**20  # of all of them together
EXPIRE_EVERY_S = 60
OUTBOX_ROWS = 100_000
FULL = "the oldest spans: the store is full (SPANS_MAX_BYTES)"
GIVEN_UP = "requests that the bus did not take for too long"


@dataclass
class Intake:
    """One writer task; `stored` is called after each commit that added something to publish."""

    path: Path
    retention_s: int
    max_bytes: int
    stored: Callable[[], None]
    queue: "asyncio.Queue[tuple[Export, asyncio.Future[None]]]" = field(default_factory=lambda: asyncio.Queue(QUEUE))
    sent: list[int] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    tally: Tally = field(default_factory=Tally)

    async def take(self, export: Export) -> None:
        """Return when the request is committed; `Unavailable` when too many wait."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.waiting > QUEUE_BYTES:
            raise Unavailable(f"{self.waiting} bytes are waiting to be stored", retry_after=1.0)
        try:
            self.queue.put_nowait((export, done))
        except asyncio.QueueFull as error:
            raise Unavailable(f"{QUEUE} requests are waiting to be stored", retry_after=1.0) from error
        self.waiting += export.size
        self.wake.set()
        await done

    def lost(self, dropped: Counter[str]) -> None:
        """Tell of what was not taken, each reason once a minute at most."""
        for reason, number in dropped.items():
            if due := self.tally.due(reason, number, time.time_ns()):
                log.warning("%d dropped: %s", due, reason)

    def forget(self, ids: list[int]) -> None:
        """These outbox rows are published."""
        self.sent += ids
        self.wake.set()

    async def run(self) -> None:
        """Store for ever."""
        db = connect(self.path)
        expired = time.monotonic()
        while True:
            await self.wake.wait()
            self.wake.clear()
            batch = [self.queue.get_nowait() for _ in range(self.queue.qsize())]
            sent, self.sent = self.sent, []
            self.waiting -= sum(export.size for export, _ in batch)
            await asyncio.to_thread(store, db, [export for export, _ in batch], sent)
            spans, records = await asyncio.to_thread(shrink, db, self.max_bytes)
            self.lost(Counter({FULL: spans, GIVEN_UP: records}))
            for _, done in batch:
                if not done.done():
                    done.set_result(None)
            if batch:
                self.stored()
            if time.monotonic() - expired > EXPIRE_EVERY_S:
                expired = time.monotonic()
                given_up = await asyncio.to_thread(expire, db, time.time_ns(), self.retention_s, OUTBOX_ROWS)
                self.lost(Counter({GIVEN_UP: given_up}))
