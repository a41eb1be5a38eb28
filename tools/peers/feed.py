"""Hands the spans that the application's telemetry puts on the bus to the peers' Collector, byte for byte.

Scout reads the same records: both see the same traffic, a few milliseconds apart.
"""

import threading

import httpx
from confluent_kafka import Consumer, KafkaException, TopicPartition

from sre_space.codec.topics import SPANS

POLL_S = 0.2
HEADERS = {"content-type": "application/x-protobuf"}


class Feed:
    """A thread between entering and leaving; `failure` is why it ended before, None while it works."""

    def __init__(self, bus: str, collector: str) -> None:
        self._bus, self._url = bus, f"{collector}/v1/traces"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run_or_fail)
        self.failure: Exception | None = None

    def __enter__(self) -> "Feed":
        """Begin with the newest records."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._ended.set()
        self._thread.join()

    def _run_or_fail(self) -> None:
        try:
            self._run()
        except (KafkaException, httpx.HTTPError) as error:
            self.failure = error

    def _run(self) -> None:
        consumer = Consumer({"bootstrap.servers": self._bus, "group.id": "unused", "enable.auto.commit": False})
        partitions = consumer.list_topics(SPANS, timeout=10).topics[SPANS].partitions
        ends = [consumer.get_watermark_offsets(TopicPartition(SPANS, number), timeout=10)[1] for number in partitions]
        consumer.assign([TopicPartition(SPANS, *place) for place in zip(partitions, ends, strict=True)])
        with httpx.Client(trust_env=False, timeout=5) as client:
            while not self._ended.is_set():
                message = consumer.poll(POLL_S)
                if message is not None and message.error() is None:
                    client.post(self._url, content=message.value() or b"", headers=HEADERS).raise_for_status()
        consumer.close()
