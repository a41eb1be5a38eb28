"""The MAC of a record on the bus: who holds the space's key wrote it. HMAC-SHA256 over topic and value (RFC 2104).

Covered is what the telemetry server hands on, and the sketches that Scout makes of it. What is not covered: when a
record was written, so that a copy of an authentic one is authentic too.
"""

import hmac

from sre_space.ports.bus import Record

HEADER = "sre-mac"
SKETCHES = "sre_signals"
COVERED = frozenset(("otlp_spans", "otlp_logs", "otlp_metrics", SKETCHES))


def headers_of(key: bytes, topic: str, value: bytes) -> dict[str, bytes]:
    """What a record of this topic carries; nothing for a topic that is not covered."""
    return {HEADER: _mac(key, topic, value)} if topic in COVERED else {}


def authentic(key: bytes, record: Record) -> bool:
    """True for a record whose MAC is right, and for any of a topic that is not covered."""
    if record.topic not in COVERED:
        return True
    return hmac.compare_digest(record.headers.get(HEADER, b""), _mac(key, record.topic, record.value))


def _mac(key: bytes, topic: str, value: bytes) -> bytes:
    return hmac.digest(key, topic.encode() + b"\0" + value, "sha256").hex().encode()
