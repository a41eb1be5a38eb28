"""What the Brain's inquest reads, in memory: spans as Jaeger answers them, records of topics, bundles."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.domain.errors import Malformed, Missing
from sre_space.domain.telemetry import Span, SpanStatus
from sre_space.ports.bus import Record

NAME = re.compile("[0-9a-f]{64}")

UNHURRIED_S = 600.0  # for sources of evidence: how busy the machine is decides no test


def document(spans: Sequence[Span]) -> bytes:
    """Jaeger's query JSON, a trace for each trace id."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    return json.dumps({"data": [_trace(id, some) for id, some in traces.items()]}).encode()


def stored(spans: Sequence[Span], service: str, since: int, until: int, limit: int) -> bytes:
    """Answer as a trace store that holds these spans: the newest traces in which `service` began something in time."""
    begun = {one.trace_id: one.start for one in spans if one.service == service and since <= one.start < until}
    place = {id: number for number, id in enumerate(sorted(begun, key=begun.__getitem__, reverse=True)[:limit])}
    return document(sorted((one for one in spans if one.trace_id in place), key=lambda one: place[one.trace_id]))


def window(records: Sequence[Record], topic: str, since: int, until: int, limit: int) -> Sequence[Record]:
    """Answer as a bus that holds these records: the oldest of a time, by time."""
    fit = (one for one in records if one.topic == topic and since <= one.at < until)
    return sorted(fit, key=lambda record: record.at)[:limit]


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
        return window(self.records.get(topic, []), topic, since, until, limit)


@dataclass
class Shelf:
    """Bundles that stay."""

    kept: dict[str, Mapping[str, bytes]] = field(default_factory=dict)

    async def keep(self, files: Mapping[str, bytes]) -> str:
        """By what they hold."""
        name = _named(files)
        self.kept[name] = dict(files)
        return name

    async def load(self, name: str) -> Mapping[str, bytes]:
        """One."""
        if not NAME.fullmatch(name):
            raise Malformed(f"{name!r} names no bundle")
        if name not in self.kept:
            raise Missing(name)
        if _named(self.kept[name]) != name:
            raise Malformed(f"{name} was altered")
        return self.kept[name]


def _named(files: Mapping[str, bytes]) -> str:
    return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
