"""Health probes over HTTP: fulfils `ports.probe.Probe`."""

import asyncio
import time
from dataclasses import dataclass

import httpx

from sre_space.ports.probe import Health

TIMEOUT_S = 0.5


@dataclass(frozen=True)
class HttpProbe:
    """A probe that sends one GET per check on a new connection, since an old one hides that the server accepts none."""

    client: httpx.AsyncClient

    @classmethod
    def create(cls) -> "HttpProbe":
        """Return a probe with an HTTP client of its own, which ignores proxy settings."""
        limits = httpx.Limits(max_keepalive_connections=0)
        return cls(httpx.AsyncClient(timeout=TIMEOUT_S, limits=limits, trust_env=False))

    async def check(self, url: str) -> Health:
        """Return the health behind a URL: healthy is a 2xx answer within half a second."""
        started = time.monotonic()
        try:  # httpx limits each read only, and a trickling answer has quick reads; the body is not read
            async with asyncio.timeout(TIMEOUT_S), self.client.stream("GET", url) as response:
                pass
        except (httpx.TimeoutException, TimeoutError):
            return Health(False, False, f"no answer within {TIMEOUT_S:g} s", time.monotonic() - started)
        except httpx.HTTPError as error:
            return Health(False, False, f"no connection ({type(error).__name__})", time.monotonic() - started)
        detail = f"GET {httpx.URL(url).path} answered {response.status_code}"
        return Health(response.is_success, True, detail, time.monotonic() - started)
