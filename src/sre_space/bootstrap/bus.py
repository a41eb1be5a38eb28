"""The bus that KAFKA_BOOTSTRAP_SERVERS chooses, for agents, deployer and command line alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sre_space.adapters.kafka import KafkaHistory, KafkaPublisher, KafkaSubscription
from sre_space.adapters.kafka_check import KafkaCheck
from sre_space.bootstrap.choice import Choice
from sre_space.ports.bus import History, Publisher, Subscription
from sre_space.ports.server_check import ServerCheck


@dataclass(frozen=True)
class BusAdapter:
    """The clients of a bus; each takes its servers, a subscription also its topics and its group (None: none)."""

    publisher: Callable[[str], Publisher]
    subscription: Callable[[str, Sequence[str], str | None], Subscription]
    history: Callable[[str], History]


BUSES: dict[str, BusAdapter] = {
    "kafka": BusAdapter(KafkaPublisher, KafkaSubscription, KafkaHistory),
}
CHECKS: dict[str, Callable[[str, Sequence[str]], ServerCheck]] = {"kafka": KafkaCheck}
_CHOICE = Choice("KAFKA_BOOTSTRAP_SERVERS", BUSES, default="kafka")


@dataclass(frozen=True)
class Bus:
    """One bus: its adapter and its servers."""

    adapter: BusAdapter
    servers: str

    @classmethod
    def of(cls, address: str) -> "Bus":
        """Return the bus at an address; raise `Malformed` for an unknown one."""
        return cls(*_CHOICE.of(address))

    def publisher(self) -> Publisher:
        """Return a client that publishes."""
        return self.adapter.publisher(self.servers)

    def subscription(self, topics: Sequence[str], group: str | None) -> Subscription:
        """Return a client that reads new records of these topics, shared within a group."""
        return self.adapter.subscription(self.servers, topics, group)

    def history(self) -> History:
        """Return a client that reads past records."""
        return self.adapter.history(self.servers)


def check_of(address: str, topics: Sequence[str]) -> ServerCheck:
    """Return what asks the bus at an address whether it serves, and which topics it has."""
    check, servers = Choice("KAFKA_BOOTSTRAP_SERVERS", CHECKS, default="kafka").of(address)
    return check(servers, topics)
