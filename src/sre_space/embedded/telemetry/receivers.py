"""OTLP in: gRPC and HTTP/protobuf (OTLP 1.x specification), acknowledged when stored."""

import gzip
import io
import logging
import time
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.rpc.code_pb2 import INVALID_ARGUMENT, UNAVAILABLE
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sre_space.domain.errors import Malformed, Refused, Unavailable
from sre_space.embedded.telemetry.intake import Intake
from sre_space.embedded.telemetry.store import Export
from sre_space.wire.jaeger_otlp import kept_spans
from sre_space.wire.otlp_bounds import bounded
from sre_space.wire.otlp_records import SIGNALS, records_of

log = logging.getLogger(__name__)

PROTOBUF = "application/x-protobuf"
MAX_BODY = 16 * 2**20
_SERVICE = "opentelemetry.proto.collector.{0}.v1.{1}Service"
_ANSWERS: dict[str, tuple[type[Any], str]] = {
    "traces": (ExportTraceServiceResponse, "rejected_spans"),
    "logs": (ExportLogsServiceResponse, "rejected_log_records"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
}
_TOPICS = {"traces": "otlp_spans", "logs": "otlp_logs", "metrics": "otlp_metrics"}


def export_of(signal: str, sent: bytes, retention_s: int) -> tuple[Export, Counter[str]]:
    """An export request inside of the bounds, and by reason what it lost; `Malformed` when its bytes are none."""
    kept = bounded(signal, sent, time.time_ns(), retention_s * 10**9)
    spans = kept_spans(kept.body) if signal == "traces" else ()
    return Export(_TOPICS[signal], records_of(signal, kept.body), spans), kept.dropped


async def _take(intake: Intake, signal: str, body: bytes) -> bytes:
    """The answer to a request once it is stored; it says what was dropped, as OTLP wants it (partial success)."""
    export, dropped = export_of(signal, body, intake.retention_s)
    await intake.take(export)
    if not dropped:
        return b""
    intake.lost(dropped)
    answer, field = _ANSWERS[signal]
    told = answer()
    setattr(told.partial_success, field, dropped.total())
    told.partial_success.error_message = ", ".join(f"{reason}: {number}" for reason, number in dropped.items())
    encoded: bytes = told.SerializeToString()
    return encoded


def http_app(intake: Intake) -> Starlette:
    """`/v1/traces`, `/v1/logs` and `/v1/metrics`."""
    return Starlette(routes=[Route(f"/v1/{s}", _http(intake, s), methods=["POST"]) for s in SIGNALS])


def _http(intake: Intake, signal: str) -> Callable[[Request], Awaitable[Response]]:
    async def take(request: Request) -> Response:
        if request.headers.get("content-type", "").split(";")[0] != PROTOBUF:
            return _refusal(415, f"send {PROTOBUF}; other encodings are not spoken here")
        try:
            answer = await _take(intake, signal, _inflated(request, await _body(request)))
        except Malformed as error:
            return _refusal(400, str(error))
        except Unavailable as error:
            return _refusal(503, str(error), {"Retry-After": "1"})
        return Response(answer, 200, media_type=PROTOBUF)

    return take


async def _body(request: Request) -> bytes:
    """Read no more than a body may have."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Malformed(f"the body has more than {MAX_BODY} bytes; send smaller batches")
    return bytes(body)


def _inflated(request: Request, body: bytes) -> bytes:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise Malformed(f"unsupported Content-Encoding: {encoding}")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            inflated = file.read(MAX_BODY + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Malformed(f"the body is not gzip: {error}") from error
    if len(inflated) > MAX_BODY:
        raise Malformed(f"the body inflates to more than {MAX_BODY} bytes")
    return inflated


def _refusal(code: int, why: str, headers: dict[str, str] | None = None) -> Response:
    status = Status(code=UNAVAILABLE if headers else INVALID_ARGUMENT, message=why)
    return Response(status.SerializeToString(), code, headers, media_type=PROTOBUF)


async def serve_grpc(intake: Intake, port: int) -> None:
    """Serve until cancelled; `Refused` when the port is taken."""
    options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", MAX_BODY)]
    server = grpc.aio.server(options=options)
    for signal, name in (("trace", "Trace"), ("logs", "Logs"), ("metrics", "Metrics")):
        handler = grpc.unary_unary_rpc_method_handler(_rpc(intake, "traces" if signal == "trace" else signal))
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(_SERVICE.format(signal, name), {"Export": handler}),)
        )
    try:
        server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise Refused(f"port {port} is in use; set OTLP_GRPC_PORT to another") from error
    await server.start()
    await server.wait_for_termination()


def _rpc(intake: Intake, signal: str) -> Callable[[bytes, Any], Awaitable[bytes]]:
    async def export(body: bytes, context: Any) -> bytes:  # noqa: ANN401 - grpc ships no types
        try:
            return await _take(intake, signal, body)
        except Malformed as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except Unavailable as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        return b""

    return export
