"""What `adapters.kafka` makes of librdkafka's messages: records, and how to get past what is none."""

import logging
from collections.abc import Sequence
from operator import methodcaller

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from sre_space.ports.bus import Record

log = logging.getLogger(__name__)

DAMAGED = (KafkaError._BAD_MSG, KafkaError._BAD_COMPRESSION)
MAX_JUMP = 2**20  # records in one jump
_HEADERS = methodcaller("headers")


class BatchReader:
    """One consumer's messages as records.

    librdkafka asks for a damaged batch again and again, and tells of it each time; how many records it has nobody can
    say. So each time one record more is left out than the time before, doubled, until it is behind.
    """

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._jumps: dict[tuple[str, int], tuple[int, int]] = {}
        self._told = ""

    def records(self, messages: Sequence[Message | None]) -> list[Record]:
        """The records among them; what is none is logged and passed."""
        found = [message for message in messages if message is not None]
        # While nobody listened, librdkafka may have told of one place several times.
        failed = {(one.topic(), one.partition()): one for one in found if one.error() is not None}
        for message in failed.values():
            self.passed(message)
        return [record_of(message) for message in found if message.error() is None]

    def passed(self, message: Message) -> bool:
        """True for a message about damage, which the consumer jumps over now; other errors are only logged."""
        error, topic = message.error(), message.topic() or ""
        partition, offset = message.partition() or 0, message.offset() or 0
        if error is None or error.code() not in DAMAGED or offset < 0:
            self._tell(f"the bus: {error}")
            return False
        stuck_at, jump = self._jumps.get((topic, partition), (-1, 0))
        jump = min(MAX_JUMP, 2 * jump) if stuck_at == offset else 1
        self._jumps[topic, partition] = (offset, jump)
        self._tell(f"{topic}-{partition}: what begins at offset {offset} is damaged, and is left out: {error}")
        try:
            self._consumer.seek(TopicPartition(topic, partition, offset + jump))
        except KafkaException as failure:  # the partition was taken away meanwhile
            self._tell(f"{topic}-{partition}: {failure}")
        return True

    def _tell(self, what: str) -> None:
        """Once, however often it is said."""
        if what != self._told:
            log.warning("%s", what)
        self._told = what


def record_of(message: Message) -> Record:
    """One message that is no error."""
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
    """None of them, when one has a name that is not UTF-8: confluent-kafka then fails with a SystemError.

    What it returns has holes then, and whoever looks at them dies. Python tells of that only when the method is called
    from C, as `methodcaller` does; `message.headers()` in a loop is optimized past the check (SIGSEGV).
    """
    try:
        headers = _HEADERS(message) or []
    except (SystemError, UnicodeDecodeError):
        return {}
    return {key: _bytes(value) for key, value in (headers.items() if isinstance(headers, dict) else headers)}


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
