"""Jaeger's query API, embedded or real: fulfils `ports.traces.Traces` and `ports.traces.TraceDocuments`."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import httpx

from sre_space.codec.jaeger import spans_from
from sre_space.domain.errors import Malformed, Refused, Unavailable
from sre_space.domain.telemetry import Span

log = logging.getLogger(__name__)

TIMEOUT_S = 5.0
MAX_ANSWER = 64 * 2**20  # bytes
NOTHING = b'{"data": []}'
FEWER = 4  # divides the number of traces to request when an answer is too large


class _TooLarge(Refused):
    """The error for an answer of more than `MAX_ANSWER` bytes."""


class JaegerTraces:
    """A client of Jaeger's `/api/traces`, used by Scout and Brain."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S, trust_env=False)

    async def window(self, service: str, since: int, until: int, limit: int = 200) -> Sequence[Span]:
        """Return the spans of a service's newest traces that began in [`since`, `until`) (Unix ns)."""
        return spans_from(await self._data("/api/traces", _query(service, since, until, limit)) or ())

    async def trace(self, trace_id: str) -> Sequence[Span]:
        """Return the spans of one trace, () when the store has dropped it; `trace_id` is lower-case hex."""
        return spans_from(await self._data(f"/api/traces/{trace_id}", {}) or ())

    async def document(self, service: str, since: int, until: int, limit: int) -> bytes:
        """Return Jaeger's answer as bytes, of at most `limit` traces, fewer when they are too large together."""
        requested = limit
        while requested:
            try:
                response = await self._answer("/api/traces", _query(service, since, until, requested))
            except _TooLarge as error:
                log.warning("%d traces of %s: %s", requested, service, error)
                requested //= FEWER
            else:
                return NOTHING if response is None else response.content
        return NOTHING

    async def close(self) -> None:
        """Close the client."""
        await self._client.aclose()

    async def _data(self, path: str, query: dict[str, str | int]) -> Any:  # noqa: ANN401 - JSON; `spans_from` types it
        response = await self._answer(path, query)
        if response is None:
            return None
        try:
            return response.json()["data"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Malformed(f"Jaeger's answer to {path} is not its JSON: {response.text[:200]}") from error

    async def _answer(self, path: str, query: dict[str, str | int]) -> httpx.Response | None:
        """Return the response, or None for a 404; raise `Unavailable` on any other failure."""
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),  # httpx limits each read, this the whole answer
                self._client.stream("GET", path, params=query) as streamed,
            ):
                response = httpx.Response(streamed.status_code, content=await _read(streamed))
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unavailable(f"Jaeger does not answer at {self._url}: {error!r}; JAEGER_URL names it") from error
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.status_code != httpx.codes.OK:
            raise Unavailable(f"Jaeger answered {response.status_code} to {path}: {response.text[:200]}")
        return response


async def _read(response: httpx.Response) -> bytes:
    """Return the response body; raise `_TooLarge` beyond `MAX_ANSWER` bytes."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER:
            raise _TooLarge(f"Jaeger's answer has more than {MAX_ANSWER} bytes")
    return bytes(body)


def _query(service: str, since: int, until: int, limit: int) -> dict[str, str | int]:
    """Return the query parameters; Jaeger takes microseconds and includes both ends."""
    return {"service": service, "start": since // 1000, "end": max(0, until // 1000 - 1), "limit": limit}
