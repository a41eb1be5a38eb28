"""The bus has lost the newest records of its disk while producers live: each goes on, and none waits for ever."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, insert, select
from support.servers import Bus
from support.waiting import until

from service_kit.database import Base
from service_kit.outbox import OutboxEvent, Relay
from sre_embedded.servers.bus.batches import Batch, read_header
from sre_embedded.servers.telemetry.republish import Republisher
from sre_space.adapters.kafka import KafkaPublisher
from sre_space.domain.errors import Unavailable

TOPIC = "changes"  # of one partition


def last_batch(data: bytes) -> Batch:
    """Return the last batch of a file."""
    found, at = [], 0
    while at < len(data):
        found.append(read_header(data, at, at))
        at += found[-1].size
    return found[-1]


def without_the_last(data: bytes) -> bytes:
    """As a power cut leaves it: nothing shows that there was more."""
    return data[: last_batch(data).position]


def damaged_at_the_end(data: bytes) -> bytes:
    """Return the data with its last batch damaged; the broker finds the damage, and cuts that batch off."""
    return data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]


@pytest.fixture(params=[without_the_last, damaged_at_the_end])
def lose(request: pytest.FixtureRequest, our_bus: Bus, tmp_path: Path) -> Callable[[], None]:
    """Lose the last batch, and start the bus again."""

    def lost() -> None:
        our_bus.ours.kill()
        (file,) = (tmp_path / "bus" / "topics" / f"{TOPIC}-0").glob("*.log")
        file.write_bytes(request.param(file.read_bytes()))
        our_bus.ours.start()

    return lost


async def test_a_publisher(our_bus: Bus, lose: Callable[[], None]) -> None:
    async def story() -> None:
        publisher = KafkaPublisher(our_bus.address)
        for number in range(3):
            await publisher.publish(TOPIC, b"%d" % number)
        await asyncio.to_thread(lose)
        published = False
        while not published:
            try:
                await asyncio.gather(*(publisher.publish(TOPIC, b"again") for _ in range(3)))
                published = True
            except Unavailable:
                pass
        await publisher.close()

    await asyncio.wait_for(story(), 25)


def test_the_republisher(our_bus: Bus, lose: Callable[[], None], tmp_path: Path) -> None:
    republisher = Republisher(tmp_path / "spans.db", our_bus.address)
    for number in range(3):
        assert republisher._publish([(number, TOPIC, b"x")]) == [number]
    lose()

    until(lambda: republisher._publish([(7, TOPIC, b"x")]) == [7], "the bus takes it")


def test_the_outbox_of_a_service(our_bus: Bus, lose: Callable[[], None], tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    Base.metadata.create_all(engine)

    def add() -> None:
        with engine.begin() as transaction:
            transaction.execute(insert(OutboxEvent), {"topic": TOPIC, "key": "k", "headers": "{}", "body": "x"})
        relay.wake()

    def is_empty() -> bool:
        with engine.connect() as connection:
            return connection.execute(select(func.count(OutboxEvent.id))).scalar_one() == 0

    relay = Relay(engine, our_bus.address)
    relay.start()
    for _ in range(3):
        add()
        until(is_empty, "the bus has it")
    lose()
    add()
    until(is_empty, "the bus has what came after")
    relay.stop()
