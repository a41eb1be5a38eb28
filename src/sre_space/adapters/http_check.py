"""Servers with an HTTP API, Jaeger and Chroma, asked whether they serve: fulfils `ports.server_check.ServerCheck`."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from sre_space.domain.errors import Refused, Unavailable

TIMEOUT_S = 8.0
MAX_BYTES = 2**20
_VERSION = re.compile(r'"gitVersion":"v?([0-9][\w.+-]{0,30})"')
_SHOWN = 40  # characters of a version


@dataclass(frozen=True)
class HttpCheck:
    """A server at `url`: `path` answers when it serves, and `version` finds its version in what `told_at` answers."""

    name: str
    setting: str
    url: str
    path: str
    told_at: str
    version: Callable[[str], str]

    async def ask(self) -> str:
        """Return the name with the version; raise `Unavailable` or `Refused` with the setting."""
        await self._text(self.path)
        try:
            version = self.version(await self._text(self.told_at))
        except (Unavailable, Refused, ValueError, RecursionError):
            version = ""
        return f"{self.name} {version} at {self.url}" if version else f"{self.name} at {self.url}, version not told"

    async def _text(self, path: str) -> str:
        at = f"{self.name} at {self.url}"
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),  # httpx limits each read, this the whole answer
                httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client,
                client.stream("GET", f"{self.url.rstrip('/')}{path}") as response,
            ):
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk[: MAX_BYTES - len(body)]
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise Unavailable(
                f"{at} does not answer: {type(error).__name__}; start it, or set {self.setting}"
            ) from error
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise Refused(f"{at} answered {response.status_code} to {path}; set {self.setting} to one that lets us in")
        if not response.is_success:
            raise Unavailable(f"{at} answered {response.status_code} to {path}; look at its log, or set {self.setting}")
        return body.decode(errors="replace")


def jaeger_check(url: str) -> HttpCheck:
    """Return the check of Jaeger's query API; only the page of its user interface has the version."""
    return HttpCheck("Jaeger's API", "JAEGER_URL", url, "/api/services", "/", _in_page)


def chroma_check(url: str) -> HttpCheck:
    """Return the check of a Chroma server."""
    return HttpCheck("Chroma", "CHROMA_URL", url, "/api/v2/heartbeat", "/api/v2/version", _as_json)


def _in_page(text: str) -> str:
    match = _VERSION.search(text)
    return match[1] if match else ""


def _as_json(text: str) -> str:
    version = json.loads(text)
    return version[:_SHOWN] if isinstance(version, str) else ""
