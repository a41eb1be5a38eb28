"""Publishes the outbox to Kafka, as the Collector's Kafka exporter does: no key, the request is the value.

With the key of the space each record carries its MAC in a header (`codec/record_mac.py`).
"""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Producer

from sre_space.codec.kafka_errors import PERMANENT
from sre_space.codec.record_mac import headers_of
from sre_space.domain.tally import Tally
from sre_space.embedded.telemetry.store import connect, waiting

log = logging.getLogger(__name__)

TRY_AGAIN_S = 0.5
FATAL = (KafkaException, SystemError)  # what flushing raises; the second, when reports of delivery wait too


class Republisher:
    """Wakes on each commit; what the bus did not take stays in the outbox. At least once."""

    def __init__(self, path: Path, bootstrap: str, key: bytes | None = None) -> None:
        self._path, self._bootstrap, self._key = path, bootstrap, key
        self._tally = Tally()
        self.wake = asyncio.Event()
        self.wake.set()
        self._producer = _producer(bootstrap)

    async def run(self, forget: Callable[[list[int]], None]) -> None:
        """For ever: publish what waits, tell what was taken.

        What was taken stays in the outbox for a moment, until the intake deletes it: `place` is behind it.
        """
        db = connect(self._path)
        place = 0
        while True:
            await self.wake.wait()
            self.wake.clear()
            while rows := waiting(db, place):
                taken = await asyncio.to_thread(self._publish, rows)
                forget(taken)
                left = {id for id, *_ in rows}.difference(taken)
                place = min(left) - 1 if left else rows[-1][0]
                if left:
                    log.warning("the bus took %d of %d records; the rest waits", len(taken), len(rows))
                    await asyncio.sleep(TRY_AGAIN_S)
                    self.wake.set()
                    break

    def _publish(self, rows: list[tuple[int, str, bytes]]) -> list[int]:
        taken: list[int] = []

        def report(id: int, size: int) -> Callable[[KafkaError | None, object], None]:
            return lambda error, _: taken.append(id) if error is None or self._never(error, size) else None

        for id, topic, body in rows:
            try:
                headers = headers_of(self._key, topic, body) if self._key else {}
                self._producer.produce(topic, body, on_delivery=report(id, len(body)), headers={**headers})
            except KafkaException as error:
                if not self._never(error.args[0], len(body)):
                    log.warning("the producer takes nothing more: %s", error)
                    break
                taken.append(id)
            except BufferError as error:
                log.warning("the producer takes nothing more: %s", error)
                break
        try:
            self._producer.flush(6)
        except FATAL as error:  # what was not told stays in the outbox
            log.error("the producer is replaced: %s", error)
            self._producer = _producer(self._bootstrap)
        return list(taken)

    def _never(self, error: KafkaError, size: int) -> bool:
        """A record that the bus will never take must not hold up the others; each reason is told once a minute."""
        never = error.code() in PERMANENT
        if never and (due := self._tally.due(error.name(), 1, time.time_ns())):
            log.error("%d records are given up, the last of %d bytes: the bus refuses them: %s", due, size, error)
        return never


def _producer(bootstrap: str) -> Producer:
    return Producer(
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
