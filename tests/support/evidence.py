"""What the Brain's inquest reads, in memory: spans as Jaeger answers them, records of topics, bundles."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.domain.errors import Missing
from sre_space.domain.telemetry import Span, SpanStatus
from sre_space.ports.bus import Record


def document(spans: Sequence[Span]) -> bytes:
    """Jaeger's query JSON, a trace for each trace id."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    return json.dumps({"data": [_trace(id, some) for id, some in traces.items()]}).encode()


def _trace(id: str, spans: Sequence[Span]) -> dict[str, object]:
    processes = {span.service: {"serviceName": span.service, "tags": []} for span in spans}
    return {"traceID": id, "spans": [_span(span) for span in spans], "processes": processes}


def _span(span: Span) -> dict[str, object]:
    told: dict[str, object] = {"span.kind": span.kind.value, **span.attributes}
    if span.status is SpanStatus.ERROR:
        told |= {"otel.status_code": "ERROR", "otel.status_description": span.status_message}
    parent = {"refType": "CHILD_OF", "traceID": span.trace_id, "spanID": span.parent_id}
    return {
        "traceID": span.trace_id,
        "spanID": span.span_id,
        "processID": span.service,
        "operationName": span.name,
        "startTime": span.start // 1000,
        "duration": span.duration // 1000,
        "references": [parent] if span.parent_id else [],
        "tags": [{"key": key, "value": value} for key, value in told.items()],
    }


@dataclass
class Topics:
    """Records by topic."""

    records: dict[str, list[Record]] = field(default_factory=dict)

    def add(self, topic: str, at: int, value: bytes, headers: Mapping[str, bytes] | None = None) -> None:
        """One more, at a Unix ns."""
        found = self.records.setdefault(topic, [])
        found.append(Record(topic, 0, len(found), at, value, headers=headers or {}))

    async def window(self, topic: str, since: int, until: int, limit: int = 100_000) -> Sequence[Record]:
        """By time."""
        return [one for one in self.records.get(topic, []) if since <= one.at < until][:limit]


@dataclass
class Shelf:
    """Bundles that stay."""

    kept: dict[str, Mapping[str, bytes]] = field(default_factory=dict)

    async def keep(self, files: Mapping[str, bytes]) -> str:
        """By what they hold."""
        name = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
        self.kept[name] = dict(files)
        return name

    async def load(self, name: str) -> Mapping[str, bytes]:
        """One."""
        if name not in self.kept:
            raise Missing(name)
        return self.kept[name]
