"""A Kafka cluster, asked whether it serves and which of our topics it has: fulfils `ports.server_check.ServerCheck`."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource

from sre_space.codec.topics import ONE_PARTITION
from sre_space.domain.errors import Unavailable

TIMEOUT_S = 8.0
VERSIONS = ("metadata.version", "inter.broker.protocol.version")  # settings of a broker that name its release
_QUIET: dict[str, Any] = {"log_level": 0, "logger": logging.getLogger(__name__)}


@dataclass(frozen=True)
class KafkaCheck:
    """The cluster at `servers`, on which agents read `topics`."""

    servers: str
    topics: Sequence[str]

    async def ask(self) -> str:
        """Return its brokers and version, and which topics are not there yet; raise `Unavailable` without an answer."""
        return await asyncio.to_thread(self._ask)

    def _ask(self) -> str:
        admin = AdminClient({"bootstrap.servers": self.servers, "socket.timeout.ms": int(TIMEOUT_S * 1000), **_QUIET})
        try:
            listed = admin.list_topics(timeout=TIMEOUT_S)
        except KafkaException as error:
            told = f"the bus at {self.servers} does not answer: {error.args[0].str()}"
            raise Unavailable(f"{told}; start it, or set KAFKA_BOOTSTRAP_SERVERS") from error
        version = _version(admin, next(iter(listed.brokers), 0))
        absent = [topic for topic in self.topics if topic not in listed.topics]
        topics = f"; not there until somebody writes: {', '.join(absent)}" if absent else ""
        split = [name for name in sorted(ONE_PARTITION & set(listed.topics)) if len(listed.topics[name].partitions) > 1]
        wrong = f"; made with several partitions, delete while no agent runs: {', '.join(split)}" if split else ""
        return f"Kafka {version} at {self.servers}, {len(listed.brokers)} broker(s){topics}{wrong}"


def _version(admin: AdminClient, broker: int) -> str:
    """Return the release that a broker's settings name; "(version not told)" where it does not answer that."""
    resource = ConfigResource(ConfigResource.Type.BROKER, str(broker))
    try:
        (found,) = admin.describe_configs([resource], request_timeout=TIMEOUT_S).values()
        settings = found.result(TIMEOUT_S)
    except (KafkaException, TimeoutError, ValueError):
        return "(version not told)"
    return next((str(settings[name].value) for name in VERSIONS if name in settings), "(version not told)")
