"""Answers of a trace store that are too large to read: fewer traces are asked for, and none is waited for for ever."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from sre_space.adapters import jaeger as subject
from sre_space.adapters.jaeger import JaegerTraces


class Store(BaseHTTPRequestHandler):
    """A trace takes a thousand bytes."""

    def do_GET(self) -> None:
        """As many traces as are asked for."""
        limit = int(parse_qs(urlsplit(self.path).query)["limit"][0])
        body = json.dumps({"data": ["x" * 1000] * limit}).encode()
        self.send_response(200)
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            return  # who asked has read enough

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def store() -> Iterator[str]:
    """Its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("most", "traces"), [(10_000_000, 120), (50_000, 30), (5_000, 1), (100, 0)])
async def test_of_traces_that_are_too_large_together_as_many_are_read_as_fit(
    monkeypatch: pytest.MonkeyPatch, most: int, traces: int
) -> None:
    monkeypatch.setattr(subject, "MAX_ANSWER", most)

    async def asked(url: str) -> bytes:
        client = JaegerTraces(url)
        try:
            return await client.document("web", 0, 10**9, 120)
        finally:
            await client.close()

    with store() as url:
        found = json.loads(await asked(url))

    assert len(found["data"]) == traces
