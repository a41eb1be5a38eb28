"""The map from traces: who calls whom, with errors; only errors, a search, one neighbourhood."""

from collections.abc import Mapping, Sequence

from sre_space.dashboard.answers.base import Sentence, State
from sre_space.dashboard.answers.service_map import Edge, Node, ServiceMap
from sre_space.dashboard.questions import MapQuery
from sre_space.dashboard.reading.header import mode, sources, space
from sre_space.dashboard.reading.known import Known
from sre_space.dashboard.reading.services import incident_of, services
from sre_space.dashboard.reading.words import SECOND, ms
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus
from sre_space.text.plain_text import plain

Pair = tuple[str, str]


def service_map(
    known: Known, query: MapQuery, spans: Sequence[Span], window: tuple[int, int], *, sentence: Sentence, why: str
) -> ServiceMap:
    """Return the map of some spans in a window (Unix ns), and of the calls that the configuration declares."""
    states = {row.name: row.state for row in services(known)}
    calls = _calls(spans, _addresses(known))
    declared = {(caller, callee) for caller, callees in known.config.calls.items() for callee in callees}
    edges = [_edge(pair, calls.get(pair, [])) for pair in sorted(declared | calls.keys())]
    names = {*known.config.services, *(name for edge in edges for name in (edge.caller, edge.callee))}
    nodes = [_node(known, name, states, spans) for name in sorted(names)]
    shown = _shown(nodes, edges, query)
    return ServiceMap(
        at=ms(known.now),
        sentence=sentence,
        sources=sources(known),
        space=space(known),
        mode=mode(known),
        since=ms(window[0]),
        until=ms(window[1]),
        traces=len({span.trace_id for span in spans}),
        nodes=tuple(node for node in nodes if node.name in shown),
        edges=tuple(edge for edge in edges if edge.caller in shown and edge.callee in shown),
        hidden=len(nodes) - len(shown),
        why=why,
    )


def _addresses(known: Known) -> Mapping[str, str]:
    """Return the service behind each address (`host:port`) under which callers reach one."""
    services = known.config.services.values()
    return {service.address or service.health.address: service.name for service in services}


def _calls(spans: Sequence[Span], addresses: Mapping[str, str]) -> dict[Pair, list[Span]]:
    """Return the called spans by caller and callee: a span whose parent is of another service.

    A client span without such a child is a call that reached nobody; its address says whom it was for.
    """
    by_id = {(span.trace_id, span.span_id): span for span in spans}
    answered = {(span.trace_id, span.parent_id) for span in spans if span.kind is not SpanKind.CLIENT}
    found: dict[Pair, list[Span]] = {}
    for span in spans:
        parent = by_id.get((span.trace_id, span.parent_id))
        if parent is not None and parent.service != span.service:
            found.setdefault((parent.service, span.service), []).append(span)
        elif span.kind is SpanKind.CLIENT and (span.trace_id, span.span_id) not in answered:
            callee = addresses.get(_address(span), "")
            if callee and callee != span.service:
                found.setdefault((span.service, callee), []).append(span)
    return found


def _address(span: Span) -> str:
    """Return the `host:port` that a client span called, as sketches name it too."""
    return f"{span.attributes.get('server.address', '')}:{span.attributes.get('server.port', '')}"


def _edge(pair: Pair, spans: Sequence[Span]) -> Edge:
    durations = sorted(span.duration for span in spans)
    return Edge(
        caller=plain(pair[0]),
        callee=plain(pair[1]),
        calls=len(spans),
        errors=sum(span.status is SpanStatus.ERROR for span in spans),
        p95_s=durations[int(0.95 * (len(durations) - 1))] / SECOND if durations else None,
        seen=bool(spans),
    )


def _node(known: Known, name: str, states: dict[str, State], spans: Sequence[Span]) -> Node:
    served = [span for span in spans if span.service == name and span.kind in (SpanKind.SERVER, SpanKind.CONSUMER)]
    return Node(
        name=plain(name),
        state=states.get(name, State.UNKNOWN),
        configured=name in known.config.services,
        calls=len(served),
        errors=sum(span.status is SpanStatus.ERROR for span in served),
        incident=incident_of(known, name),
    )


def _shown(nodes: Sequence[Node], edges: Sequence[Edge], query: MapQuery) -> set[str]:
    names = {node.name for node in nodes}
    if query.only_errors:
        failing = {node.name for node in nodes if node.state in (State.FAILING, State.DEGRADED) or node.errors}
        names = failing | {name for edge in edges if edge.errors for name in (edge.caller, edge.callee)}
    if query.search:
        names = {name for name in names if query.search.lower() in name.lower()}
    if query.around:
        near = {
            name for edge in edges if query.around in (edge.caller, edge.callee) for name in (edge.caller, edge.callee)
        }
        names &= near | {query.around}
    return names
