"""The dashboard's page in a headless Chromium: the browser, the server of recorded facts, and made-up streams."""

import contextlib
import http.server
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from support.contrast import too_faint
from support.waiting import free_port, until

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "src" / "sre_space" / "dashboard" / "examples"
BUILT = ROOT / "src" / "sre_space" / "dashboard" / "static" / "index.html"
AXE = ROOT / "apps" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SINGLE = ("sentence", "sources", "mode", "agents", "detectors")
KEYS = {
    "journeys": "name",
    "services": "name",
    "loops": "incident",
    "feed": "id",
    "marks": "id",
    "excused": "id",
    "doubts": "id",
}

HOSTILE = "<img src=x onerror='window.harmed=1'><script>window.harmed=1</script>{{7*7}}${7*7}\u202e"
COUNT = """
() => {
  const within = (one) => (one.shadowRoot ? all(one.shadowRoot) : []);
  const all = (root) => [...root.querySelectorAll("*")].flatMap((one) => [one, ...within(one)]);
  return all(document).filter((one) => one.matches("img, script:not([type=module]), iframe, object, embed")).length;
}
"""
# What a page of another origin tries with a stolen token: read, read as ada, halt, listen.
ATTACK = """
async ([url, token]) => {
  const tried = async (path, init) => {
    try { const response = await fetch(url + path, init); return response.type + " " + response.status; }
    catch { return "refused"; }
  };
  const listened = await new Promise((resolve) => {
    const source = new EventSource(url + "api/v1/stream", { withCredentials: true });
    source.onmessage = source.onopen = () => resolve("open");
    source.onerror = () => resolve("refused");
  });
  const signed = { Authorization: "Bearer " + token };
  const order = { method: "POST", body: JSON.stringify({ verb: "halt" }) };
  return [
    await tried("api/v1/now"),
    await tried("api/v1/now", { headers: signed }),
    await tried("api/v1/orders", { ...order, headers: { "Content-Type": "application/json", ...signed } }),
    listened,
    window.frames.length,
  ];
}
"""

# Answers the page's stream with panels that the test chose, and keeps it open with a beat each second.
STREAM = """
(() => {
  const real = window.fetch.bind(window);
  const text = (name, id, body) => `event: ${name}\\nid: t-${id}\\ndata: ${JSON.stringify(body)}\\n\\n`;
  window.heard = PANELS;
  window.fetch = (input, init) => {
    if (!String(input).endsWith("/stream")) return real(input, init);
    let timer;
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      start(controller) {
        const at = () => AT || Date.now();
        let number = 0;
        controller.enqueue(encoder.encode(text("reset", number, { at: at(), panels: window.heard })));
        window.say = (panels) => controller.enqueue(encoder.encode(text("delta", ++number, { at: at(), panels })));
        const beat = () => controller.enqueue(encoder.encode(text("beat", ++number, { at: at(), panels: {} })));
        timer = setInterval(beat, 1000);
      },
      cancel() { clearInterval(timer); },
    });
    return Promise.resolve(new Response(body, { headers: { "Content-Type": "text/event-stream" } }));
  };
})();
"""


def why_not() -> str:
    """Return why no browser test can run here, or an empty text."""
    if not any(shutil.which(name) for name in BROWSERS):
        return "there is no Chromium; on Debian and Ubuntu: apt-get install chromium"
    return "" if BUILT.is_file() else "the page is not built; `make page` says why"


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the installed Chromium without a window; end it."""
    path = next(found for name in BROWSERS if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()


@dataclass(frozen=True)
class Recorded:
    """A dashboard over recorded facts at `url`, with ada's token and its process."""

    url: str
    token: str
    process: subprocess.Popen[str]


@contextmanager
def recorded(*options: str) -> Iterator[Recorded]:
    """Serve recorded facts with these options of tools/dashboard_recorded.py."""
    port = free_port()
    command = [sys.executable, str(ROOT / "tools" / "dashboard_recorded.py"), "--port", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        try:
            until(lambda: answers(port), "the server of recorded facts answers")
            yield Recorded(first.split("/   ")[0] + "/", second.rpartition(" ")[2].strip(), process)
        finally:
            process.terminate()


def answers(port: int) -> bool:
    """Return whether somebody listens on a port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def example(name: str) -> dict[str, Any]:
    """Return a real answer of the API, as its OpenAPI document has it."""
    body: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text())
    return body


def panels(now: Mapping[str, Any]) -> dict[str, Any]:
    """Return the panels that the stream would send for an answer of `GET /now`."""
    made = {name: {"set": {"": now[name]}, "order": [""]} for name in SINGLE}
    for name, key in KEYS.items():
        rows = {str(row[key]): row for row in now[name]}
        made[name] = {"set": rows, "order": list(rows)}
    made["sparks"] = {"set": now["sparks"], "order": list(now["sparks"])}
    return made


def hear(page: Page, now: Mapping[str, Any], at: int = 0) -> None:
    """Let the page hear these panels instead of the server's; `at` fixes the server's clock (Unix ms)."""
    said = json.dumps(panels(now))
    page.add_init_script(STREAM.replace("PANELS", said).replace("AT ||", f"{at} ||"))


def answer(page: Page, path: str, body: Mapping[str, Any]) -> None:
    """Let the API answer requests of a path, a regular expression, with this body."""
    page.route(re.compile(rf"/api/v1/{path}(\?|$)"), lambda route: route.fulfill(json=body))


def axe(page: Page) -> Sequence[str]:
    """Return axe-core's violations of WCAG 2.2 A and AA on the page as it is, one line each.

    Contrasts that it cannot compute are measured on the screen's pixels.
    """
    page.evaluate(AXE.read_text() + "; undefined")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run(document, { runOnly: { type: 'tag', values: tags } })", tags)
    wrong = [(one, node) for one in found["violations"] for node in one["nodes"][:3]]
    lines = [f"{one['id']}: {one['help']}: {node['target']}" for one, node in wrong]
    return [*lines, *too_faint(page, found["incomplete"])]


@contextmanager
def another_port() -> Iterator[str]:
    """Serve an empty page of another port of the same host."""

    class Empty(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>another</title>")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def sheet_of(page: Page, heading: str) -> Locator:
    """Return the sheet with this heading, and what is slotted into it."""
    return page.locator("sre-sheet").filter(has=page.get_by_role("dialog", name=heading))


def signed_in(page: Page, token: str) -> None:
    """Sign in as ada, whose token this is."""
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Token").fill(token)
    page.get_by_label("Token").press("Enter")
    expect(page.get_by_role("button", name="ada")).to_be_visible()


def assert_unharmed(page: Page) -> None:
    """Assert that a hostile text is shown, and neither ran nor became an element."""
    expect(page.get_by_text("onerror").first).to_be_visible(timeout=60_000)
    assert page.evaluate("window.harmed") is None
    assert page.evaluate(COUNT) == 0
