"""Health probes over HTTP: fulfils `ports.probe.Probe`."""

import asyncio
import time
from dataclasses import dataclass

import httpx

from sre_space.ports.probe import Health

TIMEOUT_S = 0.5


@dataclass(frozen=True)
class HttpProbe:
    """One GET per check on a fresh connection: a kept-alive one would hide that nobody accepts any more."""

    client: httpx.AsyncClient

    @classmethod
    def create(cls) -> "HttpProbe":
        """A probe with its own client, which ignores proxies."""
        limits = httpx.Limits(max_keepalive_connections=0)
        return cls(httpx.AsyncClient(timeout=TIMEOUT_S, limits=limits, trust_env=False))

    async def check(self, url: str) -> Health:
        """Healthy is a 2xx within half a second."""
        begun = time.monotonic()
        try:  # httpx limits each read, and of an answer that comes in drops every read is quick; its body is not read
            async with asyncio.timeout(TIMEOUT_S), self.client.stream("GET", url) as response:
                pass
        except (httpx.TimeoutException, TimeoutError):
            return Health(False, False, f"no answer within {TIMEOUT_S:g} s", time.monotonic() - begun)
        except httpx.HTTPError as error:
            return Health(False, False, f"no connection ({type(error).__name__})", time.monotonic() - begun)
        told = f"GET {httpx.URL(url).path} answered {response.status_code}"
        return Health(response.is_success, True, told, time.monotonic() - begun)
