"""OTLP receivers: gRPC and HTTP/protobuf (OTLP 1.x specification), acknowledged when stored.

`authorizer.py` authorizes the resources. Unauthorized ones are rejected as the specification demands: a request without
any authorized resource fails and is not retried (PERMISSION_DENIED, 403); otherwise the authorized part is stored and
the rest is counted as rejected in the response (partial success).
"""

import gzip
import io
import logging
import time
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
from google.rpc.code_pb2 import INVALID_ARGUMENT, PERMISSION_DENIED, UNAUTHENTICATED, UNAVAILABLE
from google.rpc.status_pb2 import Status
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sre_embedded.servers.telemetry.authorizer import Authorizer, Names
from sre_embedded.servers.telemetry.intake import Intake
from sre_embedded.servers.telemetry.store import Export
from sre_embedded.servers.telemetry.tokens import Forbidden, Unauthenticated
from sre_space.codec.jaeger_otlp import stored_spans
from sre_space.codec.otlp_bounds import bounded
from sre_space.codec.otlp_names import answer
from sre_space.codec.otlp_records import SIGNALS, records_of
from sre_space.codec.topics import LOGS, METRICS, SPANS
from sre_space.domain.errors import Malformed, Refused, SpaceError, Unavailable

log = logging.getLogger(__name__)

PROTOBUF = "application/x-protobuf"
MAX_BODY = 16 * 2**20
_SERVICE = "opentelemetry.proto.collector.{0}.v1.{1}Service"
_GRPC = {code.value[0]: code for code in grpc.StatusCode}
_TOPICS = {"traces": SPANS, "logs": LOGS, "metrics": METRICS}


def export_of(signal: str, body: bytes, retention_s: int) -> tuple[Export, Counter[str]]:
    """Return an export request reduced to the size limits, and by reason how much was dropped.

    `Malformed` when the bytes are not an export request.
    """
    reduced = bounded(signal, body, time.time_ns(), retention_s * 10**9)
    spans = stored_spans(reduced.body) if signal == "traces" else ()
    return Export(_TOPICS[signal], records_of(signal, reduced.body), spans), reduced.dropped


@dataclass(frozen=True)
class Receiver:
    """Receives the requests of one signal."""

    signal: str
    authorizer: Authorizer
    intake: Intake

    async def take(self, body: bytes, names: Names | None) -> bytes:
        """Return the response once the authorized part is stored; a `SpaceError` when it is not stored."""
        authorized = self.authorizer.own(self.signal, body, names)
        export, dropped = export_of(self.signal, authorized.body, self.intake.retention_s)
        await self.intake.take(export)
        self.intake.log_dropped(dropped)
        return answer(self.signal, authorized.without(dropped))


def http_app(authorizer: Authorizer, intake: Intake) -> Starlette:
    """Return the application with `/v1/traces`, `/v1/logs` and `/v1/metrics`."""
    return Starlette(
        routes=[Route(f"/v1/{s}", _http(Receiver(s, authorizer, intake)), methods=["POST"]) for s in SIGNALS]
    )


def _http(receiver: Receiver) -> Callable[[Request], Awaitable[Response]]:
    async def take(request: Request) -> Response:
        try:
            names = receiver.authorizer.names(request.headers.getlist("authorization"))  # before the body is read
            if request.headers.get("content-type", "").split(";")[0] != PROTOBUF:
                return _error(415, INVALID_ARGUMENT, f"send {PROTOBUF}; other encodings are not supported")
            response = await receiver.take(_inflated(request, await _body(request)), names)
        except (Malformed, Unauthenticated, Forbidden, Unavailable) as error:
            http, grpc_code, headers = _statuses(error)
            return _error(http, grpc_code, str(error), headers)
        return Response(response, 200, media_type=PROTOBUF)

    return take


async def _body(request: Request) -> bytes:
    """Return the body of a request; `Malformed` as soon as it is larger than MAX_BODY."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Malformed(f"the body has more than {MAX_BODY} bytes; send smaller batches")
    return bytes(body)


def _statuses(error: SpaceError) -> tuple[int, int, dict[str, str]]:
    """Return HTTP status, gRPC status and HTTP headers for an error."""
    match error:
        case Unauthenticated():
            return 401, UNAUTHENTICATED, {"WWW-Authenticate": 'Bearer realm="telemetry"'}
        case Forbidden():
            return 403, PERMISSION_DENIED, {}
        case Unavailable():
            return 503, UNAVAILABLE, {"Retry-After": "1"}
        case _:
            return 400, INVALID_ARGUMENT, {}


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


def _error(code: int, grpc_code: int, message: str, headers: dict[str, str] | None = None) -> Response:
    status = Status(code=grpc_code, message=message)
    return Response(status.SerializeToString(), code, headers, media_type=PROTOBUF)


async def serve_grpc(authorizer: Authorizer, intake: Intake, port: int, host: str) -> None:
    """Serve OTLP over gRPC until cancelled; `Refused` when the port is in use."""
    options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", MAX_BODY)]
    server = grpc.aio.server(options=options)
    for signal, name in (("trace", "Trace"), ("logs", "Logs"), ("metrics", "Metrics")):
        receiver = Receiver("traces" if signal == "trace" else signal, authorizer, intake)
        handler = grpc.unary_unary_rpc_method_handler(_rpc(receiver))
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(_SERVICE.format(signal, name), {"Export": handler}),)
        )
    try:
        server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise Refused(f"port {port} is in use; set OTLP_GRPC_PORT to another") from error
    await server.start()
    await server.wait_for_termination()


def _rpc(receiver: Receiver) -> Callable[[bytes, Any], Awaitable[bytes]]:
    async def export(body: bytes, context: Any) -> bytes:  # noqa: ANN401 - grpc ships no types
        try:
            authorization = [value for key, value in context.invocation_metadata() if key == "authorization"]
            return await receiver.take(body, receiver.authorizer.names(authorization))
        except (Malformed, Unauthenticated, Forbidden, Unavailable) as error:
            _, code, _ = _statuses(error)
            return bytes(await context.abort(_GRPC[code], str(error)))

    return export
