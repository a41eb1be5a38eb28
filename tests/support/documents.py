"""Trace stores that hold given spans: the real one, and the doubles that unit tests stand on."""

from collections.abc import Callable, Mapping, Sequence

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from support.clinic import Clinic
from support.jaeger import trace
from support.liars import Lied
from support.seen_world import SeenWorld
from support.servers import TraceStore
from support.spans import export
from support.waiting import until
from support.world import World

from sre_space.adapters.jaeger import JaegerTraces
from sre_space.codec.jaeger_otlp import stored_spans
from sre_space.codec.otlp import spans_of
from sre_space.ports.traces import TraceDocuments

DocumentsOf = Callable[[Sequence[ResourceSpans]], TraceDocuments]


def on(store: TraceStore) -> DocumentsOf:
    """Of a trace store, once all spans are to be seen."""

    def held(groups: Sequence[ResourceSpans]) -> TraceDocuments:
        export_in_order(store, groups)
        return JaegerTraces(store.query)

    return held


def export_in_order(store: TraceStore, groups: Sequence[ResourceSpans]) -> None:
    """Export each group once the spans of those before are seen, and return once all are.

    Jaeger stores the spans of a request in any order, and takes the one that it stored first for the trace's begin.
    """
    sent: list[str] = []

    def seen() -> bool:
        return all(len(trace(store.query, id)) == sent.count(id) for id in set(sent))

    for group in groups:
        export(store.grpc, [group])
        sent += [span.trace_id.hex() for span in group.scope_spans[0].spans]
        until(seen, "all spans are seen")


def _request(groups: Sequence[ResourceSpans]) -> bytes:
    return ExportTraceServiceRequest(resource_spans=groups).SerializeToString()


def _in(world: World, groups: Sequence[ResourceSpans]) -> TraceDocuments:
    world.spans += spans_of(_request(groups))
    return world


DOUBLES: Mapping[str, DocumentsOf] = {
    "world": lambda groups: _in(World(), groups),
    "seen world": lambda groups: _in(SeenWorld(), groups),
    "liars": lambda groups: Lied(kept=list(stored_spans(_request(groups)))),
    "clinic": lambda groups: Clinic(spans=list(spans_of(_request(groups)))),
}
