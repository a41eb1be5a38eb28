"""Requests to Docker's Engine API over HTTP, through a Unix socket or a TCP address.

httpx speaks both and is there already for probes and traces; a Docker library would add a second HTTP client for a few
requests. The paths carry no version of the API: no version is served by every engine from 20.10 on, and the
fields that are read have been in all of them.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from sre_space.domain.errors import Malformed, Missing, Refused, Unavailable

ANSWERS_WITHIN_S = 5.0
MAX_BYTES = 4 * 2**20  # of an answer
MAX_LINE = 2**16  # bytes of an event
_PLAIN = {"Accept-Encoding": "identity"}  # a stream is passed on as it comes
_ADDRESS = re.compile(r"unix://(?P<path>/[!-~]+)|tcp://(?P<host>[\w.-]+|\[[0-9A-Fa-f:]+\]):(?P<port>\d{1,5})")


@dataclass(frozen=True)
class Engine:
    """The engine, or a proxy, at `address`: `unix:///var/run/docker.sock` or `tcp://host:port`."""

    address: str

    async def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        within_s: float | None = None,
    ) -> Any:  # noqa: ANN401 - JSON; `codec.docker` types it
        """Return the answer's JSON, None for an empty one.

        Raise `Missing` or `Refused` when the engine says so, `Unavailable` without a whole answer in `within_s` seconds
        (None: `ANSWERS_WITHIN_S`).
        """
        answer = await self._answer(method, path, query or {}, body, within_s or ANSWERS_WITHIN_S)
        try:
            return json.loads(answer) if answer.strip() else None
        except (ValueError, RecursionError) as error:
            raise Unavailable(f"the answer of {self._name} to {path} is not JSON") from error

    async def read(self, path: str, query: Mapping[str, str]) -> bytes:
        """Return an answer as it is; raise as `ask`."""
        return await self._answer("GET", path, query, None, ANSWERS_WITHIN_S)

    async def _answer(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, object] | None, within_s: float
    ) -> bytes:
        try:
            async with asyncio.timeout(within_s), self._sent(method, path, query, body) as response:
                return await _read(response)
        except TimeoutError as error:
            raise Unavailable(f"{self._name} has not answered {path} within {within_s:g} s") from error

    @contextlib.asynccontextmanager
    async def stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open an answer without end, and yield its parts as they arrive; raise as `ask`, also when it breaks off."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(ANSWERS_WITHIN_S):
                    response = await stack.enter_async_context(self._sent("GET", path, query, None))
            except TimeoutError as error:
                raise Unavailable(f"{self._name} has not answered {path} within {ANSWERS_WITHIN_S:g} s") from error
            yield response.aiter_raw()

    @contextlib.asynccontextmanager
    async def _sent(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, object] | None
    ) -> AsyncIterator[httpx.Response]:
        try:
            async with (
                self._client() as client,
                client.stream(method, path, params=query, json=body) as response,
            ):
                await self._checked(response, path)
                yield response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(
                f"{self._name} does not answer: {type(error).__name__} {error}; start it, or set its address"
            ) from error

    async def _checked(self, response: httpx.Response, path: str) -> None:
        """Return for an answer that is a success; raise what it says otherwise."""
        status = response.status_code
        if response.is_success or status == httpx.codes.NOT_MODIFIED:
            return
        message = f"{self._name} answered {status} to {path}: {_message(await _read(response))}"
        if status == httpx.codes.NOT_FOUND:
            raise Missing(message)
        if response.is_client_error and status != httpx.codes.TOO_MANY_REQUESTS:
            raise Refused(message)
        raise Unavailable(message)

    def _client(self) -> httpx.AsyncClient:
        match = _ADDRESS.fullmatch(self.address)
        if match is None:
            raise Malformed(
                f"{self.address!r} is no address of Docker; write unix:///var/run/docker.sock or tcp://host:2375"
            )
        path, host = match["path"], match["host"]
        transport = httpx.AsyncHTTPTransport(uds=path, verify=False)
        base = "http://docker" if path else f"http://{host}:{match['port']}"
        return httpx.AsyncClient(transport=transport, base_url=base, timeout=None, trust_env=False, headers=_PLAIN)

    @property
    def _name(self) -> str:
        return f"Docker at {self.address}"


async def lines(parts: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield the lines of a stream; raise `Unavailable` for one of more than `MAX_LINE` bytes."""
    pending = b""
    async for part in parts:
        *whole, pending = (pending + part).split(b"\n")
        for line in whole:
            if line.strip():
                yield line
        if len(pending) > MAX_LINE:
            raise Unavailable(f"Docker sent an event of more than {MAX_LINE} bytes")


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise Unavailable(f"Docker's answer to {response.url.path} has more than {MAX_BYTES} bytes")
    return bytes(body)


def _message(answer: bytes) -> str:
    """Return the sentence in an answer that is an error."""
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        return str(json.loads(answer)["message"])[:500]
    return answer[:200].decode(errors="replace")
