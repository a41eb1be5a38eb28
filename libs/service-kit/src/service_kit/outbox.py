"""Events through a transactional outbox: an event is published if and only if its transaction committed.

CloudEvents 1.0 in binary mode (headers `ce_*`), W3C trace context in `traceparent`. At least
once: consumers de-duplicate on `ce_id`.
"""

import json
import logging
import threading
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from confluent_kafka import KafkaError, KafkaException, Producer
from opentelemetry import propagate, trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import SpanKind
from sqlalchemy import Connection, Engine, Row, String, Text, delete, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column

from service_kit.database import Base

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0  # when nobody rang: what an earlier life of this process left
GATHER_S = 0.1  # after somebody rang: a round is as dear for one event as for ten
BATCH = 100
NEVER = (  # what the bus refuses for good must not hold up what comes after it
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.RECORD_LIST_TOO_LARGE,
    KafkaError.INVALID_TIMESTAMP,
    KafkaError.INVALID_RECORD,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_EXCEPTION,
    KafkaError.POLICY_VIOLATION,
)
FATAL = (KafkaException, SystemError)  # what flushing raises; the second, when reports of delivery wait too
tracer = trace.get_tracer(__name__)


class OutboxEvent(Base):
    """An event that the bus has not acknowledged yet."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(100))
    headers: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)


OLDEST = (
    select(OutboxEvent.id, OutboxEvent.topic, OutboxEvent.key, OutboxEvent.headers, OutboxEvent.body)
    .order_by(OutboxEvent.id)
    .limit(BATCH)
)


def add_event(transaction: Connection, source: str, topic: str, key: str, data: Mapping[str, object]) -> None:
    """Write an event into the caller's transaction."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid.uuid4()),
        "ce_source": f"/{source}",
        "ce_type": f"cloud-insurance.{topic}",
        "ce_time": datetime.now(UTC).isoformat(),
        "content-type": "application/json",
    }
    with tracer.start_as_current_span(f"{topic} publish", kind=SpanKind.PRODUCER) as span:
        span.set_attribute("messaging.system", "kafka")
        span.set_attribute("messaging.destination.name", topic)
        propagate.inject(headers)
    event = {"topic": topic, "key": key, "headers": json.dumps(headers), "body": json.dumps(dict(data))}
    transaction.execute(insert(OutboxEvent), event)


class Relay:
    """A thread that publishes the outbox; with the bus down, events wait."""

    def __init__(self, engine: Engine, bootstrap: str) -> None:
        self._engine, self._bootstrap = engine, bootstrap
        self._rung, self._stopped = threading.Event(), threading.Event()
        self._producer = _producer(bootstrap)
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def ring(self) -> None:
        """There is something to publish."""
        self._rung.set()

    def stop(self) -> None:
        """End after the round under way."""
        self._stopped.set()
        self._rung.set()
        self._thread.join(2)

    def _run(self) -> None:
        with suppress_instrumentation():  # no request waits for this: its spans would belong to no journey
            while not self._stopped.is_set():
                if self._rung.wait(LOOK_EVERY_S):
                    self._stopped.wait(GATHER_S)
                self._rung.clear()
                self._publish_all()

    def _publish_all(self) -> None:
        """What waits; a database that takes nothing (a full disk, a lock) is asked again at the next look."""
        try:
            while self._publish_some() == BATCH:
                continue
        except DBAPIError as error:
            log.warning("events wait: the database failed: %s", error.orig)

    def _publish_some(self) -> int:
        """Publish the oldest events; how many the bus took."""
        with self._engine.connect() as connection:  # given back while the bus is waited for
            events = connection.execute(OLDEST).all()
        taken = self._publish(events)
        if taken:
            with self._engine.begin() as transaction:
                transaction.execute(delete(OutboxEvent).where(OutboxEvent.id.in_(taken)))
        return len(taken)

    def _publish(self, events: Sequence[Row[tuple[int, str, str, str, str]]]) -> list[int]:
        taken: list[int] = []
        for event in events:
            headers = [(key, value.encode()) for key, value in json.loads(event.headers).items()]

            def report(error: KafkaError | None, _: object, id: int = event.id) -> None:
                if error is None or _refused(error, id):
                    taken.append(id)

            try:
                self._producer.produce(event.topic, event.body.encode(), event.key, on_delivery=report, headers=headers)
            except KafkaException as error:
                if not _refused(error.args[0], event.id):
                    log.warning("events wait: %s", error)
                    break
                taken.append(event.id)
            except BufferError as error:
                log.warning("events wait: %s", error)
                break
        try:
            self._producer.flush(6)
        except FATAL as error:  # of what was not told nothing is deleted
            log.error("events wait: the producer is replaced: %s", error)
            self._producer = _producer(self._bootstrap)
        return list(taken)


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


def _refused(error: KafkaError, id: int) -> bool:
    """True for an event that the bus will never take: it is given up, and told."""
    never = error.code() in NEVER
    if never:
        log.error("the event %d is given up: the bus refuses it: %s", id, error)
    return bool(never)
