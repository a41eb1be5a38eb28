"""The server on a real socket: who is answered, what every answer carries, and clients that mean harm."""

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from support.dashboards import CHAINS, JOURNEY, Stage

from sre_space.dashboard.serving import page, sse
from sre_space.dashboard.serving.app import OPENAPI, application
from sre_space.dashboard.serving.guard import MAX_BODY, Rules
from sre_space.dashboard.serving.server import bind, serve
from sre_space.dashboard.stream.panels import Panel
from sre_space.domain.errors import Refused

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # sockets that the tests leave half read


@dataclass
class Served:
    """A dashboard that answers at `url`."""

    stage: Stage
    url: str
    port: int
    client: httpx.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask with these headers; `_` for `-` in their names."""
        return await self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


@contextlib.asynccontextmanager
async def serving(folder: Path, rules: Rules = Rules()) -> AsyncIterator[Served]:  # noqa: B008 - it is frozen
    stage = Stage(folder)
    await stage.look()
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = asyncio.create_task(serve(application(stage.dashboard.views, stage.hub, rules), listener))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as client:
            yield Served(stage, f"http://127.0.0.1:{port}", port, client)
    finally:
        server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await server
        await stage.blocks.close()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as one:
        yield one


READS = (
    "/api/v1/now", "/api/v1/incidents", "/api/v1/incidents/1", "/api/v1/incidents/1/traces", "/api/v1/map",
    f"/api/v1/series?of={JOURNEY}", "/api/v1/lessons?q=crash", "/api/v1/me", "/api/v1/incidents/1/markdown",
    "/api/v1/incidents/1/postmortem", "/metrics", OPENAPI,
)  # fmt: skip


async def test_every_read_is_answered_locked_down(served: Served) -> None:
    for path in READS:
        answer = await served.get(path)

        assert answer.status_code == HTTPStatus.OK, path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in answer.headers
        assert "server" not in answer.headers


FOREIGN = (
    {"host": "evil.example"}, {"host": ""}, {"origin": "http://127.0.0.1:8001"}, {"origin": "null"},
    {"origin": "https://evil.example"}, {"sec_fetch_site": "same-site"},
    {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"},
)  # fmt: skip


async def test_a_page_of_another_origin_can_neither_read_nor_listen(served: Served) -> None:
    for path, headers in itertools.product([*READS, "/api/v1/stream"], FOREIGN):
        answer = await served.get(path, **headers)

        assert answer.status_code == HTTPStatus.FORBIDDEN, (path, headers)
        assert answer.headers["content-type"] == "application/problem+json"
        assert "access-control-allow-origin" not in answer.headers


async def test_a_link_from_elsewhere_may_open_the_page_and_no_data(served: Served) -> None:
    opened = await served.get("/incidents/1", sec_fetch_site="cross-site", sec_fetch_mode="navigate")

    assert opened.status_code == HTTPStatus.OK


async def test_an_unknown_address_is_a_page_and_an_unknown_question_a_problem(served: Served) -> None:
    page, question = await served.get("/nothing/here"), await served.get("/api/v1/nothing")

    assert (page.status_code, page.headers["content-type"]) == (HTTPStatus.NOT_FOUND, "text/html; charset=utf-8")
    assert (question.status_code, question.headers["content-type"]) == (
        HTTPStatus.NOT_FOUND,
        "application/problem+json",
    )


async def test_an_incidents_name_leads_to_its_number(served: Served) -> None:
    case = next(case for case in served.stage.dashboard.watching.record.cases if case.issue == 1)
    known = await served.get(f"/incidents/{case.incident}", sec_fetch_site="cross-site", sec_fetch_mode="navigate")
    unknown = await served.get("/incidents/01KB0000000000000000000000")

    assert (known.status_code, known.headers["location"]) == (HTTPStatus.TEMPORARY_REDIRECT, "/incidents/1")
    assert unknown.status_code == HTTPStatus.OK


async def test_a_page_of_another_origin_cannot_act_even_with_a_token(served: Served) -> None:
    """A form of another origin has no JSON, a script of another origin has an Origin: each alone is refused."""
    token = served.stage.people.add("ada")
    kinds = ("text/plain", "application/x-www-form-urlencoded", "application/json")
    for origin, kind in itertools.product(("http://127.0.0.1:1", "http://localhost", None), kinds):
        headers = {"content-type": kind, "authorization": f"Bearer {token}"} | ({"origin": origin} if origin else {})
        answer = await served.client.post("/api/v1/orders", content='{"verb": "halt"}', headers=headers)

        allowed = origin is None and kind == "application/json"
        assert (answer.status_code == HTTPStatus.CREATED) == allowed
        assert served.stage.halt.halted() == allowed


async def test_a_cookie_is_no_token(served: Served) -> None:
    token = served.stage.people.add("ada")
    answer = await served.client.post("/api/v1/orders", json={"verb": "halt"}, headers={"cookie": f"token={token}"})

    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer.headers["www-authenticate"] == "Bearer"
    assert not served.stage.halt.halted()


WRONG = (
    ("/api/v1/incidents/99999", 404), ("/api/v1/incidents/0", 422), ("/api/v1/incidents/x", 422),
    ("/api/v1/incidents?limit=100000", 422), ("/api/v1/series?of=nobody", 404), ("/api/v1/nothing", 404),
    ("/api/v1/traces/zz", 422), ("/api/v1/lessons", 422), ("/static/nothing.js", 404),
    ("/static/%2e%2e/%2e%2e/dashboard.py", 404), (f"/api/v1/series?of={JOURNEY}&since=9&until=5", 422),
)  # fmt: skip


async def test_every_error_is_a_problem_with_a_sentence(served: Served) -> None:
    for path, status in WRONG:
        answer = await served.get(path)

        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) == {"type", "title", "status", "detail", "instance"}
        assert answer.json()["detail"]


async def test_a_body_that_is_too_large_is_not_read(served: Served) -> None:
    content = json.dumps({"verb": "halt", "reason": "x" * MAX_BODY})
    answer = await served.client.post("/api/v1/orders", content=content, headers={"content-type": "application/json"})

    assert answer.status_code == HTTPStatus.FORBIDDEN


async def test_behind_a_proxy_only_its_word_counts(tmp_path: Path) -> None:
    rules = Rules(frozenset({"sre.example"}), (ip_network("127.0.0.0/8"),), "/sre")
    async with serving(tmp_path, rules) as served:
        forwarded = {"x_forwarded_host": "sre.example", "x_forwarded_proto": "https"}
        assert (await served.get("/sre/api/v1/now", **forwarded)).status_code == HTTPStatus.OK
        own = await served.get("/sre/api/v1/now", origin="https://sre.example", **forwarded)
        foreign = await served.get("/sre/api/v1/now", origin="http://sre.example", **forwarded)
        assert (own.status_code, foreign.status_code) == (HTTPStatus.OK, HTTPStatus.FORBIDDEN)
        assert (await served.get("/api/v1/now", **forwarded)).status_code == HTTPStatus.NOT_FOUND
        assert (await served.get("/sre", **forwarded)).status_code == HTTPStatus.OK


async def test_without_a_trusted_proxy_its_headers_count_for_nothing(served: Served) -> None:
    answer = await served.get("/api/v1/now", host="evil.example", x_forwarded_host="127.0.0.1")

    assert answer.status_code == HTTPStatus.FORBIDDEN


async def test_beyond_loopback_readers_need_a_token(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        people = served.stage.people

        async def known(token: str) -> bool:
            return await people.of(token) is not None

        token = people.add("ada")
    async with serving(tmp_path, Rules(readers_need_token=True, known_token=known)) as served:
        assert (await served.get("/api/v1/now")).status_code == HTTPStatus.UNAUTHORIZED
        assert (await served.get("/metrics", authorization="Bearer x")).status_code == HTTPStatus.UNAUTHORIZED
        assert (await served.get("/api/v1/now", authorization=f"Bearer {token}")).status_code == HTTPStatus.OK
        assert (await served.get("/")).status_code == HTTPStatus.OK


async def test_a_page_that_was_not_built_is_a_plain_sentence(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "static_folder", lambda: tmp_path / "static")
    answer = await served.get("/")

    assert answer.status_code == HTTPStatus.OK
    assert "not built" in answer.text or "<script" in answer.text


async def test_every_example_is_of_the_type_that_the_document_says(served: Served) -> None:
    document = (await served.get(OPENAPI)).json()
    examples = [
        (path, content["example"])
        for path, methods in document["paths"].items()
        for method in methods.values()
        for answer in method["responses"].values()
        for content in answer.get("content", {}).values()
        if "example" in content
    ]

    assert len(examples) >= 9
    assert all("sentence" in body for path, body in examples if path not in ("/api/v1/me", "/api/v1/orders"))


async def listen(port: int, last: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    resume = f"Last-Event-ID: {last}\r\n" if last else ""
    writer.write(f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{resume}\r\n".encode())
    await writer.drain()
    return reader, writer


async def next_event(reader: asyncio.StreamReader) -> str:
    """Return the next event's text, without the framing of chunks."""
    text = ""
    while "data: " not in text or not text.endswith("\n\n"):
        line = (await asyncio.wait_for(reader.readline(), 5)).decode()
        assert line
        text = text + line if line.startswith(("event: ", "id: ", "data: ")) or (text and line == "\n") else text
    return text


async def test_the_stream_is_resumed_where_it_broke_off(served: Served) -> None:
    hub = served.stage.hub
    hub.publish({"feed": Panel.of([("1", {"text": "one"})])})
    reader, writer = await listen(served.port)
    first = await next_event(reader)
    writer.close()
    hub.publish({"feed": Panel.of([("1", {"text": "two"})])})
    reader, writer = await listen(served.port, first.split("id: ")[1].splitlines()[0])
    second = await next_event(reader)
    writer.close()

    assert first.startswith("event: reset")
    assert second.startswith("event: delta")
    assert '"two"' in second


async def test_a_client_that_never_reads_is_dropped_and_nobody_waits_for_it(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse.EventStream.__init__, "__defaults__", (0.3,))  # seconds, of 10
    hub = served.stage.hub
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    deaf.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        deaf.connect(("127.0.0.1", served.port))
    await asyncio.sleep(0.05)
    deaf.send(f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n\r\n".encode())
    reader, writer = await listen(served.port)
    for number in range(60):
        hub.publish({"feed": Panel.of([("1", {"text": f"{number} " + "x" * 200_000})])})
        told = await next_event(reader)
        assert f'"{number} ' in told
    async with asyncio.timeout(5):
        while hub.listeners > 1:
            hub.publish({"feed": Panel.of([("1", {"text": "y"})])})
            hub.publish({"feed": Panel.of([("1", {"text": "z"})])})
            await next_event(reader)
            await asyncio.sleep(0.02)

    assert hub.listeners == 1
    writer.close()
    deaf.close()


async def test_twenty_pages_hear_a_change_and_leave_nothing_behind(served: Served) -> None:
    hub = served.stage.hub
    hub.publish({"feed": Panel.of([("1", {"text": "a"})])})
    pages = [await listen(served.port) for _ in range(20)]
    for reader, _ in pages:
        await next_event(reader)
    hub.publish({"feed": Panel.of([("1", {"text": "b"})])})
    told = [await next_event(reader) for reader, _ in pages]
    for _, writer in pages:
        writer.close()
    async with asyncio.timeout(5):
        while hub.listeners:
            await asyncio.sleep(0.02)

    assert all('"b"' in one for one in told)


async def test_more_listeners_than_allowed_are_told_so(served: Served) -> None:
    served.stage.hub.listeners = 200
    answer = await served.get("/api/v1/stream")

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "too many pages" in answer.json()["detail"]


async def test_an_incident_is_shown_as_it_was_read_last_while_the_forge_is_away(served: Served) -> None:
    served.stage.forge.down = True
    await served.stage.record.poll()
    answer = (await served.get("/api/v1/incidents/1")).json()

    assert answer["sources"]["record"]["state"] == "away"
    assert answer["facts"]
    assert (await served.get("/api/v1/incidents/99")).status_code == HTTPStatus.SERVICE_UNAVAILABLE


async def test_a_huge_title_and_ten_thousand_comments_are_borne(served: Served) -> None:
    stage, number = served.stage, CHAINS["issue-01"].issue.number
    comment = stage.forge.written[number][0]
    stage.forge.found[number - 1] = replace(stage.forge.found[number - 1], title="<b>" * 60_000, updated=2**62)
    stage.forge.written[number] += [
        replace(comment, id=10**6 + place, body=f"noise {place} <script>") for place in range(4_000)
    ]
    await stage.record.poll()
    answer = await served.get(f"/api/v1/incidents/{number}")

    assert answer.status_code == HTTPStatus.OK
    assert len(answer.content) < 500_000
    assert "<script" not in json.dumps([row["html"] for row in answer.json()["facts"]])


def test_a_port_in_use_is_said_with_its_setting() -> None:
    taken = bind("127.0.0.1", 0)
    with pytest.raises(Refused, match="DASHBOARD_PORT"):
        bind("127.0.0.1", taken.getsockname()[1])
    taken.close()
