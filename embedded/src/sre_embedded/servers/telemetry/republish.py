"""Publishes the outbox to Kafka as the Collector's Kafka exporter does: no key, the request is the value.

With the space's key each record carries its MAC in a header (`codec/record_mac.py`).
"""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Producer

from sre_embedded.servers.telemetry.store import connect, waiting
from sre_space.codec.kafka_errors import PERMANENT
from sre_space.codec.record_mac import headers_of
from sre_space.domain.tally import Tally

log = logging.getLogger(__name__)

RETRY_S = 0.5
FATAL = (KafkaException, SystemError)  # raised by flush; SystemError when delivery reports are pending too


class Republisher:
    """Publishes after each commit; what the bus does not accept stays in the outbox (at-least-once delivery)."""

    def __init__(self, path: Path, bootstrap: str, key: bytes | None = None) -> None:
        self._path, self._bootstrap, self._key = path, bootstrap, key
        self._tally = Tally()
        self.wake = asyncio.Event()
        self.wake.set()
        self._producer = _producer(bootstrap)

    async def run(self, mark_published: Callable[[list[int]], None]) -> None:
        """Publish waiting rows until cancelled, and pass the ids of accepted rows to `mark_published`.

        Accepted rows stay in the outbox until the intake deletes them; `last_id` is the last id that is not read again.
        """
        db = connect(self._path)
        last_id = 0
        while True:
            await self.wake.wait()
            self.wake.clear()
            while rows := waiting(db, last_id):
                accepted = await asyncio.to_thread(self._publish, rows)
                mark_published(accepted)
                remaining = {id for id, *_ in rows}.difference(accepted)
                last_id = min(remaining) - 1 if remaining else rows[-1][0]
                if remaining:
                    log.warning(
                        "the bus accepted %d of %d records; the others are sent again", len(accepted), len(rows)
                    )
                    await asyncio.sleep(RETRY_S)
                    self.wake.set()
                    break

    def _publish(self, rows: list[tuple[int, str, bytes]]) -> list[int]:
        accepted: list[int] = []

        def report(id: int, size: int) -> Callable[[KafkaError | None, object], None]:
            return lambda error, _: accepted.append(id) if error is None or self._is_permanent(error, size) else None

        for id, topic, body in rows:
            try:
                headers = headers_of(self._key, topic, body) if self._key else {}
                self._producer.produce(topic, body, on_delivery=report(id, len(body)), headers={**headers})
            except KafkaException as error:
                if not self._is_permanent(error.args[0], len(body)):
                    log.warning("the producer accepts no more records: %s", error)
                    break
                accepted.append(id)
            except BufferError as error:
                log.warning("the producer accepts no more records: %s", error)
                break
        try:
            self._producer.flush(6)
        except FATAL as error:  # records without a delivery report stay in the outbox
            log.error("the producer is replaced: %s", error)
            self._producer = _producer(self._bootstrap)
        return list(accepted)

    def _is_permanent(self, error: KafkaError, size: int) -> bool:
        """Return True for a record that the bus will never accept, so that it does not block the others.

        Each reason is logged at most once a minute.
        """
        permanent = error.code() in PERMANENT
        if permanent and (due := self._tally.due(error.name(), 1, time.time_ns())):
            log.error("%d records are dropped, the last of %d bytes: the bus rejects them: %s", due, size, error)
        return permanent


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
