"""Two Scouts on a real bus: they split the partitions, one judges what both saw, and the death of one loses nothing."""

import asyncio
import secrets
from time import time_ns

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.announcing import listening
from support.servers import Bus
from support.world import World

from sre_space.adapters.kafka import KafkaHistory, KafkaPublisher, KafkaSubscription
from sre_space.adapters.system_clock import SystemClock
from sre_space.analysis.statistics.sketch import Operation
from sre_space.codec.topics import SIGNALS, SPANS
from sre_space.domain.facts import Agent
from sre_space.domain.telemetry import SpanKind
from sre_space.feeds.losses import Losses
from sre_space.feeds.signal_consumer import SignalConsumer
from sre_space.feeds.sketching import Sketcher
from sre_space.loop.watch import Watch

SPANS_A_RECORD, RECORDS = 3, 120
LOOK_EVERY_S = 0.05


def export() -> bytes:
    """Return an export request of some spans that policy-service serves now."""
    message, now = ExportTraceServiceRequest(), time_ns()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "policy-service"
    scope = resource.scope_spans.add()
    for _ in range(SPANS_A_RECORD):
        scope.spans.add(name="GET /x", kind=2, start_time_unix_nano=now - 1000, end_time_unix_nano=now)
    return message.SerializeToString()


def judge(bus: Bus) -> tuple[World, SignalConsumer]:
    """Return a world in memory, and a signal consumer of its Scout on this bus."""
    world, publisher = World(), KafkaPublisher(bus.address)
    nobody = KafkaSubscription(bus.address, [SIGNALS], None)
    watch = Watch(world.runners[Agent.SCOUT], publisher, nobody, 1.0, lambda _: None)
    consumer = SignalConsumer(world.scout, world, world.opener, watch, SystemClock(), listening(world), world.hold_feed)
    consumer.caught_up.set()
    return world, consumer


def sketcher(bus: Bus) -> Sketcher:
    """Return a sketcher with its own connection to the bus."""
    return Sketcher(
        KafkaPublisher(bus.address), KafkaHistory(bus.address), SystemClock(), Losses(World().reporter, SystemClock())
    )


def counted(world: World) -> int:
    """Spans that the judge has merged."""
    watch = world.detectors.operations.watches.get(Operation("policy-service", SpanKind.SERVER, "GET /x"))
    return sum(sketch.count for sketch in watch.open.values()) if watch else 0


async def until(world: World, total: int) -> None:
    """Wait until so many spans are counted; more than that is a failure."""
    async with asyncio.timeout(60):
        while counted(world) < total:
            await asyncio.sleep(LOOK_EVERY_S)
    assert counted(world) == total


async def test_the_sketches_of_two_members_merge_exactly_also_after_one_of_them_died(our_bus: Bus) -> None:
    customers = KafkaPublisher(our_bus.address)
    judging, consumer = judge(our_bus)
    members = [KafkaSubscription(our_bus.address, [SPANS], "sre-scout", "earliest") for _ in range(2)]
    judged = KafkaSubscription(our_bus.address, [SIGNALS], "sre-scout-judge", "earliest")
    work = [
        asyncio.ensure_future(sketcher(our_bus).sketch_forever(members[0])),
        asyncio.ensure_future(consumer.listen_forever(judged)),
        asyncio.ensure_future(sketcher(our_bus).sketch_forever(members[1])),
    ]
    async with asyncio.timeout(60):
        while not all(member.owns() for member in members):
            await asyncio.sleep(LOOK_EVERY_S)

    for _ in range(RECORDS):
        await customers.publish(SPANS, export(), key=secrets.token_bytes(4))
    await until(judging, RECORDS * SPANS_A_RECORD)

    work.pop().cancel()
    await members[1].close()
    for _ in range(RECORDS):
        await customers.publish(SPANS, export(), key=secrets.token_bytes(4))
    await until(judging, 2 * RECORDS * SPANS_A_RECORD)

    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    await asyncio.gather(members[0].close(), judged.close(), customers.close())
