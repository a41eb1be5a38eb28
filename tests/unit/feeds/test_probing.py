"""How often Scout probes, and that what the runtime says is evaluated at once."""

import asyncio
from collections.abc import Mapping

from support.announcing import listening
from support.feeds import Feed
from support.world import SECOND, OwnClock, World

from sre_space.feeds.end_feed import EndFeed
from sre_space.feeds.signal_consumer import SignalConsumer
from sre_space.loop.watch import Watch
from sre_space.ports.bus import Publisher
from sre_space.ports.runtime import Died

POLICY = "policy-service"


class Yielding(OwnClock):
    """A clock that gives other tasks their turn."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(0)
        self.clock.time += int(seconds * SECOND)


class Standing(OwnClock):
    """A clock on which nothing that waits goes on."""

    async def sleep(self, seconds: float) -> None:
        """Wait without end."""
        await asyncio.Event().wait()


class Nobody(Publisher):
    """A bus on which nobody listens."""

    async def publish(
        self, topic: str, value: bytes, key: bytes = b"", headers: Mapping[str, bytes] | None = None
    ) -> None:
        """Forget it."""

    async def close(self) -> None:
        """Nothing to release."""


def consumer(world: World, clock: OwnClock) -> SignalConsumer:
    """Those of a world in memory; nobody is woken."""
    watch = Watch(world.runners[next(iter(world.runners))], Nobody(), Feed([]), 1.0, lambda _: None)
    return SignalConsumer(world.scout, world, world.opener, watch, clock, listening(world), world.hold_feed)


async def probed(world: World, ours: SignalConsumer, seconds: float) -> dict[str, int]:
    """Let Scout probe for a while: how often it asked each service."""
    asked = dict.fromkeys(world.config.services, 0)

    def count(target: str) -> None:
        asked[target.removeprefix("http://").partition(":")[0]] += 1

    world.asked, until = count, world.clock.now() + int(seconds * SECOND)
    task = asyncio.ensure_future(ours.probe_forever())
    while world.clock.now() < until:
        await asyncio.sleep(0)
    task.cancel()
    return asked


async def test_a_service_that_is_out_is_probed_more_often_until_it_answers_and_the_others_as_ever() -> None:
    world = World()
    ours = consumer(world, Yielding(world.clock))
    assert set((await probed(world, ours, 5)).values()) == {20}

    world.dead.add(POLICY)
    world.board[POLICY].end(world.clock.now(), "it has ended")
    asked = await probed(world, ours, 5)
    assert 90 <= asked.pop(POLICY) <= 110
    assert set(asked.values()) <= {20, 21}

    world.dead.discard(POLICY)
    await probed(world, ours, 1)
    assert not world.board[POLICY].firing
    assert set((await probed(world, ours, 5)).values()) <= {20, 21}


async def test_what_the_runtime_says_is_opened_without_waiting_for_the_next_evaluation() -> None:
    world = World()
    for _ in range(4):
        await world.clock.sleep(0.25)
    ours = consumer(world, Standing(world.clock))
    ends = EndFeed(world.config.services, world.board, world.clock, ours.due.set)
    task = asyncio.ensure_future(ours.open_forever(lambda: True))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not await world.incidents.open_cases()

    world.dead.add(POLICY)
    ends.take(Died(POLICY, "1:running", world.clock.now(), -9, planned=False))
    for _ in range(100):
        await asyncio.sleep(0)
    task.cancel()
    (case,) = await world.incidents.open_cases()
    assert case.chain[0].fact.at == case.detection.symptoms[0].since == world.clock.now()
