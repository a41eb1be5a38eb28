"""The MAC of a record on the bus: who holds the space's key wrote it. HMAC-SHA256 over topic and value (RFC 2104).

Covered is what the telemetry server hands on, and the sketches that Scout makes of it. What is not covered: where a
record stands and when it was written, so a copy of an authentic one has the right MAC too. But no two requests of
exporters are alike, for they hold ids and times: the same MAC at another place is a copy.
"""

import hmac
from dataclasses import dataclass, field

from sre_space.codec.topics import LOGS, METRICS, SIGNALS, SPANS
from sre_space.ports.bus import Record

HEADER = "sre-mac"
COVERED = frozenset((SPANS, LOGS, METRICS, SIGNALS))
MAX_REMEMBERED = 50_000  # records of which a reader remembers the place


def headers_of(key: bytes, topic: str, value: bytes) -> dict[str, bytes]:
    """What a record of this topic carries; nothing for a topic that is not covered."""
    return {HEADER: _mac(key, topic, value)} if topic in COVERED else {}


def authentic(key: bytes, record: Record) -> bool:
    """True for a record whose MAC is right, and for any of a topic that is not covered."""
    if record.topic not in COVERED:
        return True
    return hmac.compare_digest(record.headers.get(HEADER, b""), _mac(key, record.topic, record.value))


@dataclass
class Places:
    """Where a reader found each record first, by MAC; the newest `MAX_REMEMBERED`."""

    first: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def copied(self, record: Record) -> bool:
        """True for what stands at another place already; the same place again is a repeated delivery."""
        if record.topic not in COVERED:
            return False
        place = (record.partition, record.offset)
        first = self.first.setdefault(record.headers[HEADER], place)
        if len(self.first) > MAX_REMEMBERED:
            del self.first[next(iter(self.first))]
        return first != place


def _mac(key: bytes, topic: str, value: bytes) -> bytes:
    return hmac.digest(key, topic.encode() + b"\0" + value, "sha256").hex().encode()
