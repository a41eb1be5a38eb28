"""What others say the time is, by any HTTP server's answer; who says nothing is left out."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time_ns

import pytest
from support.waiting import free_port
from support.world import World

from sre_space.adapters.http_dates import HttpDates

SECOND = 10**9
AHEAD = 600
LINE = b"X-More: 1\r\n"


@contextmanager
def server(status: int, date: str | None) -> Iterator[str]:
    """One that answers everything so."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            if date is not None:
                self.send_header("Date", date)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_address[1]}/health"
        serving.shutdown()


@pytest.mark.parametrize("name", ["adapter", "double"])
def test_each_of_the_others_is_told_by_name_with_its_time(name: str) -> None:
    world = World(misread={"the forge": AHEAD * SECOND})
    with server(200, formatdate(world.begun // SECOND + AHEAD, usegmt=True)) as url:
        told = asyncio.run((HttpDates({"the forge": url}) if name == "adapter" else world).ask())

    assert told["the forge"] // SECOND == world.begun // SECOND + AHEAD


def asked(url: str) -> dict[str, int]:
    return dict(asyncio.run(HttpDates({"it": url}).ask()))


@pytest.mark.parametrize("status", [200, 401, 405, 500])
def test_any_answer_tells_the_time_to_a_second(status: int) -> None:
    before = time_ns()
    with server(status, formatdate(time_ns() / SECOND + AHEAD, usegmt=True)) as url:
        told = asked(url)["it"]

    assert before - SECOND <= told - AHEAD * SECOND <= time_ns() + SECOND


@pytest.mark.parametrize("date", [None, "", "tomorrow", "Fri, 31 Dec 99999 23:59:59 GMT", "\xff" * 100])
def test_an_answer_without_a_date_that_can_be_read_is_none(date: str | None) -> None:
    with server(200, date) as url:
        assert asked(url) == {}


@contextmanager
def trickling() -> Iterator[str]:
    """Yield the URL of a server whose answer never ends its headers, and never pauses for a second either."""
    closed = threading.Event()

    def trickle(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.send(b"HTTP/1.1 200 OK\r\n")
            while not closed.wait(0.05):
                with suppress(OSError):  # nobody listens any more
                    connection.send(LINE)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=trickle, args=(listening,))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/health"
        closed.set()
        thread.join()


def test_the_limit_is_for_the_whole_of_an_answer() -> None:
    with trickling() as url:
        assert asked(url) == {}


async def test_who_does_not_answer_is_left_out_and_hinders_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, server(200, formatdate(0, usegmt=True)) as url:
        urls = {
            "silent": f"http://127.0.0.1:{silent.getsockname()[1]}/",
            "away": f"http://127.0.0.1:{free_port()}/",
            "it": url,
        }
        assert dict(await HttpDates(urls).ask()) == {"it": SECOND // 2}
