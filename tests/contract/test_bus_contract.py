"""`ports.bus` over its adapter, against our broker and, where there is one, Apache Kafka.

The past is read over the doubles too. Those of a subscription and of a publisher are scripts (`support/feeds.py`): they
keep the stories of a bus that is down, and no others.
"""

import asyncio
import json
import os
import secrets
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from io import BytesIO
from time import time_ns
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.protocol.api import RequestStruct
from aiokafka.protocol.fetch import FetchRequest_v4
from confluent_kafka import (
    OFFSET_INVALID,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.deaf import Deaf
from support.doubles import ADAPTER
from support.feeds import Past, Signals
from support.histories import MS, HistoryOf, dated
from support.servers import Bus
from support.waiting import until

from sre_space.adapters.kafka import KafkaHistory, KafkaPublisher, KafkaSubscription
from sre_space.adapters.kafka_topics import make_topics
from sre_space.codec.topics import SIGNALS
from sre_space.domain.errors import Refused, Unavailable
from sre_space.ports.bus import History, Publisher, Record, Subscription


def topic() -> str:
    """Return a new name for a topic of this test's own."""
    return f"t-{secrets.token_hex(4)}"


def made_topic(bus: Bus) -> str:
    """Create a topic of two partitions, and return its name."""
    admin, name = AdminClient({"bootstrap.servers": bus.address}), topic()
    admin.create_topics([NewTopic(name, 2, 1)])[name].result(120)
    return name


async def read(subscription: Subscription, count: int) -> list[Record]:
    """Return the next `count` records or more; fewer when they do not come in 60 polls."""
    found: list[Record] = []
    for _ in range(60):
        found += await subscription.next(0.5)
        if len(found) >= count:
            break
    return found


async def test_a_reader_without_a_group_sees_what_comes_after_it_and_nothing_before(bus: Bus) -> None:
    name, publisher = topic(), KafkaPublisher(bus.address)
    await publisher.publish(name, b"before")
    reader = KafkaSubscription(bus.address, [name], None)
    await reader.next(0.1)
    await publisher.publish(name, b"after", key=b"k", headers={"traceparent": b"00-1"})
    found = await read(reader, 1)
    await reader.close()
    await publisher.close()
    (record,) = found
    assert (record.value, record.key, record.headers) == (b"after", b"k", {"traceparent": b"00-1"})
    assert abs(record.at - time_ns()) < 60 * 10**9


async def test_a_group_goes_on_where_it_committed(bus: Bus) -> None:
    name, group, publisher = topic(), f"g-{secrets.token_hex(4)}", KafkaPublisher(bus.address)
    for number in range(10):
        await publisher.publish(name, b"%d" % number, key=b"one partition")
    first = KafkaSubscription(bus.address, [name], group, "earliest")
    assert len(await read(first, 10)) == 10
    await first.commit()
    await first.close()
    await publisher.publish(name, b"new", key=b"one partition")
    second = KafkaSubscription(bus.address, [name], group, "earliest")
    found = await read(second, 1)
    await second.close()
    await publisher.close()
    assert [record.value for record in found] == [b"new"]


async def test_two_members_of_a_group_share_the_partitions(bus: Bus) -> None:
    name, group, publisher = topic(), f"g-{secrets.token_hex(4)}", KafkaPublisher(bus.address)
    await publisher.publish(name, b"warm")
    members = [KafkaSubscription(bus.address, [name], group, "earliest") for _ in range(2)]
    seen: tuple[list[bytes], list[bytes]] = ([], [])
    wanted = set[bytes]()
    for number in range(200):
        wanted.add(b"%d" % number)
        await publisher.publish(name, b"%d" % number, key=secrets.token_bytes(4))
        for mine, member in zip(seen, members, strict=True):
            mine += [record.value for record in await member.next(0.02)]
    while not wanted <= {*seen[0], *seen[1]}:
        for mine, member in zip(seen, members, strict=True):
            mine += [record.value for record in await member.next(0.2)]
    await asyncio.gather(*(member.close() for member in members))
    await publisher.close()
    one, other = seen
    assert one
    assert other


async def test_history_gives_a_window_by_time(bus: Bus) -> None:
    name, publisher = topic(), KafkaPublisher(bus.address)
    await publisher.publish(name, b"old")
    await asyncio.sleep(0.01)  # record times are milliseconds: the window's edge must differ
    since = time_ns()
    await asyncio.sleep(0.01)
    for number in range(5):
        await publisher.publish(name, b"%d" % number)
    await publisher.close()
    found = await KafkaHistory(bus.address).window(name, since, time_ns() + 10**9)
    assert sorted(record.value for record in found) == [b"0", b"1", b"2", b"3", b"4"]


SUBSCRIPTIONS: dict[str, Callable[[], Subscription]] = {
    ADAPTER: lambda: KafkaSubscription("127.0.0.1:1", ["t"], None), "deaf": Deaf,
}  # fmt: skip
HISTORIES: dict[str, Callable[[], History]] = {
    ADAPTER: lambda: KafkaHistory("127.0.0.1:1"), "past": lambda: Past([], refusals=1),
}  # fmt: skip
PUBLISHERS: dict[str, Callable[[], Publisher]] = {
    ADAPTER: lambda: KafkaPublisher("127.0.0.1:1"), "deaf": Deaf, "signals": lambda: Signals(refusals=1),
}  # fmt: skip


@pytest.mark.parametrize("name", SUBSCRIPTIONS)
async def test_a_bus_that_is_down_looks_empty(name: str) -> None:
    reader = SUBSCRIPTIONS[name]()
    assert list(await reader.next(0.1)) == []
    await reader.commit()
    await reader.close()
    await reader.close()


@pytest.mark.parametrize("name", HISTORIES)
async def test_the_past_of_a_bus_that_is_down_is_unavailable(name: str) -> None:
    with pytest.raises(Unavailable):
        await HISTORIES[name]().window("t", 0, 1)


@pytest.mark.parametrize("name", PUBLISHERS)
async def test_what_a_bus_that_is_down_does_not_acknowledge_is_unavailable(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sre_space.adapters.kafka.ACKNOWLEDGED_WITHIN_S", 0.5)
    publisher = PUBLISHERS[name]()
    with pytest.raises(Unavailable):
        await publisher.publish(SIGNALS, b"x", key=b"k", headers={"h": b"v"})
    await publisher.close()
    await publisher.close()


async def test_three_kills_in_mid_stream_lose_nothing_and_double_nothing(our_bus: Bus) -> None:
    """With an idempotent producer that keeps sending while the broker is killed and restarted."""
    name, acknowledged = topic(), list[bytes]()
    producer = Producer({"bootstrap.servers": our_bus.address, "enable.idempotence": True, "log_level": 0})

    def report(error: object, message: Message) -> None:
        if error is None:
            acknowledged.append(message.value() or b"")

    for number in range(3000):
        producer.produce(name, b"%d" % number, on_delivery=report)
        producer.poll(0)
        if number % 1000 == 500:
            producer.poll(0.05)
            our_bus.ours.kill()
            our_bus.ours.start()
    assert producer.flush(120) == 0
    stored = await KafkaHistory(our_bus.address).window(name, 0, time_ns() + 10**9)

    assert len(acknowledged) == 3000
    assert sorted(record.value for record in stored) == sorted(acknowledged)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_every_compression_is_carried(bus: Bus, codec: str) -> None:
    name = topic()
    producer = Producer({"bootstrap.servers": bus.address, "compression.type": codec, "linger.ms": 50})
    for number in range(50):
        producer.produce(name, b"x" * 200 + b"%d" % number)
    assert producer.flush(120) == 0

    assert len(await KafkaHistory(bus.address).window(name, 0, time_ns() + 10**9)) == 50


async def test_aiokafka_a_foreign_client_produces_and_consumes_in_a_group(bus: Bus) -> None:
    async def story() -> list[bytes | None]:
        name = topic()
        async with AIOKafkaProducer(bootstrap_servers=bus.address, enable_idempotence=True) as producer:
            for number in range(20):
                await producer.send_and_wait(name, b"%d" % number)
        consumer = AIOKafkaConsumer(
            name, bootstrap_servers=bus.address, group_id=f"g-{name}", auto_offset_reset="earliest"
        )
        async with consumer:
            return [(await consumer.getone()).value for _ in range(20)]

    assert len(await story()) == 20


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed (apt-get install kcat)")
def test_kcat_lists_produces_and_reads(bus: Bus) -> None:
    name = topic()
    subprocess.run(["kcat", "-b", bus.address, "-P", "-t", name], input=b"hello\n", check=True, capture_output=True)
    read = subprocess.run(["kcat", "-b", bus.address, "-C", "-t", name, "-e", "-q"], check=True, capture_output=True)
    listed = subprocess.run(["kcat", "-b", bus.address, "-L", "-J"], check=True, capture_output=True)

    assert read.stdout == b"hello\n"
    assert name in {one["topic"] for one in json.loads(listed.stdout)["topics"]}


def test_a_topic_that_was_only_validated_is_not_made(bus: Bus) -> None:
    admin, name = AdminClient({"bootstrap.servers": bus.address}), topic()
    admin.create_topics([NewTopic(name, 2, 1)], validate_only=True)[name].result(120)

    assert name not in admin.list_topics(timeout=120).topics


def test_a_topic_that_cannot_be_made_is_refused_for_kafkas_reason(bus: Bus) -> None:
    admin, name = AdminClient({"bootstrap.servers": bus.address}), made_topic(bus)

    def refusal(asked: NewTopic) -> int:
        with pytest.raises(KafkaException) as caught:
            admin.create_topics([asked])[asked.topic].result(120)
        return int(caught.value.args[0].code())

    assert refusal(NewTopic(name, 2, 1)) == KafkaError.TOPIC_ALREADY_EXISTS
    assert refusal(NewTopic(topic(), 2, 3)) == KafkaError.INVALID_REPLICATION_FACTOR
    for unfit in ("a b", "..", "x" * 250):
        assert refusal(NewTopic(unfit, 2, 1)) == KafkaError.TOPIC_EXCEPTION


def test_a_record_of_more_than_a_mebibyte_is_refused_and_those_around_it_are_taken(bus: Bus) -> None:
    name, told = topic(), list[int | None]()
    client = {"bootstrap.servers": bus.address, "message.max.bytes": 4_000_000, "batch.size": 1, "linger.ms": 0}
    producer = Producer({**client, "enable.idempotence": True})

    def report(error: KafkaError | None, _: Message) -> None:
        told.append(error.code() if error else None)

    for size in (10, 1_000_000, 1_100_000, 10):
        producer.produce(name, b"x" * size, partition=0, on_delivery=report)
        assert producer.flush(120) == 0

    assert told == [None, None, KafkaError.MSG_SIZE_TOO_LARGE, None]


@pytest.mark.parametrize(("value", "key"), [(b"x" * 1_100_000, b""), (b"x", b"k" * 1_100_000)])
async def test_what_the_bus_will_never_take_is_refused_and_the_next_record_is_taken(
    bus: Bus, value: bytes, key: bytes
) -> None:
    mine, publisher = topic(), KafkaPublisher(bus.address)
    await publisher.publish(mine, b"before")
    with pytest.raises(Refused, match=bus.address):
        await publisher.publish(mine, value, key=key)
    await publisher.publish(mine, b"after")
    await publisher.close()
    assert sorted([one.value for one in await KafkaHistory(bus.address).window(mine, 0, time_ns() + 10**9)]) == [
        b"after",
        b"before",
    ]


async def test_a_record_that_the_client_takes_and_the_broker_does_not_is_refused_too(bus: Bus) -> None:
    mine, publisher = topic(), KafkaPublisher(bus.address)
    wide = {"message.max.bytes": 4_000_000, "enable.idempotence": True, "linger.ms": 0}
    publisher._producer = Producer({"bootstrap.servers": bus.address, **wide})
    with pytest.raises(Refused, match="1100000 bytes"):
        await publisher.publish(mine, b"x" * 1_100_000)
    await publisher.publish(mine, b"after")
    await publisher.close()


async def test_a_record_dated_tomorrow_is_refused_and_one_dated_ahead_hides_none_that_come_after_it(bus: Bus) -> None:
    now = time_ns() // 10**6
    name = topic()

    told = dated(bus, name, [now, now + 86_400_000, now + 60_000, 1000, now + 1])
    found = await KafkaHistory(bus.address).window(name, (now - 5000) * 10**6, (now + 5000) * 10**6)

    assert told == [None, KafkaError.INVALID_TIMESTAMP, None, None, None]
    assert [record.value for record in found] == [b"0", b"4"]


async def test_a_window_begins_with_its_begin_ends_before_its_end_and_goes_by_time(history_of: HistoryOf) -> None:
    now, name = time_ns() // MS, topic()
    history = history_of(name, [now + 3, now + 1, now, now + 2, now + 4])

    found = await history.window(name, (now + 1) * MS, (now + 4) * MS)

    assert [(one.topic, one.at, one.value) for one in found] == [
        (name, (now + 1) * MS, b"1"), (name, (now + 2) * MS, b"3"), (name, (now + 3) * MS, b"0"),
    ]  # fmt: skip
    assert list(await history.window(name, 0, now * MS)) == []


async def test_a_record_that_is_dated_otherwise_hides_none_around_it(history_of: HistoryOf) -> None:
    now, name = time_ns() // MS, topic()
    history = history_of(name, [now, now + 60_000, 1000, now + 1])

    found = await history.window(name, (now - 5000) * MS, (now + 5000) * MS)

    assert [record.value for record in found] == [b"0", b"3"]


async def test_of_more_records_than_asked_for_those_outside_of_the_window_do_not_count(history_of: HistoryOf) -> None:
    now, name = time_ns() // MS, topic()
    history = history_of(name, [now + 60_000, *(1000 + number for number in range(5)), now, now + 1, now + 2])

    found = await history.window(name, (now - 5000) * MS, (now + 5000) * MS, limit=2)

    assert [record.value for record in found] == [b"6", b"7"]


def test_an_offset_of_a_partition_that_is_not_there_is_not_committed(bus: Bus) -> None:
    name = made_topic(bus)
    consumer = Consumer({"bootstrap.servers": bus.address, "group.id": f"g-{name}", "log_level": 0})
    asked = [TopicPartition(name, number) for number in (0, 7)]

    def committed() -> list[int]:
        with pytest.raises(KafkaException) as caught:
            consumer.commit(offsets=[TopicPartition(name, number, 0) for number in (0, 7)], asynchronous=False)
        assert caught.value.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
        return [one.offset for one in consumer.committed(asked, timeout=120)]

    try:
        assert until(lambda: committed() == [0, OFFSET_INVALID], "the one that is there is committed")
    finally:
        consumer.close()


def test_a_fetch_with_an_error_or_nothing_to_wait_for_is_answered_at_once(bus: Bus) -> None:
    """Each asks to wait for ten minutes; only a wrong answer would."""
    name = made_topic(bus)

    def fetched(topics: list[tuple[str, list[tuple[int, int, int]]]]) -> list[int]:
        answer = asked(bus.address, FetchRequest_v4(-1, 600_000, 1, 10**6, 0, topics))
        return [error for _, partitions in answer.topics for _, error, *_ in partitions]

    unknown, beyond = KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.OFFSET_OUT_OF_RANGE
    until(lambda: fetched([(name, [(0, 5, 100), (1, 5, 100)])]) == [beyond, beyond], "both partitions have a leader")
    assert fetched([(name, [(7, 0, 100)])]) == [unknown]
    assert fetched([(topic(), [(0, 0, 100)])]) == [unknown]
    assert fetched([(name, [(0, 0, 100), (1, 5, 100)])]) == [0, beyond]
    assert fetched([]) == []


def asked(address: str, request: RequestStruct) -> Any:  # noqa: ANN401 - aiokafka's own type of answer
    """One raw request on a connection of its own."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=120) as connection, connection.makefile("rb") as answers:
        whole = struct.pack(">hhih", request.API_KEY, request.API_VERSION, 7, -1) + request.encode()
        connection.sendall(struct.pack(">i", len(whole)) + whole)
        (size,) = struct.unpack(">i", answers.read(4))
        return request.RESPONSE_TYPE.decode(BytesIO(answers.read(size)[4:]))


def test_a_transaction_is_refused_at_once_and_for_good(our_bus: Bus) -> None:
    producer = Producer({"bootstrap.servers": our_bus.address, "transactional.id": "t", "log_level": 0})
    with pytest.raises(KafkaException) as caught:
        producer.init_transactions(60)

    assert caught.value.args[0].fatal()


def test_a_group_is_listed_as_long_as_its_offsets_are_kept(our_bus: Bus) -> None:
    consumer = Consumer({"bootstrap.servers": our_bus.address, "group.id": "kept", "log_level": 0})
    admin, name = AdminClient({"bootstrap.servers": our_bus.address, "log_level": 0}), topic()
    make_topics(our_bus.address, [name])
    consumer.commit(offsets=[TopicPartition(name, 0, 3)], asynchronous=False)
    consumer.close()
    our_bus.ours.kill()
    our_bus.ours.start()

    assert "kept" in {one.group_id for one in admin.list_consumer_groups(request_timeout=120).result().valid}
    assert admin.describe_consumer_groups(["kept"], request_timeout=120)["kept"].result().state.name == "EMPTY"


def test_topics_of_the_loop_have_one_partition(our_bus: Bus) -> None:
    admin = AdminClient({"bootstrap.servers": our_bus.address})
    KafkaSubscription(our_bus.address, ["sre_facts"], None)
    names = ("sre_signals", "sre_facts", "changes", "otlp_spans")
    partitions = {name: len(admin.list_topics(name, timeout=120).topics[name].partitions) for name in names}

    assert partitions == {"sre_signals": 1, "sre_facts": 1, "changes": 1, "otlp_spans": 4}


def test_random_bytes_close_their_connection_and_disturb_nobody(our_bus: Bus) -> None:
    host, port = our_bus.address.split(":")
    admin = AdminClient({"bootstrap.servers": our_bus.address})

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=200), st.integers(0, 25), st.integers(0, 12))
    def send(body: bytes, key: int, version: int) -> None:
        request = struct.pack(">hhi", key, version, 7) + body
        with socket.create_connection((host, int(port)), timeout=120) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                continue

    send()

    assert admin.list_topics(timeout=120).brokers


def test_a_port_in_use_ends_the_process_with_one_sentence(our_bus: Bus) -> None:
    environment = {**os.environ, **our_bus.ours.environment}
    second = subprocess.run(our_bus.ours.command, env=environment, capture_output=True, text=True, check=False)

    assert second.returncode == 1
    assert second.stderr.strip() == f"bus: port {our_bus.address.split(':')[1]} is in use; set BUS_PORT to another"


def test_no_thread_is_left_by_a_closed_publisher(our_bus: Bus) -> None:
    async def published() -> None:
        publisher = KafkaPublisher(our_bus.address)
        await publisher.publish(topic(), b"x")
        await publisher.close()
        await publisher.close()

    before = threading.active_count()
    asyncio.run(published())  # a loop of its own, which ends its threads

    assert threading.active_count() <= before + 1
