"""`make bench-dashboard`: the figures of docs/dashboard.md. With `space` as argument those of a whole space as well.

Size and first paint of the page over recorded facts; frames with 200 services and 1,000 incidents; what 20 clients
cost.
In a whole space: how long after its signature a fact is on the page, and what the process takes beside an agent's.
"""

import asyncio
import copy
import gzip
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

import httpx  # noqa: E402
import psutil  # noqa: E402
from playwright.sync_api import Browser, Page  # noqa: E402
from support.pages import BUILT, answer, browser, example, hear, panels, recorded, why_not  # noqa: E402

LOADS, FRAMES_S, CLIENTS, CLIENTS_S, KILLS = 9, 10, 20, 20, 5
SERVICES, INCIDENTS = 200, 1_000
VICTIM = "policy-service"
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
FRAMES = """
seconds => new Promise(resolve => {
  const took = []; let before = performance.now(); const end = before + seconds * 1000;
  const step = now => {
    took.push(now - before); before = now; now < end ? requestAnimationFrame(step) : resolve(took);
  };
  requestAnimationFrame(step);
})
"""
# Notes at each frame when a row of facts is on the page for the first time.
SEEN = """
(() => {
  window.seen = {};
  const inside = (one, name) => (one.shadowRoot ? within(one.shadowRoot, name) : null);
  const within = (root, name) => [...root.querySelectorAll("*")].reduce(
    (found, one) => found ?? (one.localName === name ? one : inside(one, name)), null);
  let feed = null;
  const look = () => {
    feed = feed?.isConnected ? feed : within(document, "sre-feed");
    for (const row of feed?.shadowRoot.querySelectorAll("li") ?? []) {
      const key = [".what a", ".who", ".words"].map((one) => row.querySelector(one)?.textContent ?? "").join("|");
      window.seen[key] ??= Date.now();
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
"""


def main() -> None:
    """Measure, and print a line for each figure."""
    if why := why_not():
        sys.exit(f"bench_dashboard: {why}")
    show("the page, compressed", f"{compressed() / 1000:.0f} kB", "≤ 150 kB")
    with browser() as started, recorded("--calm") as served:
        show("first paint, median of 9", f"{first_paint(started, served.url):.2f} s", "≤ 0.5 s")
        for name, took in frames(started, served.url):
            show(f"p95 frame, {name}", f"{took:.0f} ms", "≤ 33 ms")
    with recorded("--calm") as served:
        alone, heard = costs(served.url, psutil.Process(served.process.pid))
        show(f"a core for {CLIENTS} clients, over recorded facts", f"{100 * (heard - alone):.1f} %", "≤ 5 %")
    if "space" in sys.argv[1:]:
        whole_space()


def show(what: str, figure: str, wanted: str) -> None:
    """Print one figure."""
    print(f"| {what} | {figure} | {wanted} |", flush=True)


def compressed() -> int:
    """Return the bytes that a browser loads at first, compressed."""
    return sum(len(gzip.compress(path.read_bytes())) for path in BUILT.parent.rglob("*") if path.is_file())


def first_paint(started: Browser, url: str) -> float:
    """Return the median seconds until something is painted, each in a profile of its own."""
    took = []
    for _ in range(LOADS):
        with started.new_context(viewport={"width": 1280, "height": 900}) as context:
            page = context.new_page()
            page.goto(url)
            page.wait_for_function(f"() => {PAINT} > 0")
            took.append(float(page.evaluate(PAINT)) / 1000)
    return statistics.median(took)


def frames(started: Browser, url: str) -> Iterator[tuple[str, float]]:
    """Yield the p95 of the frames (ms): of Now, whose numbers all change every second, and of the list, scrolling."""
    with started.new_context(viewport={"width": 1280, "height": 900}) as context:
        page, now = context.new_page(), busy()
        hear(page, now)
        page.goto(url)
        page.locator("sre-services tbody tr").first.wait_for()
        page.evaluate(CHANGING, panels(now)["services"])
        yield f"Now with {SERVICES} services", p95(page)
        page.close()
        page = context.new_page()
        rows = example("incidents")
        rows["incidents"] = [{**rows["incidents"][0], "number": INCIDENTS - one} for one in range(INCIDENTS)]
        answer(page, "incidents", rows)
        page.goto(f"{url}incidents")
        page.locator("sre-incident-table tbody tr").first.wait_for()
        page.evaluate("setInterval(() => window.scrollBy(0, 40), 16)")
        yield f"the list of {INCIDENTS:,} incidents while it scrolls", p95(page)


CHANGING = """
panel => setInterval(() => {
  for (const row of Object.values(panel.set)) row.rate = Math.random() * 50;
  window.say({ services: { set: structuredClone(panel.set) } });
}, 1000)
"""


def busy() -> Mapping[str, Any]:
    """Return the view Now of an application with many services."""
    now = copy.deepcopy(example("now"))
    now["services"] = [{**now["services"][0], "name": f"service-{one:03d}"} for one in range(SERVICES)]
    now["sparks"] = {f"service-{one:03d}": next(iter(now["sparks"].values())) for one in range(SERVICES)}
    return now


def p95(page: Page) -> float:
    """Return the p95 of the frames of a page (ms)."""
    took: list[float] = page.evaluate(FRAMES, FRAMES_S)
    return statistics.quantiles(took[5:], n=20)[-1]


def costs(url: str, process: psutil.Process) -> tuple[float, float]:
    """Return the share of a core that a dashboard takes without clients, and with them."""
    alone = share(process)
    with clients(url):
        time.sleep(3)  # until each has its first event, which is the largest
        return alone, share(process)


def share(process: psutil.Process) -> float:
    """Return the share of a core that a process takes."""
    used, begun = process.cpu_times(), time.monotonic()
    time.sleep(CLIENTS_S)
    now = process.cpu_times()
    return (now.user + now.system - used.user - used.system) / (time.monotonic() - begun)


@contextmanager
def clients(url: str, heard: list[tuple[float, Mapping[str, Any]]] | None = None) -> Iterator[None]:
    """Listen with so many clients; the first one notes the rows of facts that it hears, and when."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    done = [asyncio.run_coroutine_threadsafe(listen(url, None if one else heard), loop) for one in range(CLIENTS)]
    try:
        yield
    finally:
        for one in done:
            one.cancel()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def listen(url: str, heard: list[tuple[float, Mapping[str, Any]]] | None) -> None:
    """Follow the stream for ever."""
    async with (
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
        client.stream("GET", f"{url}api/v1/stream") as stream,
    ):
        async for line in stream.aiter_lines():
            if heard is not None and line.startswith("data:") and '"feed"' in line:
                rows = json.loads(line[5:])["panels"].get("feed", {}).get("set", {})
                heard += [(time.time(), row) for row in rows.values()]


def whole_space() -> None:
    """Measure a space of its own that is broken a few times."""
    from support.live import start  # noqa: PLC0415 - it needs the embedded space

    live = start(Path(tempfile.mkdtemp(prefix="sre-space-bench-")))
    try:
        live.healthy()
        url = f"http://127.0.0.1:{live.running.ports['dashboard_port']}/"
        process = psutil.Process(live.pid("dashboard"))
        alone, heard = costs(url, process)
        show("a core, alone", f"{100 * alone:.1f} %", "")
        show(f"a core, with {CLIENTS} clients", f"{100 * heard:.1f} %", "≤ 5 %")
        agents = [psutil.Process(live.pid(name)).memory_info().rss for name in ("scout", "brain", "fixer", "memory")]
        over = (process.memory_info().rss - statistics.median(agents)) / 1e6
        show("memory over an agent's process", f"{over:.0f} MB", "≤ 30 MB")
        with browser() as started:
            page, facts = started.new_page(), list[tuple[float, Mapping[str, Any]]]()
            page.add_init_script(SEEN)
            page.goto(url)
            with clients(url, facts):
                time.sleep(3)
                for _ in range(KILLS):
                    begun = time.time_ns()
                    live.kill(VICTIM)
                    live.closed(live.outage(VICTIM, begun).issue)
                    live.healthy()
                shown: dict[str, float] = page.evaluate("window.seen")
            told(facts, shown)
    finally:
        live.down()


def told(facts: Sequence[tuple[float, Mapping[str, Any]]], shown: Mapping[str, float]) -> None:
    """Print how long after its signature each fact was heard, and was on the page."""
    first = {row["id"]: (at, row) for at, row in reversed(facts) if row.get("seq") is not None}
    recent = {id: one for id, one in first.items() if one[0] - one[1]["at"] / 1000 < 60}  # not those of the first event
    heard = [at - row["at"] / 1000 for at, row in recent.values()]
    plain = {id: row["text"].replace("`", "") for id, (_, row) in recent.items()}
    keys = {f"{row['incident']}|{row['agent']}|{plain[id]}": row["at"] / 1000 for id, (_, row) in recent.items()}
    drawn = [shown[key] / 1000 - at for key, at in keys.items() if key in shown]
    for what, took in (("a fact in the stream after its signature", heard), ("a fact on the page after it", drawn)):
        if len(took) > 2:
            figure = (
                f"{statistics.median(took):.2f} s, p95 {statistics.quantiles(took, n=20)[-1]:.2f} s (n = {len(took)})"
            )
            show(what, figure, "≤ 0.3 s")


if __name__ == "__main__":
    main()
