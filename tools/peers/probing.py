"""Probes over HTTP for Prometheus, told as its blackbox exporter tells them; the Go proxy does not have that module."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx

TIMEOUT_S = 1.0


class Prober:
    """Serves between entering and leaving: `GET /probe?target=URL` tells whether the URL answers 2xx in a second."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> "Prober":
        """Serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        (target,) = parse_qs(urlsplit(self.path).query)["target"]
        body = f"# TYPE probe_success gauge\nprobe_success {int(_answers(target))}\n".encode()
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=TIMEOUT_S, trust_env=False).is_success
    except httpx.HTTPError:
        return False
