"""Pictures of each view, dark and light, at 360, 1280 and 1920 px: `make screenshots` writes them into a folder.

Healthy, in the middle of an incident and after it over recorded facts (tools/dashboard_recorded.py); blind and empty
with made-up panels. Look at each with a critical eye before a release (docs/dashboard.md).
"""

import copy
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

from playwright.sync_api import Browser, Page  # noqa: E402
from support.pages import answer, browser, example, hear, recorded, why_not  # noqa: E402

from sre_space.dashboard.reading.sentences import BLIND  # noqa: E402

WIDTHS = (360, 1280, 1920)
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
SETTLES_MS = 1_500
AFTER_MS = 15_000
BLIND_MS = 60_000
DOCUMENTED, FIRST_SCREEN = 1280, 800  # the documents show what fits on this screen
HISTORY_S = "75"  # of health before the incident, so that the chart shows a before


def main() -> None:
    """Write every picture into the folder that the first argument names."""
    if why := why_not():
        sys.exit(f"screenshots: {why}")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    with browser() as started:
        with recorded("--live", "waiting-plan", "--quiet", HISTORY_S) as served:
            wait_for_the_plan(started, served.url)
            number = opened(started, served.url)
            everywhere(started, folder / "now-incident", served.url)
            incident = f"{served.url}incidents/{number}"
            everywhere(started, folder / "incident-waiting", incident, token=served.token)
            everywhere(started, folder / "dialog-approve", incident, token=served.token, then=press("Approve …"))
            everywhere(started, folder / "dialog-hold", served.url, token=served.token, then=press("Hold"))
        with recorded("--live", "issue-07", "--quiet", HISTORY_S) as served:
            number = opened(started, served.url)
            healed(started, f"{served.url}incidents/{number}")
            everywhere(started, folder / "incident-after", f"{served.url}incidents/{number}")
        with recorded("--calm") as served:
            everywhere(started, folder / "incidents", f"{served.url}incidents")
            everywhere(started, folder / "now-blind", served.url, blind)
            everywhere(started, folder / "now-empty", served.url, empty)
            everywhere(started, folder / "now-healthy", served.url)


def wait_for_the_plan(started: Browser, url: str) -> None:
    """Return once a plan waits for a person."""
    page = started.new_page()
    page.goto(url)
    page.get_by_text("waits for a person").first.wait_for(timeout=300_000)
    page.close()


def opened(started: Browser, url: str) -> str:
    """Return the number of the open incident."""
    page = started.new_page()
    page.goto(url)
    address = page.locator("sre-sentence .open a").get_attribute("href", timeout=300_000) or ""
    page.close()
    return address.rpartition("/")[2]


def healed(started: Browser, url: str) -> None:
    """Return once the incident is over, with some of what followed on its chart."""
    page = started.new_page()
    page.goto(url)
    page.locator("sre-incident-head .chip", has_text="healed").wait_for(timeout=300_000)
    page.wait_for_timeout(AFTER_MS)
    page.close()


def press(name: str) -> Callable[[Page], None]:
    """Return what opens a dialog: the visible button of this name; on a phone it may be behind *Act*."""

    def open_it(page: Page) -> None:
        button = page.get_by_role("button", name=name, exact=True)
        if not button.count():
            page.get_by_role("button", name="Act", exact=True).click()
            button = page.get_by_role("button", name=f"{name} …", exact=True)
        button.first.click()

    return open_it


def everywhere(
    started: Browser,
    target: Path,
    url: str,
    prepare: Callable[[Page], None] | None = None,
    *,
    token: str = "",
    then: Callable[[Page], None] | None = None,
) -> None:
    """Write one view's pictures; of a dialog, which `then` opens, only what is on the screen."""
    for scheme in SCHEMES:
        for width in WIDTHS:
            page = started.new_page(
                viewport={"width": width, "height": FIRST_SCREEN}, color_scheme=scheme, reduced_motion="reduce"
            )
            if prepare:
                prepare(page)
            if token:
                page.add_init_script(f"sessionStorage.setItem('sre-space-token', '{token}')")
            page.goto(url)
            page.wait_for_timeout(SETTLES_MS)  # what is drawn once a second is drawn
            if then:
                then(page)
            else:
                if width == DOCUMENTED:
                    page.screenshot(path=f"{target}-{scheme}-first.png")
                # The whole view on one screen: what is fixed at its foot is not in its middle.
                height = page.evaluate("document.documentElement.scrollHeight")
                page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(SETTLES_MS)
            page.screenshot(path=f"{target}-{scheme}-{width}.png")
            page.close()
    print(target)


def blind(page: Page) -> None:
    """Show a space whose telemetry is silent."""
    now = known(page)
    now["sentence"] |= {
        "state": "blind", "title": "BLIND", "incident": None, "text": "Scout is blind: no telemetry for 12 s.",
        "detail": f"{BLIND}.",
    }  # fmt: skip
    now["journeys"][0] |= {"state": "blind", "value": None, "why": "no telemetry for 12 s"}
    for burn in now["journeys"][0]["objective"]["burns"]:
        burn |= {"rate": None, "firing": False, "judges": False, "why": "no telemetry"}
    for service in now["services"]:
        unknown = dict.fromkeys(("detector", "rate", "errors", "p95_s", "memory", "incident"))
        service |= {"state": "blind", "why": "no telemetry for 12 s", **unknown}
    now["loops"], now["excused"] = [], []
    answer(page, "series", until_blind(now["at"]))
    hear(page, now, now["at"])


def until_blind(at: int) -> dict[str, Any]:
    """Return a history of a quarter of an hour, of which the last minute was not seen."""
    times = list(range(at - 900_000, at, 5_000))
    seen = [time < at - BLIND_MS for time in times]
    steady = {"value": 0.61, "floor": 0.5, "usual": 0.61}
    lines = {
        name: [
            number + (0.01 * math.sin(time / 9e4) if name == "value" else 0) if one else None
            for time, one in zip(times, seen, strict=True)
        ]
        for name, number in steady.items()
    }
    gap = {"since": at - BLIND_MS, "until": at, "why": "blind"}
    return {
        **example("series"),
        "since": times[0],
        "until": at,
        "resolution_s": 5.0,
        "times": times,
        "lines": lines,
        "gaps": [gap],
        "kept_since": times[0],
    }


def empty(page: Page) -> None:
    """Show a space that has just been set up."""
    now = known(page)
    now["sentence"] |= {
        "state": "learning", "title": "learning", "incident": None, "detail": "Outages are already seen.",
        "text": "Learning what is usual: 20 of 150 s.",
    }  # fmt: skip
    for name in ("journeys", "services", "loops", "feed", "marks", "excused", "doubts"):
        now[name] = []
    now["sparks"], now["agents"]["last"] = {}, None
    now["agents"]["text"] = "Scout looked 0.3 s ago. Brain, Fixer and Memory ready. There has been no incident."
    answer(page, "map", {**example("map"), "nodes": [], "edges": [], "traces": 0, "why": "No trace has been received."})
    hear(page, now, now["at"])


def known(page: Page) -> dict[str, Any]:
    """Return a real answer, at whose time the page's clock is set; charts show the history that belongs to it."""
    now = copy.deepcopy(example("now"))
    page.clock.set_fixed_time(now["at"] / 1000)
    answer(page, "series", example("series"))
    return now


if __name__ == "__main__":
    main()
