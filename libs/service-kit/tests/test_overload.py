"""More requests than places: who waits is served in turn, who hung up is not, and probes never wait."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import Message, Receive, Scope, Send

from service_kit.overload import ConcurrencyLimit


class Work:
    """An app that is at work until it is told to end; it remembers what it was asked."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.may_end = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, _: Send) -> None:
        """Read the body; probes end at once."""
        self.bodies.append((await receive())["body"])
        if scope["path"] != "/health":
            await self.may_end.wait()


class Caller:
    """Sends a body in two parts; hangs up when told to."""

    def __init__(self, app: ConcurrencyLimit, body: bytes, path: str = "/quotes") -> None:
        self.parts: list[Message] = [
            {"type": "http.request", "body": body[:1], "more_body": True},
            {"type": "http.request", "body": body[1:], "more_body": False},
        ]
        self.gone = asyncio.Event()
        self.heard: list[Message] = []
        self.call = asyncio.ensure_future(app({"type": "http", "path": path, "headers": []}, self.receive, self.send))

    async def receive(self) -> Message:
        """As uvicorn answers: the parts, then nothing until the caller hangs up."""
        if self.parts:
            return self.parts.pop(0)
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Remember it."""
        self.heard.append(message)


async def settled() -> None:
    """Everybody has come as far as they can."""
    for _ in range(20):
        await asyncio.sleep(0)


def played(story: Callable[[ConcurrencyLimit, Work], Awaitable[None]]) -> None:
    """In one loop, with one place."""

    async def play() -> None:
        work = Work()
        await story(ConcurrencyLimit(work, 1, ("/health",)), work)

    asyncio.run(play())


def test_who_waits_is_served_in_turn_with_the_whole_request() -> None:
    async def story(app: ConcurrencyLimit, work: Work) -> None:
        callers = [Caller(app, body) for body in (b"one", b"two")]
        await settled()
        assert work.bodies == [b"one"]
        work.may_end.set()
        await asyncio.gather(*(caller.call for caller in callers))
        assert work.bodies == [b"one", b"two"]

    played(story)


def test_who_hung_up_while_waiting_is_not_served() -> None:
    async def story(app: ConcurrencyLimit, work: Work) -> None:
        first, second, third = (Caller(app, body) for body in (b"one", b"two", b"three"))
        await settled()
        second.gone.set()
        work.may_end.set()
        await asyncio.gather(first.call, second.call, third.call)
        assert work.bodies == [b"one", b"three"]

    played(story)


def test_a_probe_does_not_wait() -> None:
    async def story(app: ConcurrencyLimit, work: Work) -> None:
        busy = Caller(app, b"one")
        await settled()
        probe = Caller(app, b"?", "/health")
        await settled()
        assert probe.call.done()
        work.may_end.set()
        await busy.call

    played(story)


def test_who_hangs_up_in_the_middle_of_a_request_takes_no_place() -> None:
    async def story(app: ConcurrencyLimit, work: Work) -> None:
        caller = Caller(app, b"one")
        caller.parts = caller.parts[:1]
        caller.gone.set()
        await caller.call
        assert not work.bodies
        assert not app.slots.locked()

    played(story)


def test_who_is_cut_off_by_the_end_of_the_process_is_told_so() -> None:
    """As uvicorn cancels what outlasts its patience: at work, or waiting for a place."""

    async def story(app: ConcurrencyLimit, _: Work) -> None:
        callers = [Caller(app, b"{}"), Caller(app, b"{}")]
        await settled()
        for caller in callers:
            caller.call.cancel("timeout graceful shutdown exceeded")
        await asyncio.gather(*(caller.call for caller in callers))

        for caller in callers:
            assert caller.heard[0]["status"] == 503
            assert b"shutting down" in caller.heard[1]["body"]

    played(story)
