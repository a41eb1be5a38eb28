"""The MAC that proves that a record on the bus was written by a holder of the space's key.

HMAC-SHA256 over topic and value (RFC 2104), on records of the telemetry server and on the sketches that Scout makes of
them. The MAC does not cover a record's partition, offset and time, so a copy of an authentic record has a valid MAC
too. But no two export requests are equal, for they hold ids and times: the same MAC at another place is a copy.
"""

import hmac
from dataclasses import dataclass, field

from sre_space.codec.topics import LOGS, METRICS, SIGNALS, SPANS
from sre_space.ports.bus import Record

HEADER = "sre-mac"
COVERED = frozenset((SPANS, LOGS, METRICS, SIGNALS))
MAX_REMEMBERED = 50_000  # records whose place a reader remembers


def headers_of(key: bytes, topic: str, value: bytes) -> dict[str, bytes]:
    """Return the headers of a record with this topic and value: its MAC, or nothing for a topic that is not covered."""
    return {HEADER: _mac(key, topic, value)} if topic in COVERED else {}


def authentic(key: bytes, record: Record) -> bool:
    """Return True for a record with a valid MAC, and for any record of a topic that is not covered."""
    if record.topic not in COVERED:
        return True
    return hmac.compare_digest(record.headers.get(HEADER, b""), _mac(key, record.topic, record.value))


@dataclass
class RecordPlaces:
    """The place (partition, offset) where a reader first saw each record, by MAC; the newest `MAX_REMEMBERED`."""

    first: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def is_copy(self, record: Record) -> bool:
        """Return True when the record was seen at another place before; at the same place it is a repeated delivery."""
        if record.topic not in COVERED:
            return False
        place = (record.partition, record.offset)
        first = self.first.setdefault(record.headers[HEADER], place)
        if len(self.first) > MAX_REMEMBERED:
            del self.first[next(iter(self.first))]
        return first != place


def _mac(key: bytes, topic: str, value: bytes) -> bytes:
    return hmac.digest(key, topic.encode() + b"\0" + value, "sha256").hex().encode()
