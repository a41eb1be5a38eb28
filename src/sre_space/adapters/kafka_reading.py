"""The conversion of librdkafka's messages to records, and the skipping of damaged ones. Used by `adapters.kafka`."""

import logging
from collections.abc import Sequence
from operator import methodcaller

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from sre_space.ports.bus import Record

log = logging.getLogger(__name__)

DAMAGED = (KafkaError._BAD_MSG, KafkaError._BAD_COMPRESSION)
MAX_JUMP = 2**20  # records skipped at once
_HEADERS = methodcaller("headers")


class BatchReader:
    """A converter of one consumer's messages to records.

    librdkafka requests a damaged batch again and again and reports an error each time, and the number of records in it
    is unknown. So the consumer skips 1 record, then 2, 4, ... until it is past the batch.
    """

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._jumps: dict[tuple[str, int], tuple[int, int]] = {}
        self._last_logged = ""

    def records(self, messages: Sequence[Message | None]) -> list[Record]:
        """Return the records among the messages; errors are logged and damaged batches skipped."""
        received = [message for message in messages if message is not None]
        # librdkafka may have queued several errors for the same partition.
        failed = {
            (message.topic(), message.partition()): message for message in received if message.error() is not None
        }
        for message in failed.values():
            self.passed(message)
        return [record_of(message) for message in received if message.error() is None]

    def passed(self, message: Message) -> bool:
        """Skip the damage that a message reports and return True; log any other error and return False."""
        error, topic = message.error(), message.topic() or ""
        partition, offset = message.partition() or 0, message.offset() or 0
        if error is None or error.code() not in DAMAGED or offset < 0:
            self._log(f"the bus: {error}")
            return False
        stuck_at, jump = self._jumps.get((topic, partition), (-1, 0))
        jump = min(MAX_JUMP, 2 * jump) if stuck_at == offset else 1
        self._jumps[topic, partition] = (offset, jump)
        self._log(f"{topic}-{partition}: the batch at offset {offset} is damaged and skipped: {error}")
        try:
            self._consumer.seek(TopicPartition(topic, partition, offset + jump))
        except KafkaException as failure:  # the partition was revoked meanwhile
            self._log(f"{topic}-{partition}: {failure}")
        return True

    def _log(self, text: str) -> None:
        """Log a warning, unless it equals the last one."""
        if text != self._last_logged:
            log.warning("%s", text)
        self._last_logged = text


def record_of(message: Message) -> Record:
    """Return a message without an error as a record."""
    _, milliseconds = message.timestamp()
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        at=milliseconds * 10**6,
        value=message.value() or b"",
        key=message.key() or b"",
        headers=_headers(message),
    )


def _headers(message: Message) -> dict[str, bytes]:
    """Return the headers, or none when the name of any is not UTF-8: confluent-kafka then fails with a SystemError.

    Its list then has NULL entries, and reading them crashes the process. Python checks for this only when the method is
    called from C, as `methodcaller` does; `message.headers()` in a loop is optimized past the check (SIGSEGV).
    """
    try:
        headers = _HEADERS(message) or []
    except (SystemError, UnicodeDecodeError):
        return {}
    return {key: _bytes(value) for key, value in (headers.items() if isinstance(headers, dict) else headers)}


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
