"""An answer of the engine that is passed on part by part."""

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Receive, Send

_START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/octet-stream")]}
_END = {"type": "http.response.body", "body": b"", "more_body": False}


async def pass_on(parts: AsyncIterator[bytes], receive: Receive, send: Send, closing: asyncio.Event) -> None:
    """Send each part when it comes, and end with the engine, with the client, or when this process is `closing`.

    The next part is read when the client has taken the last one. What reading a part raises is raised.
    """
    sending = asyncio.ensure_future(_send_all(parts, send))
    ends = {sending, asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(closing.wait())}
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in ends:
            task.cancel()
        await asyncio.wait(ends)
    if sending.cancelled():
        await send(_END)
    else:
        sending.result()


async def _send_all(parts: AsyncIterator[bytes], send: Send) -> None:
    await send(_START)
    async for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send(_END)


async def _gone(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
