"""Somebody on the machine tells that every journey fails: nobody believes it, and what is true is still heard."""

import contextlib
import time
from collections.abc import Callable, Sequence
from time import time_ns

import grpc
import httpx
import pytest
from confluent_kafka import Producer
from support.forgery import CALLER, Forgery, service_of
from support.live import LiveSpace
from support.spans import send
from support.waiting import until
from support.world import SERVICES

from sre_space.adapters.ed25519 import TrustFolder
from sre_space.bootstrap.space.names import AGENTS
from sre_space.bootstrap.space.servers import HOST
from sre_space.codec.sketches import Frame, encode
from sre_space.codec.symptom_report import decode
from sre_space.codec.topics import SYMPTOM_REPORTS
from sre_space.ports.bus import Record

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PER_SECOND = 20  # of each way in
SECONDS = 8  # a share of failures over a half is an alarm after five
PARTITIONS = 4
Way = Callable[[bytes], None]


def ways_in(live: LiveSpace, true: Sequence[Record]) -> Sequence[Way]:
    """Each way to tell the space something without being asked who one is; a refusal is no surprise."""
    ports = live.running.ports
    bus = Producer({"bootstrap.servers": f"{HOST}:{ports['bus_port']}", "log_level": 0})

    def over_grpc(body: bytes) -> None:
        with contextlib.suppress(grpc.RpcError):
            send("trace", f"{HOST}:{ports['otlp_grpc_port']}", body)

    def over_http(body: bytes) -> None:
        url = f"http://{HOST}:{ports['otlp_http_port']}/v1/traces"
        headers = {"Content-Type": "application/x-protobuf", "Authorization": "Bearer sre_otlp_0000"}
        httpx.post(url, content=body, headers=headers, trust_env=False)

    def over_the_bus(body: bytes) -> None:
        bus.produce("otlp_spans", body, headers={"sre-mac": b"0" * 64})
        bus.flush(120)

    def as_sketches(_: bytes) -> None:
        for partition in range(PARTITIONS):  # who believes it takes all that follows for known
            bus.produce("sre_signals", encode(Frame(partition, 2**60, 2**60, {})))
        bus.flush(120)

    def as_copies(_: bytes) -> None:
        for record in true:  # what was signed, once more: a tenth of all requests is slower than usual
            bus.produce(record.topic, record.value, headers={**record.headers})
        bus.flush(120)

    return (over_grpc, over_http, over_the_bus, as_sketches, as_copies)


def heard(live: LiveSpace, since: int) -> Sequence[Record]:
    """Return the records of spans on the bus since a time."""
    return live.records("otlp_spans", since)


def journeys(live: LiveSpace, since: int) -> Forgery | None:
    """Return the journeys on the bus with spans of everybody who took part; None while there are fewer than five."""
    found = Forgery.of(record.value for record in heard(live, since))
    whole = [trace for trace in found.traces if {*map(service_of, trace.resource_spans)} == {CALLER, *SERVICES}]
    return Forgery(whole) if len(whole) >= 5 else None


def sees(live: LiveSpace, since: int) -> bool:
    """Scout says that it hears the telemetry, and sees nothing wrong in it."""
    trust = TrustFolder(live.state.trust)
    told = [decode(one, trust) for one in live.records(SYMPTOM_REPORTS, since)]
    return bool(told) and not told[-1].blind and not told[-1].seen


def test_twenty_forged_traces_a_second_open_no_incident_and_nothing_is_restarted_or_changed(calm: LiveSpace) -> None:
    known, begun = len(calm.cases()), time_ns()
    starts = {unit: calm.starts(unit) for unit in (*SERVICES, *AGENTS)}
    forgery = until(lambda: journeys(calm, begun), "some real journeys are on the bus")
    assert forgery is not None
    ways = ways_in(calm, heard(calm, begun))

    for _ in range(PER_SECOND * SECONDS):
        for way in ways:
            way(forgery.forge().SerializeToString())
        time.sleep(1 / PER_SECOND)  # the rate of the forger
    ended = time_ns()
    calm.healthy()  # by the traces that are stored
    until(lambda: sees(calm, ended), "Scout hears what is true")

    assert [case.detection.symptoms for case in calm.cases()[known:]] == []
    assert {unit: calm.starts(unit) for unit in starts} == starts
    assert until(lambda: journeys(calm, ended), "the journeys go on")
