"""Takes export requests in: many requests share one transaction, and each waits until it is committed."""

import asyncio
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sre_space.domain.errors import Unavailable
from sre_space.domain.tally import Tally
from sre_space.embedded.storing import Storing, why
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
    storing: Storing = field(init=False)

    def __post_init__(self) -> None:
        self.storing = Storing(f"spans, logs and metrics are not stored in {self.path.parent}")

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
            failure = await asyncio.to_thread(self._stored, db, [export for export, _ in batch], sent)
            for _, done in batch:
                if done.done():
                    continue
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)
            if batch and failure is None:
                self.stored()
            if time.monotonic() - expired > EXPIRE_EVERY_S:
                expired = time.monotonic()
                await asyncio.to_thread(self._expire, db)

    def _stored(self, db: sqlite3.Connection, exports: list[Export], sent: list[int]) -> Unavailable | None:
        """Store and delete, or neither: what the disk does not take is refused, and its exporter tries again."""
        try:
            store(db, exports, sent)
            spans, records = shrink(db, self.max_bytes)
        except sqlite3.OperationalError as error:
            self.sent += sent
            self.storing.failed(error)
            return Unavailable(f"nothing can be stored: {why(error)}", retry_after=1.0)
        self.storing.worked()
        self.lost(Counter({FULL: spans, GIVEN_UP: records}))
        return None

    def _expire(self, db: sqlite3.Connection) -> None:
        try:
            self.lost(Counter({GIVEN_UP: expire(db, time.time_ns(), self.retention_s, OUTBOX_ROWS)}))
        except sqlite3.OperationalError as error:
            self.storing.failed(error)
