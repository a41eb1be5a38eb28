"""The embedded bus with a second listener: each client is sent on to the address at which it came."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from support.servers import command_of, serving
from support.waiting import free_port, until

HERE, NETWORK = "127.0.0.1", "localhost"


def listed(address: str) -> set[tuple[str | None, int]]:
    """Return the brokers as the listener at an address names them."""
    brokers = AdminClient({"bootstrap.servers": address}).list_topics(timeout=10).brokers
    return {(broker.host, broker.port) for broker in brokers.values()}


@pytest.fixture(scope="module")
def listeners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Yield the addresses of both listeners of one bus."""
    folder = tmp_path_factory.mktemp("bus")
    ports = free_port(), free_port()
    here, network = f"{HERE}:{ports[0]}", f"{NETWORK}:{ports[1]}"
    environment = {"BUS_PORT": str(ports[0]), "BUS_NETWORK_ADDRESS": network, "SRE_SPACE_STATE": str(folder)}

    def ready() -> bool:
        return "the bus serves localhost" in (folder / "log").read_text()

    with serving(command_of("bus"), environment, ready, folder / "log"):
        yield here, network


def test_each_listener_names_its_own_address(listeners: tuple[str, str]) -> None:
    for address in listeners:
        host, _, port = address.rpartition(":")
        assert listed(address) == {(host, int(port))}


@pytest.mark.parametrize("sent", [0, 1])
def test_what_is_sent_to_one_is_read_at_the_other(listeners: tuple[str, str], sent: int) -> None:
    topic, text = f"across-{sent}", b"hello"
    producer = Producer({"bootstrap.servers": listeners[sent]})
    producer.produce(topic, text)
    assert producer.flush(60) == 0
    settings = {"bootstrap.servers": listeners[1 - sent], "group.id": topic, "auto.offset.reset": "earliest"}
    consumer = Consumer(settings)
    consumer.subscribe([topic])
    values: list[bytes | None] = []

    def came() -> bool:
        message = consumer.poll(1.0)
        if message is not None and message.error() is None:
            values.append(message.value())
        return bool(values)

    try:
        until(came, "the message came")
        assert values == [text]
    finally:
        consumer.close()


@pytest.mark.parametrize("address", ["kafka", "kafka:many", ":19092"])
def test_an_address_without_host_or_port_is_said_with_its_name(address: str, tmp_path: Path) -> None:
    environment = {"BUS_PORT": str(free_port()), "BUS_NETWORK_ADDRESS": address, "SRE_SPACE_STATE": str(tmp_path)}

    done = subprocess.run(command_of("bus"), env=environment, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 2
    assert "BUS_NETWORK_ADDRESS" in done.stderr
    assert "Traceback" not in done.stderr
