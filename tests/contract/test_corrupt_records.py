"""Corrupt records on the wire: what our broker and Apache Kafka refuse, and what consumers make of what is damaged."""

import asyncio
import json
import secrets
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from support.altering import altering
from support.batches import batch, flipped, record, sealed
from support.damage import Damage, damage_file
from support.servers import Bus

from sre_space.adapters.kafka import KafkaHistory, KafkaPublisher, KafkaSubscription

CORRUPT, TOO_LARGE, INVALID_TIMESTAMP, INVALID_RECORD = 2, 10, 32, 87
REFUSED = {
    "a bit of the checksum": (CORRUPT, flipped(batch(), 8 * 18)),
    "a bit of the attributes": (CORRUPT, flipped(batch(), 8 * 22)),
    "a bit of a record": (CORRUPT, flipped(batch(), 8 * 70)),
    "format 1": (INVALID_RECORD, batch(magic=1)),
    "format 3": (CORRUPT, batch(magic=3)),
    "nothing": (INVALID_RECORD, b""),
    "cut off": (INVALID_RECORD, batch()[:-3]),
    "a negative length": (CORRUPT, batch(length=-5)),
    "two batches": (INVALID_RECORD, batch() + batch()),
    "another count": (INVALID_RECORD, batch(2, payload=record(0))),
    "another last offset": (INVALID_RECORD, batch(last_delta=1)),
    "another base offset": (INVALID_RECORD, batch(base=5)),
    "control records": (INVALID_RECORD, batch(attributes=0x20)),
    "a record that runs out": (INVALID_RECORD, batch(1, payload=b"\x28\0\0\0\xc8\1" + b"x" * 15)),
    "two hours ahead": (INVALID_TIMESTAMP, batch(at=2**42)),
    "too large": (TOO_LARGE, batch(size=2**20 + 100)),
}


def made_topic(bus: Bus) -> str:
    """Create a topic of one partition, and return its name."""
    admin, name = AdminClient({"bootstrap.servers": bus.address}), f"t-{secrets.token_hex(4)}"
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(120)
    return name


def produced(address: str, topic: str, data: bytes) -> int:
    """Send bytes as the one record batch of a partition (Produce 7), and return the error code."""
    host, _, port = address.rpartition(":")
    name = struct.pack(">h", len(topic)) + topic.encode()
    body = struct.pack(">hhi", -1, -1, 5000) + struct.pack(">i", 1) + name + struct.pack(">iii", 1, 0, len(data)) + data
    request = struct.pack(">hhih", 0, 7, 1, -1) + body
    with socket.create_connection((host, int(port)), 10) as connection, connection.makefile("rb") as answers:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = answers.read(struct.unpack(">i", answers.read(4))[0])
    return int(struct.unpack_from(">h", answer, 8 + len(name) + 8)[0])


async def test_what_is_refused_has_kafkas_own_error_and_the_partition_goes_on(bus: Bus) -> None:
    name = made_topic(bus)
    for told, (code, data) in REFUSED.items():
        assert produced(bus.address, name, data) == code, told
    assert produced(bus.address, name, batch()) == 0

    assert await whole(bus.address, name) == [b"r" * 10]


async def whole(address: str, topic: str) -> list[bytes]:
    """Everything in a topic, by a client of somebody else."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, check_crcs=True)
    await consumer.start()
    try:
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        (end,) = (await consumer.end_offsets([place])).values()
        found: list[bytes] = []
        while await consumer.position(place) < end:
            batches = await consumer.getmany(place, timeout_ms=500)
            found += [one.value or b"" for several in batches.values() for one in several]
        return found
    finally:
        await consumer.stop()


async def read_from_the_start(address: str, topic: str, seconds: float = 30) -> list[bytes]:
    """Everything in a topic up to the record `last`, by our own adapter."""
    reader = KafkaSubscription(address, [topic], f"g-{secrets.token_hex(4)}", "earliest")
    found: list[bytes] = []
    try:
        async with asyncio.timeout(seconds):
            while b"last" not in found:
                found += [one.value for one in await reader.next(0.5)]
    finally:
        await reader.close()
    return found


async def publish(address: str, topic: str, values: list[bytes]) -> None:
    """One batch each."""
    publisher = KafkaPublisher(address)
    for value in values:
        await publisher.publish(topic, value)
    await publisher.close()


@pytest.mark.parametrize("damage", [Damage.FLIPPED, Damage.FIRST_BYTES, Damage.NOT_UTF8, Damage.CUT_SHORT])
async def test_consumers_go_past_what_a_disk_has_changed_and_hear_nothing_of_it(
    our_bus: Bus, tmp_path: Path, damage: Damage
) -> None:
    name = made_topic(our_bus)
    values = [b"%d" % number * 50 for number in range(30)]
    await publish(our_bus.address, name, values)
    our_bus.ours.kill()
    (file,) = (tmp_path / "bus" / "topics" / f"{name}-0").glob("*.log")
    damage_file(file, damage, seed=3)
    our_bus.ours.start()
    await publish(our_bus.address, name, [b"last"])

    for found in (
        await read_from_the_start(our_bus.address, name),
        await whole(our_bus.address, name),
        [one.value for one in await KafkaHistory(our_bus.address).window(name, 0, 2**62)],
    ):
        assert set(found) < {*values, b"last"}
        assert len(found) >= 25
        assert found[-1] == b"last"
    assert f"{name}-0" in our_bus.ours.log.read_text()


async def test_a_quiet_topic_whose_last_record_is_lost_is_read_to_its_end(our_bus: Bus, tmp_path: Path) -> None:
    name = made_topic(our_bus)
    await publish(our_bus.address, name, [b"one", b"two"])
    (file,) = (tmp_path / "bus" / "topics" / f"{name}-0").glob("*.log")
    content = file.read_bytes()
    with file.open("rb+") as handle:  # under the hands of the broker
        handle.write(flipped(content, len(content) * 8 - 30))

    found = await KafkaHistory(our_bus.address).window(name, 0, 2**62)

    assert [one.value for one in found] == [b"one"]
    await publish(our_bus.address, name, [b"last"])
    assert await read_from_the_start(our_bus.address, name) == [b"one", b"last"]


def _rewritten(answer: bytes, word: bytes, change: Callable[[bytearray, int, int], None]) -> bytes:
    """Each batch with a word in it changed, under a right checksum; `change` is told where batch and word begin."""
    found, at = bytearray(answer), answer.find(word)
    while at >= 0:
        begin = next(at - back for back in range(61, 120) if _begins_batch(answer, at - back))
        end = begin + 12 + int.from_bytes(answer[begin + 8 : begin + 12], "big")
        change(found, begin, at)
        found[begin:end] = sealed(bytes(found[begin:end]))
        at = answer.find(word, end)
    return bytes(found)


def _begins_batch(answer: bytes, at: int) -> bool:
    """Return whether a batch begins there: base offset and length as small as in these tests, and format 2."""
    base, length = struct.unpack_from(">qi", answer, at)
    return 0 <= base < 1000 and 49 <= length < 300 and answer[at + 16] == 2


def _in_gzip(found: bytearray, begin: int, _: int) -> None:
    found[begin + 22] = 1


def _no_text(found: bytearray, _: int, at: int) -> None:
    found[at : at + 4] = b"\xff\xfe\xfd\xfc"


def _other_bytes(answer: bytes) -> bytes:
    return answer.replace(b"bad", b"BAD")


def _cannot_unpack(answer: bytes) -> bytes:
    return _rewritten(answer, b"bad", _in_gzip)


@pytest.mark.parametrize("alter", [_other_bytes, _cannot_unpack])
async def test_consumers_of_a_broker_that_hands_out_damage_say_it_and_go_past_it(
    tmp_path: Path, alter: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    values = [b"bad" if number in (3, 4, 5, 9) else b"good %d" % number for number in range(10)]
    with altering(tmp_path, alter) as address:
        await publish(address, "sre_facts", [*values, b"last"])

        found = await read_from_the_start(address, "sre_facts")
        window = await KafkaHistory(address).window("sre_facts", 0, 2**62)

    good = [value for value in values if value != b"bad"]
    assert found == [*good, b"last"]
    assert [one.value for one in window] == [*good, b"last"]
    told = [line for line in caplog.messages if "sre_facts-0: the batch at offset" in line]
    assert 4 <= len(told) <= 12


async def test_a_header_whose_name_is_no_text_costs_the_headers_of_its_record_alone(tmp_path: Path) -> None:
    """Many of them: the crash of confluent-kafka comes with the tenth or so, when Python has optimized the call."""

    async def story(address: str) -> tuple[list[bytes], list[bytes]]:
        publisher = KafkaPublisher(address)
        for _ in range(40):
            await publisher.publish("sre_facts", b"odd", headers={"name": b"value"})
        await publisher.publish("sre_facts", b"last", headers={"other": b"value"})
        await publisher.close()
        window = await KafkaHistory(address).window("sre_facts", 0, 2**62)
        assert [one.headers for one in window] == [{}] * 40 + [{"other": b"value"}]
        return await read_from_the_start(address, "sre_facts"), [one.value for one in window]

    with altering(tmp_path, lambda answer: _rewritten(answer, b"name", _no_text)) as address:
        assert await story(address) == ([*[b"odd"] * 40, b"last"], [*[b"odd"] * 40, b"last"])


def test_a_client_is_told_what_was_wrong_and_the_log_too(our_bus: Bus) -> None:
    name = made_topic(our_bus)

    assert produced(our_bus.address, name, flipped(batch(), 8 * 70)) == CORRUPT

    assert f"for {name}-0 is rejected: the checksum of a record batch is wrong" in our_bus.ours.log.read_text()


@pytest.mark.parametrize("damage", [one for one in Damage if one is not Damage.UNREADABLE])
async def test_the_broker_starts_whatever_became_of_its_committed_offsets(
    our_bus: Bus, tmp_path: Path, damage: Damage
) -> None:
    name = made_topic(our_bus)
    await publish(our_bus.address, name, [b"first", b"last"])
    await _committed(our_bus.address, name)
    our_bus.ours.kill(signal.SIGTERM)
    damage_file(tmp_path / "bus" / "offsets.jsonl", damage)

    our_bus.ours.start()

    await _committed(our_bus.address, name)
    lines = (tmp_path / "bus" / "offsets.jsonl").read_text().splitlines()
    assert all(len(json.loads(line)) == 5 for line in lines)


async def _committed(address: str, topic: str) -> None:
    reader = KafkaSubscription(address, [topic], "a-group", "earliest")
    await reader.next(2.0)
    await reader.commit()
    await reader.close()


def test_our_consumers_check_what_they_are_given() -> None:
    """Wherever a consumer of librdkafka is made, checksums are compared."""
    root = Path(__file__).resolve().parents[2]
    made = [
        (path.relative_to(root), place)
        for folder in ("src", "libs", "apps", "chaos/src", "evaluation/src")
        for path in (root / folder).rglob("*.py")
        for place in path.read_text().split(" Consumer(")[1:]
    ]
    assert made
    assert [str(path) for path, place in made if "_CHECKED" not in place.partition(")")[0]] == []
