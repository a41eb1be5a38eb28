"""The services' outbox on our bus: what the bus will never take is given up, and what comes after it is published."""

from pathlib import Path
from time import time_ns

from sqlalchemy import create_engine, func, insert, select
from support.servers import Bus
from support.waiting import until

from service_kit.database import Base
from service_kit.outbox import OutboxEvent, Relay
from sre_space.adapters.kafka import KafkaHistory


async def test_an_event_that_the_bus_will_never_take_does_not_hold_up_those_after_it(
    our_bus: Bus, tmp_path: Path
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    Base.metadata.create_all(engine)
    with engine.begin() as transaction:
        for body in ("before", "x" * 2_000_000, "after"):
            event = {"topic": "quote_requested", "key": "k", "headers": "{}", "body": body}
            transaction.execute(insert(OutboxEvent), event)
    relay = Relay(engine, our_bus.address)

    def is_empty() -> bool:
        with engine.connect() as connection:
            return connection.execute(select(func.count(OutboxEvent.id))).scalar_one() == 0

    relay.start()
    relay.wake()
    until(is_empty, "the outbox is empty")
    relay.stop()
    found = await KafkaHistory(our_bus.address).window("quote_requested", 0, time_ns() + 10**9)

    assert sorted(record.value for record in found) == [b"after", b"before"]
