"""Stores export requests: many requests share one transaction, and each waits until it is committed."""

import asyncio
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sre_embedded.servers.telemetry.store import Export, connect, expire, shrink, store
from sre_embedded.storing import StorageStatus, describe_error
from sre_space.domain.errors import Unavailable
from sre_space.domain.tally import Tally

log = logging.getLogger(__name__)

QUEUE = 2000  # waiting requests; more are refused, which makes exporters back off and retry
QUEUE_BYTES = 64 * 2**20  # of all waiting requests
EXPIRE_EVERY_S = 60
OUTBOX_ROWS = 100_000
FULL = "the oldest spans: the store is full (SPANS_MAX_BYTES)"
GIVEN_UP = "records that the bus did not accept for too long"


@dataclass
class Intake:
    """The only writer of the span store; `stored` is called after each commit that added records to publish."""

    path: Path
    retention_s: int
    max_bytes: int
    stored: Callable[[], None]
    queue: "asyncio.Queue[tuple[Export, asyncio.Future[None]]]" = field(default_factory=lambda: asyncio.Queue(QUEUE))
    sent: list[int] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    waiting_bytes: int = 0
    tally: Tally = field(default_factory=Tally)
    storage: StorageStatus = field(init=False)

    def __post_init__(self) -> None:
        self.storage = StorageStatus(f"spans, logs and metrics are not stored in {self.path.parent}")

    async def take(self, export: Export) -> None:
        """Return when the request is committed; `Unavailable` when too many requests wait, or the disk is full."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.waiting_bytes > QUEUE_BYTES:
            raise Unavailable(f"{self.waiting_bytes} bytes are waiting to be stored", retry_after=1.0)
        try:
            self.queue.put_nowait((export, done))
        except asyncio.QueueFull as error:
            raise Unavailable(f"{QUEUE} requests are waiting to be stored", retry_after=1.0) from error
        self.waiting_bytes += export.size
        self.wake.set()
        await done

    def log_dropped(self, dropped: Counter[str]) -> None:
        """Log what was dropped, by reason; each reason at most once a minute."""
        for reason, number in dropped.items():
            if due := self.tally.due(reason, number, time.time_ns()):
                log.warning("%d dropped: %s", due, reason)

    def mark_published(self, ids: list[int]) -> None:
        """Delete these outbox rows, which are published, with the next transaction."""
        self.sent += ids
        self.wake.set()

    async def run(self) -> None:
        """Store requests until cancelled."""
        db = connect(self.path)
        expired = time.monotonic()
        while True:
            await self.wake.wait()
            self.wake.clear()
            batch = [self.queue.get_nowait() for _ in range(self.queue.qsize())]
            sent, self.sent = self.sent, []
            self.waiting_bytes -= sum(export.size for export, _ in batch)
            failure = await asyncio.to_thread(self._commit, db, [export for export, _ in batch], sent)
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

    def _commit(self, db: sqlite3.Connection, exports: list[Export], sent: list[int]) -> Unavailable | None:
        """Commit the requests and delete published rows, or do neither and return the error for the exporters."""
        try:
            store(db, exports, sent)
            spans, records = shrink(db, self.max_bytes)
        except sqlite3.OperationalError as error:
            self.sent += sent
            self.storage.failed(error)
            return Unavailable(f"nothing can be stored: {describe_error(error)}", retry_after=1.0)
        self.storage.worked()
        self.log_dropped(Counter({FULL: spans, GIVEN_UP: records}))
        return None

    def _expire(self, db: sqlite3.Connection) -> None:
        try:
            self.log_dropped(Counter({GIVEN_UP: expire(db, time.time_ns(), self.retention_s, OUTBOX_ROWS)}))
        except sqlite3.OperationalError as error:
            self.storage.failed(error)
