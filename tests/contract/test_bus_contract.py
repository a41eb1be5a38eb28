"""`ports.bus` over its adapter, against our broker and, where there is one, Apache Kafka."""

import asyncio
import json
import os
import secrets
import shutil
import socket
import struct
import subprocess
import threading
from time import time_ns

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import Message, Producer
from confluent_kafka.admin import AdminClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.servers import Bus

from sre_space.adapters.kafka import KafkaHistory, KafkaPublisher, KafkaSubscription
from sre_space.domain.errors import Unavailable
from sre_space.ports.bus import Record, Subscription


def topic() -> str:
    """A topic of this test's own."""
    return f"t-{secrets.token_hex(4)}"


async def read(subscription: Subscription, count: int) -> list[Record]:
    """The next `count` records."""
    found: list[Record] = []
    for _ in range(60):
        found += await subscription.next(0.5)
        if len(found) >= count:
            break
    return found


def test_a_reader_without_a_group_sees_what_comes_after_it_and_nothing_before(bus: Bus) -> None:
    async def story() -> list[Record]:
        name, publisher = topic(), KafkaPublisher(bus.address)
        await publisher.publish(name, b"before")
        reader = KafkaSubscription(bus.address, [name], None)
        await reader.next(0.1)
        await publisher.publish(name, b"after", key=b"k", headers={"traceparent": b"00-1"})
        found = await read(reader, 1)
        await reader.close()
        await publisher.close()
        return found

    (record,) = asyncio.run(story())
    assert (record.value, record.key, record.headers) == (b"after", b"k", {"traceparent": b"00-1"})
    assert abs(record.at - time_ns()) < 60 * 10**9


def test_a_group_goes_on_where_it_committed(bus: Bus) -> None:
    async def story() -> list[bytes]:
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
        return [record.value for record in found]

    assert asyncio.run(story()) == [b"new"]


def test_two_members_of_a_group_share_the_partitions(bus: Bus) -> None:
    async def story() -> tuple[list[bytes], list[bytes]]:
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
        return seen

    one, other = asyncio.run(story())
    assert one
    assert other


def test_history_gives_a_window_by_time(bus: Bus) -> None:
    async def story() -> list[bytes]:
        name, publisher = topic(), KafkaPublisher(bus.address)
        await publisher.publish(name, b"old")
        await asyncio.sleep(0.01)  # record times are milliseconds: the window's edge must differ
        since = time_ns()
        await asyncio.sleep(0.01)
        for number in range(5):
            await publisher.publish(name, b"%d" % number)
        await publisher.close()
        found = await KafkaHistory(bus.address).window(name, since, time_ns() + 10**9)
        return sorted(record.value for record in found)  # a millisecond holds several, in any order

    assert asyncio.run(story()) == [b"0", b"1", b"2", b"3", b"4"]


def test_a_bus_that_is_down_is_unavailable_and_looks_empty() -> None:
    async def story() -> None:
        reader = KafkaSubscription("127.0.0.1:1", ["t"], None)
        assert await reader.next(0.1) == []
        assert not await reader.alive()
        await reader.close()
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
            await KafkaHistory("127.0.0.1:1").window("t", 0, 1)

    asyncio.run(story())


def test_three_kills_in_mid_stream_lose_nothing_and_double_nothing(our_bus: Bus) -> None:
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
    assert producer.flush(30) == 0
    stored = asyncio.run(KafkaHistory(our_bus.address).window(name, 0, time_ns() + 10**9))

    assert len(acknowledged) == 3000
    assert sorted(record.value for record in stored) == sorted(acknowledged)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_compression_is_carried(bus: Bus, codec: str) -> None:
    name = topic()
    producer = Producer({"bootstrap.servers": bus.address, "compression.type": codec, "linger.ms": 50})
    for number in range(50):
        producer.produce(name, b"x" * 200 + b"%d" % number)
    assert producer.flush(10) == 0

    assert len(asyncio.run(KafkaHistory(bus.address).window(name, 0, time_ns() + 10**9))) == 50


def test_aiokafka_a_foreign_client_produces_and_consumes_in_a_group(bus: Bus) -> None:
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

    assert len(asyncio.run(story())) == 20


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed (apt-get install kcat)")
def test_kcat_lists_produces_and_reads(bus: Bus) -> None:
    name = topic()
    subprocess.run(["kcat", "-b", bus.address, "-P", "-t", name], input=b"hello\n", check=True, capture_output=True)
    read = subprocess.run(["kcat", "-b", bus.address, "-C", "-t", name, "-e", "-q"], check=True, capture_output=True)
    listed = subprocess.run(["kcat", "-b", bus.address, "-L", "-J"], check=True, capture_output=True)

    assert read.stdout == b"hello\n"
    assert name in {one["topic"] for one in json.loads(listed.stdout)["topics"]}


def test_topics_of_the_loop_have_one_partition(our_bus: Bus) -> None:
    admin = AdminClient({"bootstrap.servers": our_bus.address})
    KafkaSubscription(our_bus.address, ["sre_facts"], None)
    names = ("sre_signals", "sre_facts", "changes", "otlp_spans")
    partitions = {name: len(admin.list_topics(name, timeout=5).topics[name].partitions) for name in names}

    assert partitions == {"sre_signals": 1, "sre_facts": 1, "changes": 1, "otlp_spans": 4}


def test_random_bytes_close_their_connection_and_disturb_nobody(our_bus: Bus) -> None:
    host, port = our_bus.address.split(":")
    admin = AdminClient({"bootstrap.servers": our_bus.address})

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=200), st.integers(0, 25), st.integers(0, 12))
    def send(body: bytes, key: int, version: int) -> None:
        request = struct.pack(">hhi", key, version, 7) + body
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                continue

    send()

    assert admin.list_topics(timeout=5).brokers


def test_a_port_in_use_ends_the_process_with_one_sentence(our_bus: Bus) -> None:
    environment = {**os.environ, **our_bus.ours.environment}
    second = subprocess.run(our_bus.ours.command, env=environment, capture_output=True, text=True, check=False)

    assert second.returncode == 2
    assert second.stderr.strip() == f"bus: port {our_bus.address.split(':')[1]} is in use; set BUS_PORT to another"


def test_no_thread_is_left_by_a_closed_publisher(our_bus: Bus) -> None:
    async def story() -> None:
        publisher = KafkaPublisher(our_bus.address)
        await publisher.publish(topic(), b"x")
        await publisher.close()
        await publisher.close()

    before = threading.active_count()
    asyncio.run(story())

    assert threading.active_count() <= before + 1
