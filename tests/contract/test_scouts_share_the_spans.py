"""Two Scouts on a real bus: they split the partitions, one judges what both saw, and the death of one loses nothing."""

import asyncio
import secrets
from time import time_ns

from confluent_kafka import Consumer, TopicPartition
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.announcing import listening
from support.servers import Bus
from support.world import World

from sre_space.adapters.kafka import KafkaPublisher, KafkaSubscription
from sre_space.adapters.system_clock import SystemClock
from sre_space.analysis.sketch import Operation
from sre_space.domain.facts import Agent
from sre_space.domain.telemetry import SpanKind
from sre_space.loop.senses import SIGNALS, SPANS, Senses
from sre_space.loop.watch import Watch

SPANS_A_RECORD, RECORDS = 3, 120
LOOK_EVERY_S = 0.05


def export() -> bytes:
    """Some spans that policy-service serves now."""
    message, now = ExportTraceServiceRequest(), time_ns()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "policy-service"
    scope = resource.scope_spans.add()
    for _ in range(SPANS_A_RECORD):
        scope.spans.add(name="GET /x", kind=2, start_time_unix_nano=now - 1000, end_time_unix_nano=now)
    return message.SerializeToString()


def scout(bus: Bus) -> tuple[World, Senses]:
    """One Scout of a world in memory, with its own connection to the bus."""
    world, publisher = World(), KafkaPublisher(bus.address)
    nobody = KafkaSubscription(bus.address, [SIGNALS], None)
    watch = Watch(world.runners[Agent.SCOUT], publisher, nobody, 1.0, lambda _: None)
    senses = Senses(world.scout, world, world.opener, watch, world.forge, publisher, SystemClock(), listening(world))
    senses.caught_up.set()
    return world, senses


def counted(world: World) -> int:
    """Spans that the judge has merged."""
    watch = world.watchers.operations.watches.get(Operation("policy-service", SpanKind.SERVER, "GET /x"))
    return sum(sketch.count for sketch in watch.open.values()) if watch else 0


async def until(world: World, total: int) -> None:
    """Wait until so many spans are counted; more than that is a failure."""
    async with asyncio.timeout(60):
        while counted(world) < total:
            await asyncio.sleep(LOOK_EVERY_S)
    assert counted(world) == total


async def committed(bus: Bus, total: int) -> None:
    """Wait until the group's members have said of so many records that they are in frames."""
    asking = Consumer({"bootstrap.servers": bus.address, "group.id": "sre-scout"})
    partitions = [TopicPartition(SPANS, one) for one in asking.list_topics(SPANS, timeout=10).topics[SPANS].partitions]
    async with asyncio.timeout(60):
        while sum(max(0, one.offset) for one in await asyncio.to_thread(asking.committed, partitions, 10)) < total:
            await asyncio.sleep(LOOK_EVERY_S)
    asking.close()


def test_the_sketches_of_two_members_merge_exactly_also_after_one_of_them_died(our_bus: Bus) -> None:
    async def story() -> None:
        customers = KafkaPublisher(our_bus.address)
        (judging, first), (_, second) = scout(our_bus), scout(our_bus)
        members = [KafkaSubscription(our_bus.address, [SPANS], "sre-scout", "earliest") for _ in range(2)]
        judged = KafkaSubscription(our_bus.address, [SIGNALS], "sre-scout-judge", "earliest")
        work = [
            asyncio.ensure_future(first.sketch_for_ever(members[0])),
            asyncio.ensure_future(first.listen_for_ever(judged)),
            asyncio.ensure_future(second.sketch_for_ever(members[1])),
        ]
        async with asyncio.timeout(60):
            while not all(member.owns() for member in members):
                await asyncio.sleep(LOOK_EVERY_S)

        for _ in range(RECORDS):
            await customers.publish(SPANS, export(), key=secrets.token_bytes(4))
        await until(judging, RECORDS * SPANS_A_RECORD)

        await committed(our_bus, RECORDS)  # else the next member reads a part of a frame again (docs/detection.md)
        work.pop().cancel()
        await members[1].close()
        for _ in range(RECORDS):
            await customers.publish(SPANS, export(), key=secrets.token_bytes(4))
        await until(judging, 2 * RECORDS * SPANS_A_RECORD)

        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await asyncio.gather(members[0].close(), judged.close(), customers.close())

    asyncio.run(story())
