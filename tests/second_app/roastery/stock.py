"""The stock: plain HTTP on 127.0.0.1, `GET /beans/NAME`; `/alive` answers 204. Its traces go by OTLP over HTTP."""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind, Status, StatusCode

from .tracing import tracer

TRACER = tracer(OTLPSpanExporter())
COUNTING_S = float(os.environ["COUNTING_MS"]) / 1000
BEANS = {"arabica": 1200, "robusta": 900}


class Stock(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer how many grams there are of a bean."""
        if self.path == "/alive":
            self._answer(204, b"")
            return
        folder, _, bean = self.path.rpartition("/")
        route, known = ("GET /beans/{name}", bean in BEANS) if folder == "/beans" else ("GET", False)
        with TRACER.start_as_current_span(route, extract(self.headers), SpanKind.SERVER) as span:
            span.set_attributes({"http.request.method": "GET", "url.path": self.path})
            time.sleep(COUNTING_S)
            code = 200 if known else 404
            span.set_attribute("http.response.status_code", code)
            span.set_status(Status(StatusCode.UNSET))
            self._answer(code, json.dumps({"grams": BEANS.get(bean, 0)}).encode())

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        if code != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of single requests."""


class Server(ThreadingHTTPServer):
    """Many guests may come at once."""

    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of who has gone before the answer."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # whatever the library calls it with


if __name__ == "__main__":
    Server(("127.0.0.1", int(os.environ["STOCK_PORT"])), Stock).serve_forever()
