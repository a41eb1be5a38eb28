"""The dashboard's page in a headless Chromium: the browser, the server of recorded facts, and made-up streams."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
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
    """Return axe-core's violations of WCAG 2.2 A and AA on the page as it is, one line each."""
    page.evaluate(AXE.read_text() + "; undefined")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run(document, { runOnly: { type: 'tag', values: tags } })", tags)
    return [f"{one['id']}: {one['help']}: {node['target']}" for one in found["violations"] for node in one["nodes"][:3]]
