"""One connection to an MCP server over streamable HTTP, and what its errors mean.

It lives in a task of its own (the SDK's scopes must be left by the task that entered them); a call that fails for want
of a server ends it, and the next call connects anew.
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

TIMEOUT_S = 10.0  # of a whole answer, and of connecting
LEAVE_S = 1.0


class Connection:
    """As one identity. Only the `needed` tools must be there; which others are, `offers` tells."""

    def __init__(self, url: str, token: str, needed: Sequence[str]) -> None:
        self._url, self._token, self._needed = url, token, needed
        self._client: Client | None = None
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[None] | None = None
        self._leave = asyncio.Event()
        self._offered: frozenset[str] = frozenset()
        self._answered: httpx2.Response | None = None
        self._pace = Backoff()

    async def offers(self, tool: str) -> bool:
        """True when the server has that tool."""
        await self._connected()
        return tool in self._offered

    async def json(self, tool: str, arguments: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - foreign JSON
        """The JSON of a tool's answer; its errors are ours."""
        text = _text(await self.call(tool, arguments or {}))
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"{tool} answered no JSON: {text[:200]}") from error

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
        """A tool's answer, whatever it is; `Unavailable` without asking while the forge wants to be left alone."""
        now = asyncio.get_running_loop().time
        if rest := self._pace.rest(now()):
            raise Unavailable(f"the forge at {self._url} is left alone for {rest:.1f} s more", rest)
        try:
            result = await self._asked(tool, arguments)
        except Unavailable as error:
            self._pace = self._pace.failed(now(), error.retry_after)
            raise
        self._pace = self._pace.worked()
        return result

    async def _asked(self, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
        client = await self._connected()
        self._answered = None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                result = await client.call_tool(tool, dict(arguments))
        except (MCPError, httpx2.HTTPError, TimeoutError, OSError, RuntimeError, ValueError) as error:
            if is_missing(str(error)):
                raise Missing(f"{tool}: {error}") from error
            told = f"the forge at {self._url} did not answer {tool}: {error!r}"
            wait = retry_after(self._answered.status_code, self._answered.headers) if self._answered else None
            if self._client is client:  # another call that failed with it may have connected anew
                await self.close()
            raise Unavailable(told, wait) from error
        if result.is_error:
            raise classified(tool, _text(result))
        return result

    async def close(self) -> None:
        """End it; safe to call twice, also at once."""
        owner, self._owner = self._owner, None
        self._leave.set()
        if owner is not None:  # it tells the server, which may hang: then it is ended without that
            await asyncio.wait([owner], timeout=LEAVE_S)
            owner.cancel()
            await asyncio.wait([owner], timeout=LEAVE_S)  # it closes its sockets

    async def _connected(self) -> Client:
        async with self._lock:
            if self._owner is None or self._owner.done() or self._client is None:
                self._leave = asyncio.Event()
                ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
                self._owner = asyncio.create_task(self._hold(ready, self._leave))
                self._client = await self._within(ready)
            return self._client

    async def _within(self, ready: "asyncio.Future[Client]") -> Client:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await ready
        except TimeoutError as error:
            await self.close()
            raise self._connection_error(error) from error

    async def _hold(self, ready: "asyncio.Future[Client]", leave: asyncio.Event) -> None:
        """Enter and leave the SDK's scopes in one task."""
        try:
            async with self._open() as client:
                ready.set_result(client)
                await leave.wait()
        # The SDK wraps what happens inside its task groups, so anything may come out here; nothing is hidden:
        # whoever connects is told, and a connection that broke later fails its next call.
        except* Exception as group:  # noqa: BLE001 - see above
            if not ready.done():
                ready.set_exception(self._connection_error(_first(group)))

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[Client]:
        self._answered = None
        headers = {"Authorization": f"Bearer {self._token}"}
        hooks = {"response": [self._note_answer]}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=TIMEOUT_S, trust_env=False, event_hooks=hooks) as http,
            Client(streamable_http_client(self._url, http_client=http)) as client,
        ):
            self._offered = frozenset(await _tools(client))
            missing = [tool for tool in self._needed if tool not in self._offered]
            if missing:
                raise Refused(f"the forge at {self._url} lacks the tools {', '.join(missing)}")
            yield client

    async def _note_answer(self, response: httpx2.Response) -> None:
        """The SDK tells of a refused request only that there was an error."""
        self._answered = response

    def _connection_error(self, error: BaseException) -> SpaceError:
        if isinstance(error, SpaceError):
            return error
        if self._answered is not None:
            wait = retry_after(self._answered.status_code, self._answered.headers)
            if wait is not None:
                return Unavailable(f"the forge at {self._url} asks to wait {wait:g} s", wait)
            if self._answered.status_code in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
                return Refused(f"the forge at {self._url} refused the token; set GITHUB_PERSONAL_ACCESS_TOKEN")
        return Unavailable(f"the forge does not answer at {self._url}: {error!r}; FORGE_URL names it")


async def _tools(client: Client) -> list[str]:
    """The names of all tools, over all pages."""
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
