"""Histories that hold given records: the bus, and the doubles that unit tests stand on."""

from collections.abc import Callable, Mapping, Sequence

from confluent_kafka import KafkaError, Message, Producer
from support.evidence import Topics
from support.feeds import Past
from support.servers import Bus

from sre_space.adapters.kafka import KafkaHistory
from sre_space.ports.bus import History, Record

MS = 10**6
HistoryOf = Callable[[str, Sequence[int]], History]  # of a topic's records with these times (ms): b"0", b"1" ...


def dated(bus: Bus, name: str, times: Sequence[int]) -> list[int | None]:
    """Produce records to partition 0, with these times as their sender's (Unix ms); return the error of each."""
    told: list[int | None] = []
    producer = Producer({"bootstrap.servers": bus.address, "linger.ms": 0, "batch.num.messages": 1})

    def report(error: KafkaError | None, _: Message) -> None:
        told.append(error.code() if error else None)

    for number, at in enumerate(times):
        producer.produce(name, b"%d" % number, partition=0, timestamp=at, on_delivery=report)
        assert producer.flush(120) == 0
    return told


def on(bus: Bus) -> HistoryOf:
    """Of a broker."""

    def held(topic: str, times: Sequence[int]) -> History:
        assert dated(bus, topic, times) == [None] * len(times)
        return KafkaHistory(bus.address)

    return held


def _topics(topic: str, times: Sequence[int]) -> History:
    topics = Topics()
    for number, at in enumerate(times):
        topics.add(topic, at * MS, b"%d" % number)
    return topics


def _past(topic: str, times: Sequence[int]) -> History:
    return Past([Record(topic, 0, number, at * MS, b"%d" % number) for number, at in enumerate(times)])


DOUBLES: Mapping[str, HistoryOf] = {"topics": _topics, "past": _past}
