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

LOOK_EVERY_S = 1.0  # without a wake-up: finds events that an earlier process of this service left
GATHER_S = 0.1  # delay after a wake-up: publishing one event costs as much as publishing ten
BATCH = 100
NEVER = (  # errors of events that the bus refuses for good; they must not block later events
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.RECORD_LIST_TOO_LARGE,
    KafkaError.INVALID_TIMESTAMP,
    KafkaError.INVALID_RECORD,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_EXCEPTION,
    KafkaError.POLICY_VIOLATION,
)
FATAL = (KafkaException, SystemError)  # raised by flush; SystemError when delivery reports are pending as well
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
    """Add an event to the outbox table in the caller's transaction."""
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
    """A thread that publishes the events of the outbox; while the bus is down, events stay in the outbox."""

    def __init__(self, engine: Engine, bootstrap: str) -> None:
        self._engine, self._bootstrap = engine, bootstrap
        self._woken, self._stopped = threading.Event(), threading.Event()
        self._producer = _producer(bootstrap)
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Wake the thread: there are events to publish."""
        self._woken.set()

    def stop(self) -> None:
        """Stop the thread after its present round; wait for at most 2 s."""
        self._stopped.set()
        self._woken.set()
        self._thread.join(2)

    def _run(self) -> None:
        with suppress_instrumentation():  # no request waits for this thread: its spans would belong to no journey
            while not self._stopped.is_set():
                if self._woken.wait(LOOK_EVERY_S):
                    self._stopped.wait(GATHER_S)
                self._woken.clear()
                self._publish_all()

    def _publish_all(self) -> None:
        """Publish all waiting events; a failing database (a full disk, a lock) is retried in the next round."""
        try:
            while self._publish_some() == BATCH:
                continue
        except DBAPIError as error:
            log.warning("events wait: the database failed: %s", error.orig)

    def _publish_some(self) -> int:
        """Publish the oldest events; return how many left the outbox."""
        with self._engine.connect() as connection:  # returned to the pool before the bus is called
            events = connection.execute(OLDEST).all()
        done = self._publish(events)
        if done:
            with self._engine.begin() as transaction:
                transaction.execute(delete(OutboxEvent).where(OutboxEvent.id.in_(done)))
        return len(done)

    def _publish(self, events: Sequence[Row[tuple[int, str, str, str, str]]]) -> list[int]:
        """Return the ids of the events that the bus acknowledged or refused for good."""
        done: list[int] = []
        for event in events:
            headers = [(key, value.encode()) for key, value in json.loads(event.headers).items()]

            def report(error: KafkaError | None, _: object, id: int = event.id) -> None:
                if error is None or _refused(error, id):
                    done.append(id)

            try:
                self._producer.produce(event.topic, event.body.encode(), event.key, on_delivery=report, headers=headers)
            except KafkaException as error:
                if not _refused(error.args[0], event.id):
                    log.warning("events wait: %s", error)
                    break
                done.append(event.id)
            except BufferError as error:
                log.warning("events wait: %s", error)
                break
        try:
            self._producer.flush(6)
        except FATAL as error:  # events without a delivery report stay in the outbox
            log.error("events wait: the producer is replaced: %s", error)
            self._producer = _producer(self._bootstrap)
        return list(done)


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
    """Return True for an event that the bus will never accept; it is given up and logged."""
    never = error.code() in NEVER
    if never:
        log.error("the event %d is given up: the bus refuses it: %s", id, error)
    return bool(never)
