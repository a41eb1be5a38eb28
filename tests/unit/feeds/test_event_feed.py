"""The runtime's events are followed for as long as the process runs."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest
from support.world import SECOND, OwnClock, World

from sre_space.domain.errors import Unavailable
from sre_space.feeds.event_feed import EventFeed, Follower
from sre_space.ports.runtime import Died, RuntimeEvents, Started

POLICY = "policy-service"


class Yielding(OwnClock):
    """A clock that gives other tasks their turn."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(0)
        self.clock.time += int(seconds * SECOND)


@dataclass
class Breaking(RuntimeEvents):
    """A stream that breaks off a few times; then nothing happens any more."""

    left: int
    subscribed: int = 0

    async def events(self) -> AsyncGenerator[Started | Died, None]:
        """Say what runs, and break off."""
        self.subscribed += 1
        if self.subscribed > self.left:
            await asyncio.Event().wait()
        yield Started(POLICY, f"{self.subscribed}:1", 0)
        raise Unavailable("the stream has ended")


@dataclass
class Heard(Follower):
    """What was given to a follower."""

    said: list[str] = field(default_factory=list)

    def subscribed(self) -> None:
        """Take note."""
        self.said.append("subscribed")

    def take(self, event: Started | Died) -> None:
        """Take note."""
        self.said.append(event.incarnation)


async def test_a_stream_that_breaks_off_is_followed_anew_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    world, stream, heard = World(), Breaking(left=3), Heard()
    begun = world.clock.now()
    task = asyncio.ensure_future(EventFeed(stream, heard, Yielding(world.clock)).follow_forever())
    while heard.said.count("subscribed") < 4:
        await asyncio.sleep(0)
    task.cancel()

    assert heard.said == ["subscribed", "1:1", "subscribed", "2:1", "subscribed", "3:1", "subscribed"]
    assert 0.75 <= (world.clock.now() - begun) / SECOND < 5
    assert caplog.text.count("found by probes alone") == 3  # once for each time it was heard before


async def test_while_the_runtime_does_not_answer_it_is_asked_ever_less_often(caplog: pytest.LogCaptureFixture) -> None:
    world, heard = World(), Heard()
    world.followers.away = "it does not answer"
    begun, feed = world.clock.now(), EventFeed(world, heard, Yielding(world.clock))
    task = asyncio.ensure_future(feed.follow_forever())
    while world.clock.now() - begun < 60 * SECOND:
        await asyncio.sleep(0)
    task.cancel()

    assert caplog.text.count("found by probes alone") == 1
    assert (feed.silent, set(heard.said)) == ("it does not answer", {"subscribed"})
    assert len(heard.said) <= 12
