"""OTLP in: gRPC and HTTP/protobuf (OTLP 1.x specification), acknowledged when stored.

Whose resources they are is asked at the `Door`. What a token may not say is rejected as the specification has it: a
request of which nothing is left fails and is not to be sent again (PERMISSION_DENIED, 403); of one that is in part the
sender's own, that part is taken and the rest counted as rejected in the response (partial success).
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

from sre_space.codec.jaeger_otlp import kept_spans
from sre_space.codec.otlp_bounds import bounded
from sre_space.codec.otlp_names import answer
from sre_space.codec.otlp_records import SIGNALS, records_of
from sre_space.codec.topics import LOGS, METRICS, SPANS
from sre_space.domain.errors import Malformed, Refused, SpaceError, Unavailable
from sre_space.embedded.telemetry.door import Door, Names
from sre_space.embedded.telemetry.intake import Intake
from sre_space.embedded.telemetry.store import Export
from sre_space.embedded.telemetry.tokens import Forbidden, Unauthenticated

log = logging.getLogger(__name__)

PROTOBUF = "application/x-protobuf"
MAX_BODY = 16 * 2**20
_SERVICE = "opentelemetry.proto.collector.{0}.v1.{1}Service"
_GRPC = {code.value[0]: code for code in grpc.StatusCode}
_TOPICS = {"traces": SPANS, "logs": LOGS, "metrics": METRICS}


def export_of(signal: str, sent: bytes, retention_s: int) -> tuple[Export, Counter[str]]:
    """An export request inside of the bounds, and by reason what it lost; `Malformed` when its bytes are none."""
    kept = bounded(signal, sent, time.time_ns(), retention_s * 10**9)
    spans = kept_spans(kept.body) if signal == "traces" else ()
    return Export(_TOPICS[signal], records_of(signal, kept.body), spans), kept.dropped


@dataclass(frozen=True)
class Receiver:
    """Takes the requests of one signal."""

    signal: str
    door: Door
    intake: Intake

    async def take(self, body: bytes, names: Names | None) -> bytes:
        """Return the response once what is the sender's own is stored; a `SpaceError` when it is not."""
        own = self.door.own(self.signal, body, names)
        export, dropped = export_of(self.signal, own.body, self.intake.retention_s)
        await self.intake.take(export)
        self.intake.lost(dropped)
        return answer(self.signal, own.without(dropped))


def http_app(door: Door, intake: Intake) -> Starlette:
    """`/v1/traces`, `/v1/logs` and `/v1/metrics`."""
    return Starlette(routes=[Route(f"/v1/{s}", _http(Receiver(s, door, intake)), methods=["POST"]) for s in SIGNALS])


def _http(receiver: Receiver) -> Callable[[Request], Awaitable[Response]]:
    async def take(request: Request) -> Response:
        try:
            names = receiver.door.names(request.headers.getlist("authorization"))  # before anything is read
            if request.headers.get("content-type", "").split(";")[0] != PROTOBUF:
                return _refusal(415, INVALID_ARGUMENT, f"send {PROTOBUF}; other encodings are not spoken here")
            told = await receiver.take(_inflated(request, await _body(request)), names)
        except (Malformed, Unauthenticated, Forbidden, Unavailable) as error:
            http, grpc_code, headers = _answered(error)
            return _refusal(http, grpc_code, str(error), headers)
        return Response(told, 200, media_type=PROTOBUF)

    return take


async def _body(request: Request) -> bytes:
    """Read no more than a body may have."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Malformed(f"the body has more than {MAX_BODY} bytes; send smaller batches")
    return bytes(body)


def _answered(error: SpaceError) -> tuple[int, int, dict[str, str]]:
    """How a refusal is told: the status of HTTP, that of gRPC, headers."""
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


def _refusal(code: int, grpc_code: int, why: str, headers: dict[str, str] | None = None) -> Response:
    status = Status(code=grpc_code, message=why)
    return Response(status.SerializeToString(), code, headers, media_type=PROTOBUF)


async def serve_grpc(door: Door, intake: Intake, port: int) -> None:
    """Serve until cancelled; `Refused` when the port is taken."""
    options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", MAX_BODY)]
    server = grpc.aio.server(options=options)
    for signal, name in (("trace", "Trace"), ("logs", "Logs"), ("metrics", "Metrics")):
        receiver = Receiver("traces" if signal == "trace" else signal, door, intake)
        handler = grpc.unary_unary_rpc_method_handler(_rpc(receiver))
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(_SERVICE.format(signal, name), {"Export": handler}),)
        )
    try:
        server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise Refused(f"port {port} is in use; set OTLP_GRPC_PORT to another") from error
    await server.start()
    await server.wait_for_termination()


def _rpc(receiver: Receiver) -> Callable[[bytes, Any], Awaitable[bytes]]:
    async def export(body: bytes, context: Any) -> bytes:  # noqa: ANN401 - grpc ships no types
        try:
            told = [value for key, value in context.invocation_metadata() if key == "authorization"]
            return await receiver.take(body, receiver.door.names(told))
        except (Malformed, Unauthenticated, Forbidden, Unavailable) as error:
            _, code, _ = _answered(error)
            return bytes(await context.abort(_GRPC[code], str(error)))

    return export
