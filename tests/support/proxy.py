"""A real HTTP proxy on loopback in front of the forge that can be told to fail as networks and GitHub do."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sre_embedded.listening import bind, serve

_HOP_BY_HOP = ("connection", "content-length", "host", "transfer-encoding")


@dataclass
class Fault:
    """What the proxy does to a request: wait, then answer a status (0: pass it on), or lose the forge's answer."""

    delay_s: float = 0.0
    status: int = 0
    retry_after: str = ""
    loses_answers: bool = False


@dataclass
class Proxy:
    """Listens from entering on; `counted` are the requests that arrived."""

    upstream: str
    fault: Fault = field(default_factory=Fault)
    counted: int = 0
    port: int = 0

    def __enter__(self) -> "Proxy":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._client = httpx.AsyncClient(trust_env=False, timeout=30)
        self.come_back()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.go_away()
        self._do(self._client.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.port}{urlsplit(self.upstream).path}"

    def come_back(self) -> None:
        """Listen, on the same port as before."""
        listener = bind(self.port, "PROXY_PORT")
        self.port = listener.getsockname()[1]
        app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST", "DELETE"])])
        self._serving = asyncio.run_coroutine_threadsafe(serve(app, listener), self._loop)

    def go_away(self) -> None:
        """Refuse connections and end those that are open."""
        self._do(self._end())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _end(self) -> None:
        self._serving.cancel()
        while [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]:
            await asyncio.sleep(0.02)

    async def _answer(self, request: Request) -> Response:
        self.counted += 1
        fault = self.fault
        await asyncio.sleep(fault.delay_s)
        if fault.status:
            told = {"retry-after": fault.retry_after} if fault.retry_after else {}
            return JSONResponse({"message": "You have exceeded a limit or met a fault."}, fault.status, told)
        try:
            answer = await self._passed_on(request)
            return await _lost(request, answer) if fault.loses_answers else _told(answer)
        except httpx.HTTPError as error:
            return JSONResponse({"message": repr(error)}, 502)

    async def _passed_on(self, request: Request) -> httpx.Response:
        headers = [(key, value) for key, value in request.headers.items() if key not in _HOP_BY_HOP]
        target = urlsplit(self.upstream)._replace(path=request.url.path, query=request.url.query).geturl()
        asked = self._client.build_request(request.method, target, headers=headers, content=await request.body())
        return await self._client.send(asked, stream=True)


def _told(answer: httpx.Response) -> Response:
    kept = {key: value for key, value in answer.headers.items() if key not in (*_HOP_BY_HOP, "content-encoding")}
    return StreamingResponse(_body(answer), answer.status_code, kept)


async def _lost(request: Request, answer: httpx.Response) -> Response:
    """Return 502 though the forge did the work; read its answer to the end unless it is an endless stream (GET)."""
    if request.method == "POST":
        await answer.aread()
    await answer.aclose()
    return JSONResponse({"message": "lost"}, 502)


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for part in answer.aiter_bytes():
            yield part
    finally:
        await answer.aclose()
