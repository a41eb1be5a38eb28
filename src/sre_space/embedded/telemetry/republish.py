"""Publishes the outbox to Kafka, as the Collector's Kafka exporter does: one request, one record."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException, Producer

from sre_space.embedded.telemetry.store import connect, waiting

log = logging.getLogger(__name__)

TRY_AGAIN_S = 0.5


class Republisher:
    """Wakes on each commit; what the bus did not take stays in the outbox. At least once."""

    def __init__(self, path: Path, bootstrap: str) -> None:
        self._path = path
        self.wake = asyncio.Event()
        self.wake.set()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "linger.ms": 0,
                "message.timeout.ms": 5000,
                "reconnect.backoff.max.ms": 500,
                "log_level": 2,
                "logger": log,
            }
        )

    async def run(self, forget: Callable[[list[int]], None]) -> None:
        """For ever: publish what waits, tell what was taken."""
        db = connect(self._path)
        while True:
            await self.wake.wait()
            self.wake.clear()
            place = 0
            while rows := waiting(db, place):
                taken = await asyncio.to_thread(self._publish, rows)
                forget(taken)
                place = rows[-1][0]
                if len(taken) < len(rows):
                    log.warning("the bus took %d of %d requests; the rest waits", len(taken), len(rows))
                    await asyncio.sleep(TRY_AGAIN_S)
                    self.wake.set()
                    break

    def _publish(self, rows: list[tuple[int, str, bytes]]) -> list[int]:
        taken: list[int] = []

        def report(id: int) -> Callable[[Any, Any], None]:
            return lambda error, _: taken.append(id) if error is None else None

        for id, topic, body in rows:
            try:
                self._producer.produce(topic, body, on_delivery=report(id))
            except (BufferError, KafkaException) as error:
                log.warning("the producer takes nothing more: %s", error)
                break
        self._producer.flush(6)
        return taken
