"""The protection against overload: a limit of concurrent requests, and none is served whose caller has gone.

Work for callers who have gone keeps an overload alive after its cause has ended (metastable failures; Bronson et al.,
HotOS 2021), and a service whose threads are all busy does not answer its probes in time.
"""

import asyncio

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.problems import answer


class ConcurrencyLimit:
    """A middleware that serves at most `limit` requests at once and drops queued requests whose caller disconnected.

    Requests for the `exempt` paths are never queued.
    """

    def __init__(self, app: ASGIApp, limit: int, exempt: tuple[str, ...]) -> None:
        self.app, self.exempt = app, exempt
        self.slots = asyncio.Semaphore(limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request, wait for a slot, and pass the request on."""
        if scope["type"] != "http" or scope["path"] in self.exempt:
            return await self.app(scope, receive, send)
        request = Request(scope, receive)
        try:
            body = await request.body()  # before a slot is taken: a slow sender delays nobody else
        except ClientDisconnect:
            return None
        try:
            await self._serve(request, body, send)
        except asyncio.CancelledError:  # only uvicorn cancels, when the process ends and cannot wait any longer
            await answer(request, 503, "the service is shutting down; ask again")(scope, receive, send)

    async def _serve(self, request: Request, body: bytes, send: Send) -> None:
        queued = self.slots.locked()  # only queued callers are checked: a check of every request costs too much
        async with self.slots:
            if not (queued and await request.is_disconnected()):
                await self.app(request.scope, _replayed(body, request.receive), send)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that yields the body once more, and then the messages that follow."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again
