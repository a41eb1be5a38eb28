"""GitHub's MCP server, embedded or official: fulfils `ports.forge.Forge`.

One connection lives in a task of its own (the SDK's scopes must be left by the task that
entered them); a call that fails for want of a server ends it, and the next call connects anew.
"""

import asyncio
import base64
import contextlib
import json
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import BlobResourceContents, CallToolResult, EmbeddedResource, TextContent, TextResourceContents

from sre_space.domain.errors import Malformed, Missing, Refused, SpaceError, Unavailable
from sre_space.domain.pace import LIMITED_S, Pace
from sre_space.ports.forge import Comment, Forge, Issue

TIMEOUT_S = 10.0
NEEDED = (
    "issue_write",
    "issue_read",
    "add_issue_comment",
    "list_issues",
    "search_issues",
    "label_write",
    "get_file_contents",
)
PAGE = 100
_RETRY_AFTER = re.compile(r"[Rr]etry after (?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_SERVER_ERROR = re.compile(r": 5\d\d |rate limit")
_MISSING = re.compile(r": 404 |[Nn]ot [Ff]ound|Could not resolve")


class GithubMcpForge(Forge):
    """One repository as one identity over streamable HTTP."""

    def __init__(self, url: str, token: str, owner: str, repo: str) -> None:
        self._url, self._token = url, token
        self._where = {"owner": owner, "repo": repo}
        self._client: Client | None = None
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[None] | None = None
        self._leave = asyncio.Event()
        self._answer: httpx2.Response | None = None
        self._pace = Pace()

    async def whoami(self) -> str:
        """The login behind the token."""
        return str((await self._json("get_me"))["login"])

    async def open_issue(self, title: str, body: str, labels: Sequence[str]) -> int:
        """Create; the number is the tail of the answer's address."""
        asked = {"method": "create", "title": title, "body": body, "labels": list(labels), **self._where}
        return _tail(await self._json("issue_write", asked))

    async def issue(self, number: int) -> Issue:
        """One issue."""
        return _issue(await self._json("issue_read", {"method": "get", "issue_number": number, **self._where}))

    async def issues(self, *, state: Literal["open", "closed", "all"] = "open", since: int = 0) -> Sequence[Issue]:
        """All pages, oldest first."""
        asked: dict[str, Any] = {"orderBy": "CREATED_AT", "direction": "ASC", "perPage": PAGE, **self._where}
        asked |= {"state": state.upper()} if state != "all" else {}
        asked |= {"since": _iso(since)} if since else {}
        found: list[Issue] = []
        while True:
            page = await self._json("list_issues", asked)
            found += [_issue(one) for one in page["issues"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            asked["after"] = page["pageInfo"]["endCursor"]

    async def search(self, words: str) -> Sequence[Issue]:
        """The first page."""
        page = await self._json("search_issues", {"query": words, **self._where})
        return [_issue(one) for one in page["items"]]

    async def comment(self, number: int, body: str) -> int:
        """Append."""
        return _tail(await self._json("add_issue_comment", {"issue_number": number, "body": body, **self._where}))

    async def comments(self, number: int) -> Sequence[Comment]:
        """All pages."""
        found: list[Comment] = []
        for page in range(1, 1000):
            asked = {"method": "get_comments", "issue_number": number, "page": page, "perPage": PAGE, **self._where}
            some = await self._json("issue_read", asked)
            found += [_comment(one) for one in some]
            if len(some) < PAGE:
                break
        return sorted(found, key=lambda comment: comment.id)

    async def set_labels(self, number: int, labels: Sequence[str]) -> None:
        """Replace; GitHub makes labels that are missing by itself."""
        asked = {"method": "update", "issue_number": number, "labels": list(labels), **self._where}
        await self._json("issue_write", asked)

    async def close_issue(self, number: int) -> None:
        """Close as completed."""
        asked = {
            "method": "update",
            "issue_number": number,
            "state": "closed",
            "state_reason": "completed",
            **self._where,
        }
        await self._json("issue_write", asked)

    async def read_file(self, path: str, ref: str = "main") -> bytes:
        """The embedded resource of the answer."""
        result = await self._call("get_file_contents", {"path": path, "ref": ref, **self._where})
        for item in result.content:
            if isinstance(item, EmbeddedResource):
                return _bytes(item.resource)
        raise Missing(f"{path} at {ref} is not a file")

    async def ping(self) -> None:
        """Ask who we are."""
        await self.whoami()

    async def close(self) -> None:
        """End the connection."""
        self._leave.set()
        if self._owner is not None:
            with contextlib.suppress(SpaceError):
                await self._owner
        self._owner = None

    async def _json(self, tool: str, arguments: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - foreign JSON
        result = await self._call(tool, arguments or {})
        text = _text(result)
        try:
            return json.loads(text)
        except ValueError as error:
            raise Malformed(f"{tool} answered no JSON: {text[:200]}") from error

    async def _call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        """One call; while the forge wants to be left alone, `Unavailable` without asking it."""
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

    async def _asked(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        client = await self._connected()
        self._answer = None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                result = await client.call_tool(tool, arguments)
        except (MCPError, httpx2.HTTPError, TimeoutError, OSError, RuntimeError) as error:
            if _MISSING.search(str(error)):
                raise Missing(f"{tool}: {error}") from error
            await self.close()
            told = f"the forge at {self._url} did not answer {tool}: {error!r}"
            raise Unavailable(told, _advice(self._answer)) from error
        if result.is_error:
            raise _classified(tool, _text(result))
        return result

    async def _connected(self) -> Client:
        async with self._lock:
            if self._owner is None or self._owner.done() or self._client is None:
                self._leave = asyncio.Event()
                ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
                self._owner = asyncio.create_task(self._hold(ready, self._leave))
                self._client = await ready
            return self._client

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
        headers = {"Authorization": f"Bearer {self._token}"}
        hooks = {"response": [self._note_status]}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=TIMEOUT_S, trust_env=False, event_hooks=hooks) as http,
            Client(streamable_http_client(self._url, http_client=http)) as client,
        ):
            offered = {tool.name for tool in (await client.list_tools()).tools}
            missing = [tool for tool in NEEDED if tool not in offered]
            if missing:
                raise Refused(f"the forge at {self._url} lacks the tools {', '.join(missing)}")
            yield client

    async def _note_status(self, response: httpx2.Response) -> None:
        """The SDK tells of a refused request only that there was an error."""
        self._answer = response

    def _connection_error(self, error: BaseException) -> SpaceError:
        if isinstance(error, SpaceError):
            return error
        advice, answer = _advice(self._answer), self._answer
        if advice is None and answer is not None and answer.status_code in (401, 403):
            return Refused(f"the forge at {self._url} refused the token; set GITHUB_PERSONAL_ACCESS_TOKEN")
        return Unavailable(f"the forge does not answer at {self._url}: {error!r}; FORGE_URL names it", advice)


def _advice(answer: httpx2.Response | None) -> float | None:
    """Seconds to wait, from a refusal: GitHub limits with 403 and 429, and does not always say for how long."""
    if answer is None or answer.is_success:
        return None
    told = answer.headers.get("retry-after", "")
    if told.isdecimal():
        return float(told)
    limited = answer.status_code == httpx2.codes.TOO_MANY_REQUESTS or answer.headers.get("x-ratelimit-remaining") == "0"
    return LIMITED_S if limited else None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _classified(tool: str, text: str) -> SpaceError:
    told = f"{tool}: {text[:300]}"
    if _SERVER_ERROR.search(text):
        found = _RETRY_AFTER.search(text)
        wait = float(found[1] or 0) * 60 + float(found[2] or 0) if found else 0.0
        return Unavailable(told, wait or (LIMITED_S if "rate limit" in text else None))
    return Missing(told) if _MISSING.search(text) else Refused(told)


def _text(result: CallToolResult) -> str:
    return next((item.text for item in result.content if isinstance(item, TextContent)), "")


def _bytes(resource: TextResourceContents | BlobResourceContents) -> bytes:
    return resource.text.encode() if isinstance(resource, TextResourceContents) else base64.b64decode(resource.blob)


def _tail(answer: Any) -> int:  # noqa: ANN401 - foreign JSON
    """The number at the end of the answer's address: `…/issues/7` or `…#issuecomment-31`."""
    return int(re.split(r"[/-]", answer["url"])[-1])


def _issue(one: Any) -> Issue:  # noqa: ANN401 - foreign JSON
    return Issue(
        number=one["number"],
        title=one["title"],
        body=one.get("body") or "",
        state="open" if one["state"].lower() == "open" else "closed",
        author=one["user"]["login"],
        labels=tuple(label if isinstance(label, str) else label["name"] for label in one.get("labels") or ()),
        comments=one.get("comments") or 0,
        created=_ns(one["created_at"]),
        updated=_ns(one["updated_at"]),
    )


def _comment(one: Any) -> Comment:  # noqa: ANN401 - foreign JSON
    return Comment(
        id=one["id"],
        author=one["user"]["login"],
        author_id=one["user"]["id"],
        body=one.get("body") or "",
        created=_ns(one["created_at"]),
        updated=_ns(one["updated_at"]),
    )


def _ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 10**9


def _iso(ns: int) -> str:
    return datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
