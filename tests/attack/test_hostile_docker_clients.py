"""Hostile clients of the proxies in front of Docker: whatever they send, the engine gets our requests alone."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import psutil
import pytest
from support.docker_doors import OpenDoor, open_door
from support.engine_stand_in import ALSO_MINE, MINE, OTHER, SECRET, StandIn, stand_in
from support.waiting import until

from sre_space.codec.docker import events_query, filters, listing_query

DOORS = ("reading", "acting", "chaos")
Both = tuple[OpenDoor, StandIn]


@pytest.fixture(scope="module")
def engine() -> Iterator[StandIn]:
    """Yield the server behind both doors."""
    with stand_in() as server:
        yield server


@pytest.fixture(scope="module")
def opened(engine: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, OpenDoor]]:
    """Yield all doors."""
    address, services = f"tcp://127.0.0.1:{engine.port}", {"DOCKER_PROXY_SERVICES": "policy-service"}
    with (
        open_door(
            tmp_path_factory.mktemp("d") / "r", "reading", address, DOCKER_PROXY_HOSTS="docker-reading"
        ) as reading,
        open_door(tmp_path_factory.mktemp("d") / "a", "acting", address, **services) as acting,
        open_door(tmp_path_factory.mktemp("d") / "c", "chaos", address, **services) as chaos,
    ):
        yield {"reading": reading, "acting": acting, "chaos": chaos}


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, opened: dict[str, OpenDoor], engine: StandIn) -> Both:
    """Return one door after the other, and the server with an empty list of requests."""
    engine.asked.clear()
    return opened[request.param], engine


@pytest.fixture
def acting(opened: dict[str, OpenDoor], engine: StandIn) -> Both:
    """Return the acting door."""
    engine.asked.clear()
    return opened["acting"], engine


@pytest.fixture
def chaos(opened: dict[str, OpenDoor], engine: StandIn) -> Both:
    """Return the door of the faults."""
    engine.asked.clear()
    return opened["chaos"], engine


@pytest.fixture
def reading(opened: dict[str, OpenDoor], engine: StandIn) -> Both:
    """Return the reading door."""
    engine.asked.clear()
    return opened["reading"], engine


LISTING = ("GET", f"/containers/json?{'&'.join(f'{key}={quote(one)}' for key, one in listing_query('shop').items())}")


def only_listed(engine: StandIn) -> bool:
    """Whether the engine was asked for our own listing at most."""
    return {_decoded(one) for one in engine.asked} <= {_decoded((*LISTING, b""))}


def _decoded(asked: tuple[str, str, bytes]) -> tuple[str, str, tuple[str, ...]]:
    url = urlsplit(asked[1])
    return asked[0], url.path, tuple(sorted(f"{key}={one}" for key, one in parse_qsl(url.query)))


def status(answer: bytes) -> int:
    """Return the status of a raw answer, 0 for a connection that was cut."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


REFUSED = (
    ("POST", "/containers/create"),
    ("POST", "/build"),
    ("POST", "/images/create?fromImage=x"),
    ("GET", "/images/json"),
    ("GET", "/info"),
    ("GET", "/version"),
    ("GET", "/"),
    ("GET", "/secrets"),
    ("GET", "/volumes"),
    ("POST", "/session"),
    ("POST", "/grpc"),
    ("POST", "/swarm/init"),
    ("POST", "/networks/create"),
    ("POST", "/plugins/pull?remote=x"),
    ("POST", f"/containers/{MINE}/exec"),
    ("POST", "/exec/1/start"),
    ("POST", f"/containers/{MINE}/rename?name=x"),
    ("POST", f"/containers/{MINE}/attach?stream=1"),
    ("GET", f"/containers/{MINE}/attach/ws"),
    ("GET", f"/containers/{MINE}/archive?path=/etc"),
    ("HEAD", f"/containers/{MINE}/archive?path=/etc"),
    ("PUT", f"/containers/{MINE}/archive?path=/etc"),
    ("GET", f"/containers/{MINE}/export"),
    ("GET", f"/containers/{MINE}/top?ps_args=aux"),
    ("GET", f"/containers/{MINE}/changes"),
    ("POST", f"/containers/{MINE}/wait"),
    ("DELETE", f"/containers/{MINE}"),
    ("POST", "/containers/prune"),
    ("POST", "/commit?container=x"),
    # tricks with the path
    ("GET", "//containers/json"),
    ("GET", "/containers//json"),
    ("GET", "/containers/json/"),
    ("GET", "/v1.43/containers/json"),
    ("GET", "/v1.43/../containers/json"),
    ("GET", "/./containers/json"),
    ("GET", f"/containers/{MINE}/../{OTHER}/json"),
    ("GET", f"/containers/..%2f..%2fcontainers%2f{OTHER}/json"),
    ("GET", f"/containers/%2e%2e/{OTHER}/json"),
    ("GET", f"/containers/{MINE}%2fjson"),
    ("GET", f"/containers/{MINE}/json%00"),
    ("GET", f"/containers/{MINE}/json;x"),
    ("GET", f"/containers/{MINE}/JSON"),
    ("GET", f"/CONTAINERS/{MINE}/json"),
    ("GET", f"\\containers\\{MINE}\\json"),
    ("GET", f"/containers/{MINE}/json#x"),
    ("GET", "/containers/.hidden/json"),
    ("GET", f"/containers/{'a' * 129}/json"),
    ("GET", f"http://127.0.0.1/containers/{MINE}/json"),
    ("GET", "http://elsewhere/containers/json"),
    ("GET", "*"),
    ("OPTIONS", "*"),
    ("CONNECT", "127.0.0.1:2375"),
    ("TRACE", "/containers/json"),
    # methods
    ("get", "/containers/json"),
    ("Get", "/_ping"),
    ("POST", "/containers/json"),
    ("PROPFIND", "/containers/json"),
    # other containers: by id, by name, by the beginning of an id or a name
    ("GET", f"/containers/{OTHER}/json"),
    ("GET", "/containers/elsewhere-policy-service-1/json"),
    ("GET", f"/containers/{OTHER[:12]}/json"),
    ("GET", f"/containers/{MINE[:12]}/json"),
    ("GET", f"/containers/{MINE[:63]}/json"),
    ("GET", f"/containers/{MINE.upper()}/json"),
    ("GET", "/containers/shop-policy-service/json"),
    ("GET", "/containers/policy-service/json"),
    ("GET", "/containers/json/json"),
    # parameters
    ("GET", "/containers/json?size=1"),
    ("GET", "/containers/json?all=1&all=0"),
    ("GET", "/containers/json?filters={}"),
    ("GET", "/containers/json?filters="),
    ("GET", "/containers/json?" + "all=1&" * 9 + "all=1"),
    ("GET", "/containers/json?all=1%00"),
    ("GET", "/containers/json?all=%ff"),
    ("GET", "/containers/json?%61ll=1&all=1"),
    ("GET", "/containers/json?all=1;filters=%7B%7D"),
    ("GET", f"/containers/{MINE}/json?size=1"),
    ("GET", "/containers/json?" + "x" * 3_000),
)


UPDATES = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b"7",
    b"{",
    b"\xff",
    b'{"Memory": 33554432}',
    b'{"Memory": 33554432, "MemorySwap": -1}',
    b'{"Memory": 33554432, "MemorySwap": 67108864}',
    b'{"Memory": 33554432, "MemorySwap": 33554432, "CpuShares": 1}',
    b'{"Memory": 33554432, "MemorySwap": 33554432, "RestartPolicy": {"Name": "always"}}',
    b'{"Memory": 33554432, "MemorySwap": 33554432, "Devices": [{"PathOnHost": "/dev/sda"}]}',
    b'{"memory": 33554432, "memoryswap": 33554432}',
    b'{"Memory": 33554432, "MemorySwap": 33554432, "Memory": 33554432}',
    b'{"Memory": 0, "MemorySwap": 0}',
    b'{"Memory": -1, "MemorySwap": -1}',
    b'{"Memory": 1, "MemorySwap": 1}',
    b'{"Memory": true, "MemorySwap": true}',
    b'{"Memory": 33554432.5, "MemorySwap": 33554432.5}',
    b'{"Memory": "33554432", "MemorySwap": "33554432"}',
    b'{"Memory": 1e9, "MemorySwap": 1e9}',
    b'{"Memory": 99999999999999999999, "MemorySwap": 99999999999999999999}',
    b'{"Memory": 2147483649, "MemorySwap": 2147483649}',
    b'{"Memory": NaN, "MemorySwap": NaN}',
    b"[" * 900,
    b'{"Memory": 33554432, "MemorySwap": 33554432' + b" " * 2_000 + b"}",
)


@pytest.mark.parametrize(("method", "target"), REFUSED, ids=[f"{method} {path[:40]}" for method, path in REFUSED])
def test_what_is_not_on_the_list_is_refused_with_one_sentence(door: Both, method: str, target: str) -> None:
    proxy, engine = door
    answer = proxy.send(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    assert status(answer) in (400, 403)
    assert only_listed(engine)
    if status(answer) == 403 and method != "HEAD":
        body = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert list(body) == ["message"]
        assert SECRET not in body["message"]


OVERRIDES: tuple[dict[str, object], ...] = (
    {"label": ["com.docker.compose.project=elsewhere"]},
    {"label": ["com.docker.compose.project=shop", "com.docker.compose.project=elsewhere"]},
    {"label": {"com.docker.compose.project=shop": True, "com.docker.compose.project=elsewhere": True}},
    {"label": []},
    {},
    {"id": [OTHER]},
)


@pytest.mark.parametrize("path", ["/containers/json", "/events"])
@pytest.mark.parametrize("filter", OVERRIDES, ids=str)
def test_no_other_filter_is_let_through(reading: Both, path: str, filter: dict[str, object]) -> None:
    proxy, engine = reading

    assert proxy.ask("GET", path, params={"filters": json.dumps(filter)}).status_code == 403
    assert engine.asked == []


def test_another_projects_own_filter_is_refused_and_ours_is_sent_even_without_one(reading: Both) -> None:
    proxy, engine = reading
    assert proxy.ask("GET", "/events", params=events_query("elsewhere")).status_code == 403
    assert proxy.ask("GET", "/containers/json", params={"filters": filters("elsewhere")}).status_code == 403

    shown = proxy.ask("GET", "/containers/json").json()

    assert [one["Id"] for one in shown] == [MINE, ALSO_MINE]
    assert only_listed(engine)


@pytest.mark.parametrize("verb", ["restart", "update", "kill", "stop", "exec"])
def test_the_reading_door_changes_nothing(reading: Both, verb: str) -> None:
    proxy, engine = reading
    answer = proxy.ask("POST", f"/containers/{MINE}/{verb}", content=b"")

    assert answer.status_code == 403
    assert engine.asked == []


@pytest.mark.parametrize("verb", ["start", "stop", "kill?signal=SIGKILL", "pause", "unpause"])
def test_the_acting_door_injects_no_fault(acting: Both, verb: str) -> None:
    proxy, engine = acting

    assert proxy.ask("POST", f"/containers/{MINE}/{verb}").status_code == 403
    assert engine.asked == []


@pytest.mark.parametrize(
    "target",
    [
        *(f"{one}/{verb}" for one in (OTHER, "elsewhere-policy-service-1", ALSO_MINE, MINE[:12])
          for verb in ("kill?signal=SIGKILL", "stop", "start", "pause", "unpause")),
        f"{MINE}/restart", f"{MINE}/exec", f"{MINE}/rename?name=x", f"{MINE}/wait", f"{MINE}/kill?signal=SIGTERM",
        f"{MINE}/kill?signal=9", f"{MINE}/kill?signal=SIGKILL&signal=SIGHUP", f"{MINE}/kill?signal=sigkill",
        f"{MINE}/stop?t=31", f"{MINE}/stop?signal=SIGKILL", f"{MINE}/pause?x=1", f"{MINE}/start?detachKeys=x",
    ],
)  # fmt: skip
def test_the_door_of_the_faults_hits_its_services_alone_and_only_as_its_list_says(chaos: Both, target: str) -> None:
    proxy, engine = chaos

    assert proxy.ask("POST", f"/containers/{target}").status_code == 403
    assert engine.changes == []


@pytest.mark.parametrize("body", UPDATES, ids=lambda one: one[:60].decode("latin-1"))
def test_the_door_of_the_faults_changes_memory_alone(chaos: Both, body: bytes) -> None:
    proxy, engine = chaos

    assert proxy.ask("POST", f"/containers/{MINE}/update", content=body).status_code == 403
    assert engine.changes == []


@pytest.mark.parametrize("path", [f"/containers/{MINE}/logs?stdout=1", f"/containers/{MINE}/stats", "/events"])
def test_the_door_of_the_faults_shows_no_more_than_it_must(chaos: Both, path: str) -> None:
    proxy, engine = chaos

    assert proxy.ask("GET", path).status_code == 403
    assert engine.asked == []


def test_faults_are_injected_and_undone_also_while_the_agents_are_halted(chaos: Both) -> None:
    proxy, engine = chaos
    orders = ["kill?signal=SIGKILL", "kill?signal=SIGHUP", "stop?t=3", "start", "pause", "unpause"]
    proxy.halt()
    try:
        for order in orders:
            assert proxy.ask("POST", f"/containers/shop-policy-service-1/{order}").status_code == 204
    finally:
        proxy.resume()

    assert [one[1] for one in engine.changes] == [f"/containers/{MINE}/{order}" for order in orders]


def test_a_door_of_faults_without_a_list_of_services_does_not_start(tmp_path: Path) -> None:
    environment = {**os.environ, "DOCKER_PROXY_DOOR": "chaos", "DOCKER_PROXY_PROJECT": "shop"}
    command = [sys.executable, "-m", "sre_space.bootstrap.docker_proxy"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "DOCKER_PROXY_SERVICES is not set" in done.stderr


@pytest.mark.parametrize("path", [f"/containers/{MINE}/logs?stdout=1", f"/containers/{MINE}/stats", "/events"])
def test_the_acting_door_shows_no_more_than_it_must(acting: Both, path: str) -> None:
    proxy, engine = acting

    assert proxy.ask("GET", path).status_code == 403
    assert engine.asked == []


@pytest.mark.parametrize(
    "path", ["/containers/json", f"/containers/{MINE}/json", "/containers/shop-policy-service-1/json"]
)
def test_of_a_container_nothing_is_shown_that_could_hold_a_secret(door: Both, path: str) -> None:
    proxy, _ = door
    answer = proxy.ask("GET", path)

    assert answer.status_code == 200
    for hidden in (SECRET, "Env", "Mounts", "Binds", "Cmd", "/home/somebody", OTHER):
        assert hidden not in answer.text


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (("Host: elsewhere.example",), b""),
        (("Host: localhost", "Host: localhost"), b""),
        ((), b""),
        (("Host: [::1",), b""),
        (("Host: localhost", "Origin: http://localhost"), b""),
        (("Host: localhost", "Origin: null"), b""),
        (("Host: localhost", "Connection: Upgrade", "Upgrade: tcp"), b""),
        (("Host: localhost", "Connection: upgrade, keep-alive", "Upgrade: websocket", "Sec-WebSocket-Key: x"), b""),
        (("Host: localhost", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"), b""),
        (("Host: localhost", "Transfer-Encoding: chunked"), b"0\r\n\r\n"),
        (("Host: localhost", "Transfer-Encoding: chunked", "Content-Length: 4"), b"0\r\n\r\n"),
        (("Host: localhost", "Transfer-Encoding: gzip, chunked"), b"0\r\n\r\n"),
        (("Host: localhost", "Transfer-Encoding : chunked"), b"0\r\n\r\n"),
        (("Host: localhost", "Transfer-Encoding: xchunked"), b"0\r\n\r\n"),
        (("Host: localhost", "Content-Length: 5", "Content-Length: 6"), b"xxxxx"),
        (("Host: localhost", "Content-Length: +5"), b"xxxxx"),
        (("Host: localhost", "Content-Length: -1"), b""),
        (("Host: localhost", "Content-Length: 99999999999999999999"), b""),
        (("Host: localhost", "Content-Length: 5"), b"xxxxx"),
        (("Host: localhost", f"X-Long: {'x' * 20_000}"), b""),
        (("Host: localhost", "X-Folded: a\r\n b: c", "Origin: x"), b""),
        (("Host: localhost\nOrigin: x",), b""),
        (("Host: localhost", "X\x00Y: 1"), b""),
    ],
    ids=str,
)
@pytest.mark.parametrize("request_line", ["GET /containers/json HTTP/1.1", f"POST /containers/{MINE}/restart HTTP/1.1"])
def test_a_head_or_a_body_that_no_client_of_ours_sends_is_refused(
    acting: Both, request_line: str, headers: tuple[str, ...], body: bytes
) -> None:
    proxy, engine = acting
    answer = proxy.send("\r\n".join((request_line, *headers, "", "")).encode("latin-1") + body)

    assert status(answer) in (0, 400, 403)
    assert engine.asked == []


def test_a_second_request_hidden_in_a_body_is_none(acting: Both) -> None:
    proxy, engine = acting
    hidden = f"POST /containers/{MINE}/restart HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    lengths = f"Content-Length: {len(hidden)}".encode()
    for head in (b"Transfer-Encoding: chunked\r\n" + lengths, b"Transfer-Encoding: chunked", lengths):
        answer = proxy.send(b"GET /containers/json HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n\r\n" + hidden)
        assert status(answer) in (400, 403)
        assert answer.count(b"HTTP/1.1 ") == 1  # the connection is closed after the refusal

    assert engine.asked == []


def test_a_request_behind_another_on_a_connection_is_judged_alone(acting: Both) -> None:
    proxy, engine = acting
    good = b"GET /containers/json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    bad = f"POST /containers/{OTHER}/restart HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    answer = proxy.send(good + bad)

    assert answer.count(b"HTTP/1.1 200") == 1
    assert answer.count(b"HTTP/1.1 403") == 1
    assert engine.changes == []


@pytest.mark.parametrize("body", UPDATES, ids=lambda one: one[:60].decode("latin-1"))
def test_no_other_change_of_limits_is_let_through(acting: Both, body: bytes) -> None:
    proxy, engine = acting
    answer = proxy.ask("POST", f"/containers/{MINE}/update", content=body)

    assert answer.status_code == 403
    assert engine.changes == []


@pytest.mark.parametrize(
    "target",
    [
        f"{OTHER}/restart", "elsewhere-policy-service-1/restart", f"{OTHER[:12]}/restart", f"{MINE[:12]}/restart",
        f"{ALSO_MINE}/restart", "shop-user-service-1/restart", f"{MINE}/restart?t=31", f"{MINE}/restart?t=-1",
        f"{MINE}/restart?signal=SIGKILL", f"{MINE}/restart?t=1&t=2", f"{MINE}/restart?t=٣",
    ],
)  # fmt: skip
def test_no_other_restart_is_let_through(acting: Both, target: str) -> None:
    proxy, engine = acting

    assert proxy.ask("POST", f"/containers/{target}").status_code == 403
    assert engine.changes == []


def test_what_is_let_through_reaches_the_engine_as_our_own_request_by_the_whole_id(acting: Both) -> None:
    proxy, engine = acting
    assert proxy.ask("POST", "/containers/shop-policy-service-1/restart?t=3").status_code == 204
    body = {"MemorySwap": 2**25, "Memory": 2**25}
    assert proxy.ask("POST", f"/containers/{MINE}/update", json=body).json() == {"Warnings": None}

    restart, update = engine.changes
    assert restart == ("POST", f"/containers/{MINE}/restart?t=3", b"")
    assert update[:2] == ("POST", f"/containers/{MINE}/update")
    assert json.loads(update[2]) == body


@pytest.mark.parametrize("verb", ["restart", "update"])
def test_while_halted_nothing_is_changed_and_everything_is_shown(acting: Both, verb: str) -> None:
    proxy, engine = acting
    body = {"Memory": 2**25, "MemorySwap": 2**25} if verb == "update" else None
    proxy.halt()
    try:
        refused = proxy.ask("POST", f"/containers/{MINE}/{verb}", json=body)
        assert refused.status_code == 403
        assert "halted" in refused.json()["message"]
        assert engine.changes == []
        assert proxy.ask("GET", f"/containers/{MINE}/json").status_code == 200
    finally:
        proxy.resume()

    assert proxy.ask("POST", f"/containers/{MINE}/{verb}", json=body).is_success


def test_a_state_folder_that_is_gone_is_a_halt(engine: StandIn, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("d")
    address, missing = f"tcp://127.0.0.1:{engine.port}", {"SRE_SPACE_STATE": str(folder / "none")}
    engine.asked.clear()
    with open_door(folder, "acting", address, **missing) as proxy:
        assert proxy.ask("POST", f"/containers/{MINE}/restart").status_code == 403

    assert engine.changes == []


def test_an_endless_answer_takes_no_memory_and_ends_with_its_client(
    engine: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with open_door(tmp_path_factory.mktemp("d"), "reading", f"tcp://127.0.0.1:{engine.port}") as proxy:
        engine.streamed = 0
        engine.released.clear()
        process = process_of(proxy)
        before = process.memory_info().rss
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as client:
            client.sendall(
                f"GET /containers/{MINE}/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            )
            assert client.recv(64).startswith(b"HTTP/1.1 200")
            stalled = until(lambda: _stalled(engine), "the engine can send no more to a client that does not read")
            assert stalled < 64 * 2**20
            received = 0
            while received < 200 * 2**20:
                received += len(client.recv(2**20))
            assert process.memory_info().rss - before < 32 * 2**20

        assert until(engine.released.is_set, "the engine's connection ends with the client's")


def process_of(proxy: OpenDoor) -> psutil.Process:
    """Return the process of a proxy that this test runs."""
    (process,) = [
        one
        for one in psutil.Process().children()
        if one.environ().get("DOCKER_PROXY_LISTEN") == f"127.0.0.1:{proxy.port}"
    ]
    return process


def _stalled(engine: StandIn) -> int:
    """How much was streamed, once nothing more is taken; 0 until then."""
    before = engine.streamed
    engine.released.wait(0.5)
    return before if before == engine.streamed else 0


def test_an_engine_that_is_away_is_said_with_502(tmp_path_factory: pytest.TempPathFactory) -> None:
    with stand_in() as gone:
        address = f"tcp://127.0.0.1:{gone.port}"
        with open_door(tmp_path_factory.mktemp("d"), "reading", address) as proxy:
            gone.end()
            for path in ("/containers/json", "/events", "/_ping", f"/containers/{MINE}/logs?stdout=1"):
                answer = proxy.ask("GET", path)
                assert answer.status_code == 502
                assert address in answer.json()["message"]


def test_a_proxy_that_is_stopped_ends_its_streams_and_says_no_more_than_where_it_listened(
    engine: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("d")
    with (
        open_door(folder, "reading", f"tcp://127.0.0.1:{engine.port}") as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as client,
    ):
        client.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(64).startswith(b"HTTP/1.1 200")
        process = process_of(proxy)
        process.terminate()
        received = b"x"
        while received:
            received = client.recv(2**20)
        process.wait(20)

    said = [line.partition(" INFO ")[2] for line in (folder / "proxy.log").read_text().splitlines()]
    assert said == [f"the reading door of the project shop listens at 127.0.0.1:{proxy.port}"]
