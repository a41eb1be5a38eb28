"""The spans a second that one core receives and evaluates: `python tools/bench_spans.py`.

The path from the bytes of OTLP requests, as our services send them, to alarms: check the owner, make and verify the MAC
of the record, parse, sketch, write and read the frame, evaluate. Only the bus and the storage are left out. Prints the
rate of each stage by CPU time; exits 0 only at 50,000 spans a second or more.
"""

import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2

from sre_space.analysis.detection.blame import findings
from sre_space.analysis.detection.operations import Operations
from sre_space.codec.otlp_names import owned
from sre_space.codec.record_mac import authentic, headers_of
from sre_space.codec.sketches import Frame, SpanSketcher, decode, encode
from sre_space.ports.bus import Record

SECOND = 10**9
TARGET = 50_000
RATE = 50_000  # spans in one second of the bench
REQUEST = 12  # spans, the mean number in one export of our services
LEARN_S, BENCH_S = 120, 10
BEGIN = 1_700_000_000
CALLS = {"quote-service": ("user-service", "policy-service"), "policy-service": (), "user-service": ()}
PEERS = {"127.0.0.1:8002": "policy-service", "127.0.0.1:8003": "user-service"}
SPANS, KEY = "otlp_spans", b"k" * 64
ROUTES = 12  # of each service, with as many calls and statements

Attributes = dict[str, str | int]


def request(chance: random.Random, second: int, spans: int) -> bytes:
    """Return one OTLP export of one service, whose spans end in this second (Unix)."""
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    service = chance.choice(list(CALLS))
    named: Attributes = {"service.name": service, "service.version": "0.1.0", "service.instance.id": f"{service}-7"}
    _attach(resource.resource, named)
    scope = resource.scope_spans.add()
    for _ in range(spans):
        _draw(scope.spans.add(), chance, second)
    return message.SerializeToString()


def _draw(span: trace_pb2.Span, chance: random.Random, second: int) -> None:
    """Fill in a server span, a call or a statement, with equal probability, with the attributes of our services."""
    route = chance.randrange(ROUTES)
    span.trace_id, span.span_id, span.parent_span_id = (chance.randbytes(n) for n in (16, 8, 8))
    span.end_time_unix_nano = second * SECOND + chance.randrange(SECOND)
    span.start_time_unix_nano = span.end_time_unix_nano - int(chance.lognormvariate(15, 0.5))
    if chance.random() < 0.001:
        span.status.code = trace_pb2.Status.STATUS_CODE_ERROR
    common: Attributes = {"http.request.method": "POST", "http.response.status_code": 201, "url.scheme": "http"}
    kind = chance.randrange(3)
    if kind == 0:
        span.kind, span.name = trace_pb2.Span.SPAN_KIND_SERVER, f"POST /things/{route}"
        _attach(span, {**common, "http.route": span.name, "client.address": "127.0.0.1", "url.path": "/x"})
    elif kind == 1:
        span.kind, span.name = trace_pb2.Span.SPAN_KIND_CLIENT, "POST"
        peer: Attributes = {"server.address": "127.0.0.1", "server.port": 8002 + route % 2}
        _attach(span, {**common, **peer, "url.full": "http://127.0.0.1/x", "network.protocol.version": "1.1"})
    else:
        span.kind, span.name = trace_pb2.Span.SPAN_KIND_CLIENT, f"SELECT {route}.db"
        _attach(span, {"db.system.name": "sqlite", "db.query.text": "SELECT ? FROM x", "db.namespace": "x.db"})


def _attach(to: trace_pb2.Span | Resource, values: Attributes) -> None:
    for key, value in values.items():
        attribute = to.attributes.add()
        attribute.key = key
        if isinstance(value, int):
            attribute.value.int_value = value
        else:
            attribute.value.string_value = value


class Stopwatch:
    """The CPU seconds of each stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the CPU seconds of the context to a stage."""
        begun = time.process_time()
        yield
        self.spent[name] = self.spent.get(name, 0.0) + time.process_time() - begun


def play(operations: Operations, bodies: list[bytes], second: int, watch: Stopwatch) -> int:
    """Process one second of requests on the whole path, and return the number of spans."""
    now = (second + 2) * SECOND
    with watch.stage("check the owner"):
        bodies = [owned("traces", body, CALLS).body for body in bodies]
    with watch.stage("make and verify the MAC"):
        records = [Record(SPANS, 0, 0, now, body, headers=headers_of(KEY, SPANS, body)) for body in bodies]
        assert all(authentic(KEY, record) for record in records)
    with watch.stage("parse and sketch"):
        intake = SpanSketcher()
        spans = sum(intake.take(body, now) for body in bodies)
    with watch.stage("write and read the frame"):
        frame = decode(encode(Frame(0, second, second, intake.drain())))
    with watch.stage("update and evaluate"):
        operations.add(frame.sketches, now)
        for quarter in range(4):
            operations.evaluate(now + quarter * SECOND // 4)
            findings(operations, PEERS, now)
    return spans


def main() -> None:
    """Learn the baseline, measure, and print the rates; exit 0 only at TARGET or more."""
    chance, operations = random.Random(1), Operations(CALLS)
    for second in range(BEGIN, BEGIN + LEARN_S):
        play(operations, [request(chance, second, REQUEST) for _ in range(50)], second, Stopwatch())
    watch, spans = Stopwatch(), 0
    for second in range(BEGIN + LEARN_S, BEGIN + LEARN_S + BENCH_S):
        bodies = [request(chance, second, REQUEST) for _ in range(RATE // REQUEST)]
        spans += play(operations, bodies, second, watch)
    for name, spent in watch.spent.items():
        print(f"{name:26} {spans / spent:12,.0f} spans/s {1e6 * spent / spans:8.2f} us a span")
    rate = spans / sum(watch.spent.values())
    evaluated = sum(operation.thresholds is not None for operation in operations.watches.values())
    print(
        f"{'all, on one core':26} {rate:12,.0f} spans/s; {evaluated} of {len(operations.watches)} operations evaluated"
    )
    sys.exit(0 if rate >= TARGET else 1)


if __name__ == "__main__":
    main()
