"""A healthy application on virtual time, heard by the real detectors and the real engine, and who lies to them.

Every request goes through the door of the telemetry server with the token of its sender: what is not its sender's own
is refused there, as in a space.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from support.announcing import listening
from support.evidence import Shelf, Topics
from support.feeds import Feed, Signals
from support.world import SECOND, ScriptedInquest, World

from sre_embedded.servers.telemetry.authorizer import Authorizer
from sre_embedded.servers.telemetry.tokens import Forbidden, Tokens, render
from sre_space.agents.brain.deployments import RecentDeployments
from sre_space.agents.brain.gathering import Gathering
from sre_space.agents.brain.investigation import Investigation
from sre_space.codec.jaeger_otlp import stored_spans, traces_json
from sre_space.codec.sketches import Frame, SpanSketcher, encode
from sre_space.codec.topics import METRICS, SIGNALS, SPANS
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Agent
from sre_space.domain.space_config import Service
from sre_space.feeds.signal_consumer import SignalConsumer
from sre_space.loop.watch import Watch
from sre_space.ports.bus import Record

SENDERS = ("traffic", "quote-service", "policy-service", "user-service")
TOKENS = {f"sre_otlp_{name}": (name,) for name in SENDERS}
TOPIC = {"traces": SPANS, "metrics": METRICS, "logs": "otlp_logs"}
SICK = tuple(CauseKind)
INTERNAL, SERVER, CLIENT = Span.SPAN_KIND_INTERNAL, Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT
UNSET, ERROR = Status.STATUS_CODE_UNSET, Status.STATUS_CODE_ERROR
MS = 10**6


@dataclass(frozen=True)
class Told:
    """One span as its sender tells it; times in ms after the request began."""

    id: bytes
    parent: bytes
    name: str
    kind: Span.SpanKind.ValueType
    begin: float
    took: float
    status: Status.StatusCode.ValueType = UNSET
    message: str = ""
    peer: str = ""
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """One real journey: its trace, when it began (Unix ns), and the spans that a liar may point to."""

    trace: bytes
    at: int
    served: bytes  # the span with which user-service answers
    asked: bytes  # the span with which quote-service asks policy-service


Lie = Callable[["Lied", Request], None]


@dataclass
class Lied(World):
    """`lie` is told with each request, once there is one; `refused` counts what the door did not let in."""

    lie: Lie | None = None
    refused: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    kept: list[Any] = field(default_factory=list)
    heard: Topics = field(default_factory=Topics)
    offset: int = 0

    def __post_init__(self) -> None:
        """Make the world, the server's authorizer, and Scout's signal consumer."""
        self.door = Authorizer(Tokens.parse(render({key: list(own) for key, own in TOKENS.items()})))
        self.consumer: SignalConsumer | None = None
        super().__post_init__()
        watch = Watch(self.runners[Agent.SCOUT], Signals(), Feed([]), 1.0, lambda _: None)
        consumer = SignalConsumer(self.scout, self, self.opener, watch, self.clock, listening(self), self.hold_feed)
        consumer.processes.memory_limits = {"policy-service": 400 * MS, "user-service": 400 * MS}
        self.consumer = consumer

    def _service(self, name: str) -> Service:
        """As in the demo: what quote-service has against a sick dependency is for every kind of sickness."""
        tunables = tuple(
            replace(one, remedy_for=replace(one.remedy_for, kinds=SICK))
            if one.remedy_for and one.remedy_for.of_dependency
            else one
            for one in super()._service(name).tunables
        )
        return replace(super()._service(name), tunables=tunables)

    def _inquest(self) -> Investigation:
        clock = self.clocks[Agent.BRAIN]
        gathering = Gathering(self, self.heard, clock)
        deployments = RecentDeployments(self.heard, self.git)
        return ScriptedInquest(self.config, gathering, deployments, self, Shelf(), clock, self._script)

    def live(self) -> None:
        """Play one moment: two customers ask for a quote, the services export its spans, and the liar adds its own."""
        if self.consumer is not None:
            for number in range(2):
                request = self._served(self.clock.time + number * 100 * MS - SECOND // 2)
                if self.lie is not None:
                    self.lie(self, request)
        super().live()

    def _served(self, at: int) -> Request:
        """Export the spans of a request that goes well, from every service that took part, and return the request."""
        ids = [self.chance.randbytes(8) for _ in range(8)]
        trace, slow = self.chance.randbytes(16), self.chance.lognormvariate(0, 0.15)
        root, ask, quote, risk, rate, query, user, found = ids
        told = {
            "traffic": [
                Told(root, b"", "journey quote", INTERNAL, 0, 60 * slow),
                Told(ask, root, "POST", CLIENT, 1, 58 * slow, peer="quote-service"),
            ],
            "quote-service": [
                Told(quote, ask, "POST /quotes", SERVER, 2, 55 * slow),
                Told(risk, quote, "POST", CLIENT, 4, 25 * slow, peer="policy-service"),
                Told(user, quote, "GET", CLIENT, 4 + 26 * slow, 15 * slow, peer="user-service"),
            ],
            "policy-service": [
                Told(rate, risk, "POST /risk", SERVER, 5, 22 * slow),
                Told(query, rate, "SELECT tariff", CLIENT, 7, 8 * slow, peer="database"),
            ],
            "user-service": [Told(found, user, "GET /users", SERVER, 5 + 26 * slow, 12 * slow)],
        }
        for name, spans in told.items():
            self.spans_of(name, trace, at, spans)
        return Request(trace, at, found, risk)

    def spans_of(self, sender: str, trace: bytes, at: int, spans: Sequence[Told], claimed: str = "") -> None:
        """Export spans with the sender's token, in his name or a `claimed` one."""
        message = ExportTraceServiceRequest()
        resource = message.resource_spans.add()
        resource.resource.attributes.add(key="service.name").value.string_value = claimed or sender
        scope = resource.scope_spans.add()
        for one in spans:
            begin = at + int(one.begin * MS)
            span = scope.spans.add(
                trace_id=trace, span_id=one.id, parent_span_id=one.parent, name=one.name, kind=one.kind
            )
            span.start_time_unix_nano, span.end_time_unix_nano = begin, begin + int(one.took * MS)
            span.status.CopyFrom(Status(code=one.status, message=one.message))
            if one.peer:
                span.attributes.add(key="server.address").value.string_value = one.peer
                span.attributes.add(key="server.port").value.int_value = 80
                span.attributes.add(key="peer.service").value.string_value = one.peer
            for text in one.events:
                event = span.events.add(name="exception", time_unix_nano=begin)
                event.attributes.add(key="exception.type").value.string_value = "ConnectionRefusedError"
                event.attributes.add(key="exception.message").value.string_value = text
        self.export(sender, "traces", message)

    def level(self, sender: str, name: str, value: float, instance: str, attributes: Sequence[str] = ()) -> None:
        """Export one gauge."""
        message = ExportMetricsServiceRequest()
        resource = message.resource_metrics.add()
        resource.resource.attributes.add(key="service.name").value.string_value = sender
        resource.resource.attributes.add(key="service.instance.id").value.string_value = instance
        metric = resource.scope_metrics.add().metrics.add(name=name)
        point = metric.gauge.data_points.add(time_unix_nano=self.clock.time, as_double=value)
        for service in attributes:
            point.attributes.add(key="service.name").value.string_value = service
        self.export(sender, "metrics", message)

    def log(self, sender: str, text: str) -> None:
        """Export one line of severity FATAL."""
        message = ExportLogsServiceRequest()
        resource = message.resource_logs.add()
        resource.resource.attributes.add(key="service.name").value.string_value = sender
        record = resource.scope_logs.add().log_records.add(time_unix_nano=self.clock.time, severity_number=21)
        record.body.string_value = text
        self.export(sender, "logs", message)

    def export(self, sender: str, signal: str, message: Any) -> None:  # noqa: ANN401 - protobuf
        """Send it to the door; what that lets in is stored, put on the bus and heard by Scout."""
        names = self.door.names([f"Bearer sre_otlp_{sender}"])
        try:
            body = self.door.own(signal, message.SerializeToString(), names).body
        except Forbidden:
            self.refused += 1
            return
        self.offset += 1
        record = Record(TOPIC[signal], 0, self.offset, self.clock.time, body)
        self.heard.records.setdefault(record.topic, []).append(record)
        assert self.consumer is not None
        if signal == "metrics":
            self.consumer.take_in(record)
        if signal == "traces":
            self.kept += stored_spans(body)
            self.consumer.take_in(record)
            intake = SpanSketcher()
            intake.take(body, self.clock.time)
            frame = Frame(0, self.offset, self.offset, intake.drain())
            self.consumer.take_in(Record(SIGNALS, 0, self.offset, self.clock.time, encode(frame)))

    # ports.traces
    async def document(self, service: str, since: int, until: int, limit: int) -> bytes:
        """Return the newest traces in which `service` took part, as Jaeger shows them."""
        inside = [span.trace_id for span in self.kept if span.service == service and since <= span.start < until]
        chosen = set(list(dict.fromkeys(reversed(inside)))[:limit])
        return json.dumps({"data": traces_json(span.alone for span in self.kept if span.trace_id in chosen)}).encode()
