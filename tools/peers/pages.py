"""Where Alertmanager delivers its pages: a webhook on loopback that keeps when each alert arrived."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Page:
    """An alert that a person would have been paged with, `at` Unix seconds."""

    variant: str
    alert: str
    at: float


@dataclass
class Pages:
    """The pages that have arrived, each alert's first."""

    seen: list[Page] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    def __enter__(self) -> "Pages":
        """Listen on a free port."""
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                pages.take(json.loads(body), time.time())
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Return where Alertmanager sends."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def take(self, message: Mapping[str, list[Mapping[str, object]]], at: float) -> None:
        """Keep the firing alerts of a message that were not in an earlier one."""
        for alert in message["alerts"]:
            labels = alert["labels"]
            assert isinstance(labels, dict)
            key = f"{alert['fingerprint']}"
            if alert["status"] == "firing" and key not in self._known:
                self._known.add(key)
                self.seen.append(Page(labels["variant"], labels["alertname"], at))

    def first(self, variant: str, since: float) -> Page | None:
        """Return a variant's first page at or after `since` (Unix seconds); None while there is none."""
        return next((page for page in self.seen if page.variant == variant and page.at >= since), None)
