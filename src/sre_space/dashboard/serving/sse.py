"""The stream as server-sent events: one connection a page, resumable, bounded; a client that never reads is dropped."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import FastAPI, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sre_space.dashboard.answers.stream import Event
from sre_space.dashboard.serving.problems import PROBLEMS, problem
from sre_space.dashboard.stream.hub import Hub

log = logging.getLogger(__name__)

SEND_S = 10.0  # a client that has not taken an event by then is dropped
DESCRIPTION = "Server-sent events `reset`, `delta` and `beat`: see docs/dashboard-api.md, The stream."


class EventStream(Response):
    """A response that sends what an iterator yields until the client goes, or does not read for `SEND_S`."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], send_s: float = SEND_S) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"})
        del self.headers["content-length"]
        self.events, self.send_s = events, send_s

    async def __call__(
        self,
        scope: Scope,  # noqa: ARG002 - ASGI's signature
        receive: Receive,
        send: Send,
    ) -> None:
        """Send the events; return when the client is gone."""
        sending = asyncio.ensure_future(self._send_all(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _send_all(self, send: Send) -> None:
        async with contextlib.aclosing(self.events) as events:  # type: ignore[type-var]  # it is a generator
            try:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                async for event in events:
                    async with asyncio.timeout(self.send_s):
                        await send({"type": "http.response.body", "body": event, "more_body": True})
            except TimeoutError:
                log.warning("a client of the stream did not read for %g s and was dropped", self.send_s)
            except OSError:
                pass  # the client is gone


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def stream_route(app: FastAPI, hub: Hub) -> None:
    """Add `/api/v1/stream`."""

    @app.get(
        "/api/v1/stream",
        summary="The stream of changes",
        description=DESCRIPTION,
        response_class=Response,
        responses={200: {"model": Event, "content": {"text/event-stream": {}}}, **PROBLEMS},
    )
    async def stream(request: Request, last_event_id: Annotated[str, Query(max_length=40)] = "") -> Response:
        if hub.full:
            return problem(503, "too many pages listen already; close some", request.url.path)
        return EventStream(hub.listen(request.headers.get("last-event-id", last_event_id)))
