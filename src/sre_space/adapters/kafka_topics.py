"""The making of topics with the number of partitions that they need. Used by `adapters.kafka`."""

import logging
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from sre_space.codec.topics import ONE_PARTITION

ANSWERED_WITHIN_S = 2.0
_QUIET: dict[str, Any] = {
    "log_level": 3,
    "reconnect.backoff.max.ms": 500,
    "logger": logging.getLogger("sre_space.adapters.kafka"),
}


def make_topics(bootstrap: str, topics: Sequence[str]) -> None:
    """Create the missing topics: a consumer of a missing topic would never notice its creation.

    Those of `ONE_PARTITION` get one, the others as many as the broker gives by default.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap, **_QUIET})
    missing = set(topics) - set(admin.list_topics(timeout=ANSWERED_WITHIN_S).topics)
    new = [NewTopic(topic, 1 if topic in ONE_PARTITION else -1, -1) for topic in missing]
    for future in admin.create_topics(new).values() if new else ():
        try:
            future.result(ANSWERED_WITHIN_S)
        except TimeoutError as error:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from error
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
