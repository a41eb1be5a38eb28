"""Telemetry as a liar makes it: the real traces of an application once more, now, with every span failed."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import time_ns

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

CALLER = "traffic"  # whose root spans are the journeys


@dataclass
class Forgery:
    """`traces` are requests of one real journey each; `forge` makes the next one a failed journey of this moment."""

    traces: Sequence[ExportTraceServiceRequest]
    made: int = 0
    ids: dict[bytes, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[bytes]) -> "Forgery":
        """From values of `otlp_spans`."""
        traces: dict[bytes, ExportTraceServiceRequest] = {}
        begun: set[bytes] = set()
        for trace_id, alone in _spans(records):
            traces.setdefault(trace_id, ExportTraceServiceRequest()).resource_spans.append(alone)
            if service_of(alone) == CALLER and not alone.scope_spans[0].spans[0].parent_span_id:
                begun.add(trace_id)
        return cls([trace for trace_id, trace in traces.items() if trace_id in begun])

    def forge(self) -> ExportTraceServiceRequest:
        """Return the next trace once more, as of now, with every span failed and new ids."""
        trace = ExportTraceServiceRequest()
        trace.CopyFrom(self.traces[self.made % len(self.traces)])
        self.made, self.ids = self.made + 1, {}
        spans = [span for one in trace.resource_spans for scope in one.scope_spans for span in scope.spans]
        later = time_ns() - max(span.end_time_unix_nano for span in spans)
        for span in spans:
            self._forge(span, later)
        return trace

    def _forge(self, span: Span, later: int) -> None:
        span.trace_id = self._other(span.trace_id)
        span.span_id = self._other(span.span_id)
        span.parent_span_id = self._other(span.parent_span_id)
        span.start_time_unix_nano += later
        span.end_time_unix_nano += later
        span.status.code = Status.STATUS_CODE_ERROR

    def _other(self, id: bytes) -> bytes:
        return self.ids.setdefault(id, os.urandom(len(id)))


def service_of(spans: ResourceSpans) -> str:
    """Who says that it made these spans."""
    named = (one.value.string_value for one in spans.resource.attributes if one.key == "service.name")
    return next(named, "")


def _spans(records: Iterable[bytes]) -> Iterator[tuple[bytes, ResourceSpans]]:
    """Each span alone under its resource, with the id of its trace."""
    for record in records:
        for resource in ExportTraceServiceRequest.FromString(record).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    alone = ResourceSpans(resource=resource.resource)
                    alone.scope_spans.add().spans.append(span)
                    yield span.trace_id, alone
