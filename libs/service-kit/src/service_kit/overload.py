"""More requests than can be served: some at a time, and only for callers who still wait.

Work for answers that nobody reads keeps an overload alive after its cause is gone (metastable failures; Bronson et al.,
HotOS 2021), and a service whose threads all want to run does not answer its probes in time.
"""

import asyncio

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.problems import answer


class OnlyWhoWaits:
    """At most `most` requests at work; who hung up while waiting for a place is not served. Some `paths` never wait."""

    def __init__(self, app: ASGIApp, most: int, paths: tuple[str, ...]) -> None:
        self.app, self.paths = app, paths
        self.places = asyncio.Semaphore(most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request, wait for a place, pass it on."""
        if scope["type"] != "http" or scope["path"] in self.paths:
            return await self.app(scope, receive, send)
        request = Request(scope, receive)
        try:
            body = await request.body()  # before there is a place: who sends slowly holds up nobody else
        except ClientDisconnect:
            return None
        try:
            await self._serve(request, body, send)
        except asyncio.CancelledError:  # by uvicorn alone, when the process ends and cannot wait any longer
            await answer(request, 503, "the service is shutting down; ask again")(scope, receive, send)

    async def _serve(self, request: Request, body: bytes, send: Send) -> None:
        waits = self.places.locked()  # who does not wait has just called: to ask about each costs the loop too much
        async with self.places:
            if not (waits and await request.is_disconnected()):
                await self.app(request.scope, _replayed(body, request.receive), send)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """What has been read is received once more; then what comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
