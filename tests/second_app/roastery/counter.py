"""The counter: gRPC on 127.0.0.1, `/roastery.Counter/Order` and the standard health service; it asks the stock."""

import http.client
import os
from concurrent.futures import ThreadPoolExecutor

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import inject
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from .tracing import tracer

TRACER = tracer(OTLPSpanExporter())
STOCK_HOST, _, STOCK_PORT = os.environ["STOCK"].partition(":")
SHELF, PATIENCE_S = os.environ["SHELF"], float(os.environ["PATIENCE_MS"]) / 1000
SERVING = b"\x08\x01"  # grpc.health.v1.HealthCheckResponse with status SERVING


def order(bean: bytes, context: grpc.ServicerContext) -> bytes:
    """Serve a guest who orders a bean, by its name; UNAVAILABLE when the stock cannot tell how much there is."""
    said = dict(context.invocation_metadata())
    with TRACER.start_as_current_span(
        "roastery.Counter/Order", kind=SpanKind.SERVER, set_status_on_exception=False, record_exception=False
    ) as span:
        span.set_attributes({"rpc.system": "grpc", "rpc.service": "roastery.Counter", "rpc.method": "Order"})
        span.set_attribute("order.channel", str(said.get("channel", "counter")))
        try:
            grams = _grams(bean.decode())
        except OSError as error:
            _lost(span, str(error))
            context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        span.set_attributes({"rpc.grpc.status_code": 0, "order.state": "accepted"})
        return grams


def _lost(span: Span, why: str) -> None:
    span.set_attributes({"rpc.grpc.status_code": grpc.StatusCode.UNAVAILABLE.value[0], "order.state": "lost"})
    span.set_status(Status(StatusCode.ERROR, why))


def _grams(bean: str) -> bytes:
    """Return the stock's answer; raise `OSError` when there is none, or when it is no 200."""
    headers: dict[str, str] = {}
    path = f"{SHELF}/{bean}"
    with TRACER.start_as_current_span("GET", kind=SpanKind.CLIENT) as span:
        span.set_attributes({"http.request.method": "GET", "server.address": STOCK_HOST, "url.path": path})
        span.set_attribute("server.port", int(STOCK_PORT))
        inject(headers)
        connection = http.client.HTTPConnection(STOCK_HOST, int(STOCK_PORT), timeout=PATIENCE_S)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"the stock gives no answer: {error!r}") from error
        finally:
            connection.close()
        span.set_attribute("http.response.status_code", answer.status)
        if answer.status != http.client.OK:
            raise FileNotFoundError(f"the stock answered {answer.status} to {path}")
    return body


def _served(name: str, methods: dict[str, grpc.RpcMethodHandler]) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(name, methods)


if __name__ == "__main__":
    server = grpc.server(ThreadPoolExecutor(32))
    health = grpc.unary_unary_rpc_method_handler(lambda request, context: SERVING)
    server.add_generic_rpc_handlers(
        [
            _served("roastery.Counter", {"Order": grpc.unary_unary_rpc_method_handler(order)}),
            _served("grpc.health.v1.Health", {"Check": health}),
        ]
    )
    if not server.add_insecure_port(f"127.0.0.1:{os.environ['COUNTER_PORT']}"):
        raise SystemExit("counter: COUNTER_PORT is in use")
    server.start()
    server.wait_for_termination()
