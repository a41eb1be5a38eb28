"""A connection to an MCP server over streamable HTTP, with its errors as the project's own.

The connection lives in a task of its own (the SDK's scopes must be left by the task that entered them). A call that
fails because the server does not answer closes the connection, and the next call connects again.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from sre_space.adapters.github_mcp.meaning import classified, is_missing, retry_after
from sre_space.domain.backoff import Backoff
from sre_space.domain.errors import Malformed, Missing, Refused, SpaceError, Unavailable

TIMEOUT_S = 10.0  # for a whole answer, and for connecting
LEAVE_S = 1.0
_SHOWN = 80  # characters of a server's name


class Connection:
    """A connection with one token; the server must have the `needed` tools, and `offers` tells of any other tool."""

    def __init__(self, url: str, token: str, needed: Sequence[str]) -> None:
        self._url, self._token, self._needed = url, token, needed
        self._client: Client | None = None
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._offered: frozenset[str] = frozenset()
        self._last_response: httpx2.Response | None = None
        self._backoff = Backoff()

    async def server(self) -> str:
        """Return the name and version that the server gives; raise as `call` does."""
        info = (await self._connected()).server_info
        return f"{info.name} {info.version}"[:_SHOWN] if info is not None else "a server that gives no name"

    async def offers(self, tool: str) -> bool:
        """Return True when the server has the tool."""
        await self._connected()
        return tool in self._offered

    async def json(self, tool: str, arguments: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - foreign JSON
        """Return a tool's answer as JSON; raise a `SpaceError` (see `call`), or `Malformed` when it is not JSON."""
        text = _text(await self.call(tool, arguments or {}))
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"the answer of {tool} is not JSON: {text[:200]}") from error

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
        """Return a tool's answer; raise its error as a `SpaceError`, or `Unavailable` at once during a backoff."""
        now = asyncio.get_running_loop().time
        if rest := self._backoff.rest(now()):
            raise Unavailable(f"the forge at {self._url} is not asked for another {rest:.1f} s (backoff)", rest)
        try:
            result = await self._called(tool, arguments)
        except Unavailable as error:
            self._backoff = self._backoff.failed(now(), error.retry_after)
            raise
        self._backoff = self._backoff.worked()
        return result

    async def _called(self, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
        client = await self._connected()
        self._last_response = None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                result = await client.call_tool(tool, dict(arguments))
        except (MCPError, httpx2.HTTPError, TimeoutError, OSError, RuntimeError, ValueError) as error:
            if is_missing(str(error)):
                raise Missing(f"{tool}: {error}") from error
            sentence = f"the forge at {self._url} did not answer {tool}: {error!r}"
            wait = (
                retry_after(self._last_response.status_code, self._last_response.headers)
                if self._last_response
                else None
            )
            if self._client is client:  # another failed call may have connected again
                await self.close()
            raise Unavailable(sentence, wait) from error
        if result.is_error:
            raise classified(tool, _text(result))
        return result

    async def close(self) -> None:
        """Close the connection; safe to call twice, also concurrently."""
        owner, self._owner = self._owner, None
        self._closing.set()
        if owner is not None:  # it notifies the server; if that hangs, the task is cancelled
            await asyncio.wait([owner], timeout=LEAVE_S)
            owner.cancel()
            await asyncio.wait([owner], timeout=LEAVE_S)  # it closes its sockets meanwhile

    async def _connected(self) -> Client:
        async with self._lock:
            if self._owner is None or self._owner.done() or self._client is None:
                self._closing = asyncio.Event()
                ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
                self._owner = asyncio.create_task(self._hold_open(ready, self._closing))
                self._client = await self._within(ready)
            return self._client

    async def _within(self, ready: "asyncio.Future[Client]") -> Client:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await ready
        except TimeoutError as error:
            await self.close()
            raise self._connection_error(error) from error

    async def _hold_open(self, ready: "asyncio.Future[Client]", leave: asyncio.Event) -> None:
        """Hold the connection open until `leave`: one task must enter and leave the SDK's scopes."""
        try:
            async with self._open() as client:
                ready.set_result(client)
                await leave.wait()
        # The SDK wraps errors in groups of its tasks, so any error may arrive here. None is hidden: the caller that
        # connects gets it, and the next call on a connection that broke later fails.
        except* Exception as group:  # noqa: BLE001 - see above
            if not ready.done():
                ready.set_exception(self._connection_error(_first(group)))

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[Client]:
        self._last_response = None
        headers = {"Authorization": f"Bearer {self._token}"}
        hooks = {"response": [self._record_response]}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=TIMEOUT_S, trust_env=False, event_hooks=hooks) as http,
            Client(streamable_http_client(self._url, http_client=http)) as client,
        ):
            self._offered = frozenset(await _tools(client))
            missing = [tool for tool in self._needed if tool not in self._offered]
            if missing:
                raise Refused(f"the forge at {self._url} lacks the tools {', '.join(missing)}")
            yield client

    async def _record_response(self, response: httpx2.Response) -> None:
        """Record the response, since the SDK's error for a refused request contains no status."""
        self._last_response = response

    def _connection_error(self, error: BaseException) -> SpaceError:
        if isinstance(error, SpaceError):
            return error
        if self._last_response is not None:
            wait = retry_after(self._last_response.status_code, self._last_response.headers)
            if wait is not None:
                return Unavailable(f"the forge at {self._url} asks to wait {wait:g} s", wait)
            if self._last_response.status_code in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
                return Refused(f"the forge at {self._url} refused the token; set GITHUB_PERSONAL_ACCESS_TOKEN")
        return Unavailable(f"the forge does not answer at {self._url}: {error!r}; FORGE_URL names it")


async def _tools(client: Client) -> list[str]:
    """Return the names of all tools, over all pages."""
    page = await client.list_tools()
    names = [tool.name for tool in page.tools]
    while page.next_cursor:
        page = await client.list_tools(cursor=page.next_cursor)
        names += [tool.name for tool in page.tools]
    return names


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _text(result: CallToolResult) -> str:
    return next((item.text for item in result.content if isinstance(item, TextContent)), "")
