"""An OTLP receiver, sent an export without a span: fulfils `ports.server_check.ServerCheck`."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import grpc

from sre_space.domain.errors import Refused, Unavailable

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
TIMEOUT_S = 8.0
_REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
_PORT = 4317


@dataclass(frozen=True)
class OtlpCheck:
    """The receiver at `endpoint` (gRPC); `headers` are those of OTEL_EXPORTER_OTLP_HEADERS, as written there."""

    endpoint: str
    headers: str = ""

    async def ask(self) -> str:
        """Return that it takes telemetry; raise `Unavailable` without an answer, `Refused` for a wrong token."""
        where = urlsplit(self.endpoint if "://" in self.endpoint else f"http://{self.endpoint}")
        target = f"{where.hostname}:{where.port or _PORT}"
        options = [("grpc.enable_http_proxy", 0)]
        secure = where.scheme == "https"
        channel = (
            grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(), options)
            if secure
            else grpc.aio.insecure_channel(target, options)
        )
        async with channel:
            try:
                await channel.unary_unary(EXPORT)(b"", timeout=TIMEOUT_S, metadata=_metadata(self.headers))
            except grpc.aio.AioRpcError as error:
                raise self._error(error) from error
        return f"an OTLP receiver takes telemetry at {self.endpoint}"

    def _error(self, error: grpc.aio.AioRpcError) -> Refused | Unavailable:
        told = f"the OTLP receiver at {self.endpoint} answered {error.code().name}"
        if error.code() in _REFUSED:
            return Refused(f"{told}; set OTEL_EXPORTER_OTLP_HEADERS to its token")
        return Unavailable(f"{told}; start it, or set OTEL_EXPORTER_OTLP_ENDPOINT")


def _metadata(headers: str) -> tuple[tuple[str, str], ...]:
    pairs = (pair.partition("=") for pair in headers.split(",") if "=" in pair)
    return tuple((unquote(name).strip().lower(), unquote(value).strip()) for name, _, value in pairs)
