"""Health probes over HTTP, TCP and gRPC: fulfils `ports.probe.Probe`."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass

import grpc
import httpx

from sre_space.domain.health_check import CheckKind, HealthCheck
from sre_space.ports.probe import Health

SERVING = b"\x08\x01"  # HealthCheckResponse with status SERVING
CHECK = "/grpc.health.v1.Health/Check"
NOBODY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)


@dataclass(frozen=True)
class NetworkProbe:
    """A probe that opens a new connection per check, since an old one hides that the server accepts none."""

    client: httpx.AsyncClient

    @classmethod
    def create(cls) -> "NetworkProbe":
        """Return a probe with an HTTP client of its own, which ignores proxy settings."""
        limits = httpx.Limits(max_keepalive_connections=0)
        return cls(httpx.AsyncClient(timeout=None, limits=limits, trust_env=False))

    async def check(self, check: HealthCheck) -> Health:
        """Return the health that a check finds within its time limit."""
        started = time.monotonic()
        try:  # one limit around everything: a trickling answer has quick reads
            async with asyncio.timeout(check.timeout_s):
                healthy, answered, detail = await self._asked(check)
        except TimeoutError:
            healthy, answered, detail = False, False, f"no answer within {check.timeout_s:g} s"
        return Health(healthy, answered, detail, time.monotonic() - started)

    def _asked(self, check: HealthCheck) -> Awaitable[tuple[bool, bool, str]]:
        """Return whether the service is healthy, whether it answered, and its answer in words."""
        match check.kind:
            case CheckKind.HTTP:
                return self._http(check)
            case CheckKind.TCP:
                return _tcp(check)
            case CheckKind.GRPC:
                return _grpc(check)

    async def _http(self, check: HealthCheck) -> tuple[bool, bool, str]:
        try:
            async with self.client.stream("GET", check.target) as response:  # the body is not read
                pass
        except httpx.HTTPError as error:
            return False, False, f"no connection ({type(error).__name__})"
        expected = response.status_code in check.statuses if check.statuses else response.is_success
        return expected, True, f"GET {httpx.URL(check.target).path} answered {response.status_code}"


async def _tcp(check: HealthCheck) -> tuple[bool, bool, str]:
    host, _, port = check.target.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError as error:
        return False, False, f"no connection ({type(error).__name__})"
    writer.close()
    return True, True, f"port {port} accepts connections"


async def _grpc(check: HealthCheck) -> tuple[bool, bool, str]:
    name = check.service.encode()
    request = b"\x0a" + bytes([len(name)]) + name if name else b""  # HealthCheckRequest; a name has under 128 bytes
    async with grpc.aio.insecure_channel(check.target, [("grpc.enable_http_proxy", 0)]) as channel:
        try:
            answer = await channel.unary_unary(CHECK)(request)
        except grpc.aio.AioRpcError as error:
            if error.code() in NOBODY:
                return False, False, f"no connection ({error.code().name})"
            return False, True, f"the health service answered {error.code().name}"
    serving = answer == SERVING
    return serving, True, f"the health service answered {'SERVING' if serving else 'NOT SERVING'}"
