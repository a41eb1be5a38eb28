"""Every view: accessible, from 360 px up, whole with the keyboard; nothing moves under the pointer."""

import copy
import gzip
import re
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from support.pages import BUILT, Recorded, answer, axe, example, hear

VIEWS = ("now", "incidents", "incidents?q=crash", "incidents/1", "incidents/13", "traces/ffff", "nothing/here")
MOMENT = 60_000
NOW = example("now")


def settled(page: Page) -> None:
    """Wait until the view has its answer."""
    expect(page.locator("main")).not_to_contain_text(re.compile(r"Reading .* …|Asking"), timeout=MOMENT)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("view", VIEWS[:5])
def test_axe_finds_nothing(
    chromium: Browser, calm: Recorded, view: str, scheme: Literal["dark", "light"], width: int
) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    page.goto(calm.url + view)
    settled(page)
    folded = page.locator("details:not([open]) > summary:visible")
    for _ in range(min(3, folded.count())):
        folded.first.click()

    assert axe(page) == []
    page.close()


@pytest.mark.parametrize("dialog", ["Hold", "Halt", "Sign in", "Theme, keys and help"])
def test_axe_finds_nothing_in_a_dialog(page: Page, calm: Recorded, dialog: str) -> None:
    page.goto(calm.url)
    page.get_by_role("button", name=dialog, exact=True).click()

    assert axe(page) == []


def test_axe_finds_nothing_in_the_middle_of_an_incident(page: Page, calm: Recorded) -> None:
    hear(page, NOW)
    answer(page, "incidents/25", example("incident"))
    for view in ("now", "incidents/25"):
        page.goto(calm.url + view)
        settled(page)
        assert axe(page) == []


@pytest.mark.parametrize(("colour", "faint"), [("#9a9a9a", True), ("#101010", False)])
def test_what_axe_cannot_compute_is_measured_on_pixels(page: Page, colour: str, faint: bool) -> None:
    page.set_content(
        "<!doctype html><html lang=en><title>t</title><main><h1>t</h1>"
        f"<p style='background: linear-gradient(#c0c0c0, #c8c8c8); color: {colour}'>a text on a gradient</p></main>"
    )

    assert bool([line for line in axe(page) if line.startswith("contrast ")]) is faint


@pytest.mark.parametrize("width", [360, 720, 1280, 1920])
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_the_window(page: Page, calm: Recorded, view: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(calm.url + view)
    settled(page)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_goes_everywhere(page: Page, calm: Recorded) -> None:
    page.goto(calm.url)
    settled(page)
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page).to_have_url(re.compile("/incidents$"))
    settled(page)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search incidents and lessons")).to_be_focused()
    page.keyboard.type("restart")
    expect(page).to_have_url(re.compile(r"\?q=restart$"))
    page.get_by_role("searchbox").blur()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/incidents/[0-9]+$"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Theme, keys, shapes")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("searchbox", name="Search incidents and lessons")).to_be_focused()


def test_single_keys_can_be_switched_off(page: Page, calm: Recorded) -> None:
    page.goto(calm.url)
    page.keyboard.press("?")
    page.get_by_label("Single keys are shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")

    expect(page.get_by_role("dialog")).to_have_count(0)


def test_filters_are_in_the_address_and_back_works(page: Page, calm: Recorded) -> None:
    page.goto(calm.url + "incidents?kind=Conversion")
    expect(page.get_by_text(re.compile(r"^1 of \d+ incidents"))).to_be_visible(timeout=MOMENT)
    page.get_by_role("link", name="Clear").click()
    expect(page).to_have_url(re.compile("/incidents$"))
    page.go_back()

    expect(page).to_have_url(re.compile(r"\?kind=Conversion$"))
    expect(page.get_by_role("row")).to_have_count(2)


def test_a_row_stays_under_the_pointer(page: Page, calm: Recorded) -> None:
    hear(page, NOW)
    page.goto(calm.url)
    rows = page.locator("sre-services tbody tr")
    names = rows.locator(".name").all_inner_texts()
    rows.first.hover()

    page.evaluate("order => window.say({ services: { order } })", names[::-1])
    page.evaluate("row => window.say({ services: { set: { [row.name]: row } } })", {**NOW["services"][0], "rate": 77.0})

    expect(rows.first).to_contain_text("77/s")
    assert rows.locator(".name").all_inner_texts() == names


def test_a_state_that_is_not_known_is_never_shown_as_well(page: Page, calm: Recorded) -> None:
    blind: dict[str, Any] = copy.deepcopy(NOW)
    blind["sentence"] |= {"state": "blind", "text": "Scout sees nothing: telemetry is silent.", "title": "blind"}
    blind["journeys"][0] |= {"state": "blind", "value": None, "why": "no telemetry for 12 s"}
    for service in blind["services"]:
        service |= {
            "state": "blind",
            "why": "no telemetry",
            "detector": None,
            "rate": None,
            "errors": None,
            "p95_s": None,
        }
    blind["loops"] = []
    hear(page, blind)
    page.goto(calm.url)

    expect(page).to_have_title(re.compile("^blind"))
    expect(page.locator("sre-journey .value")).to_have_text("–")
    expect(page.locator("sre-services")).to_contain_text("3 services, none seen")
    shapes = page.evaluate(
        "[...document.querySelector('sre-page').shadowRoot.querySelector('sre-now').shadowRoot"
        ".querySelector('sre-services').shadowRoot.querySelectorAll('sre-state')].map(one => one.state)"
    )
    assert set(shapes) == {"blind"}


def test_a_clock_that_is_an_hour_off_is_said(page: Page, calm: Recorded) -> None:
    hear(page, NOW, at=int(page.evaluate("Date.now()")) - 3_600_000)
    page.goto(calm.url)

    expect(page.get_by_text("This browser's clock is 60 min ahead of the server's.")).to_be_visible()


def test_a_problem_is_said_in_the_servers_words_with_a_way_to_ask_again(page: Page, calm: Recorded) -> None:
    page.goto(calm.url + "incidents/12")

    expect(page.get_by_role("heading", level=1)).to_have_text("issue 12 is not an incident of this space")
    expect(page.get_by_role("button", name="Ask again")).to_be_visible()


def test_forced_colours_and_reduced_motion_are_kept(chromium: Browser, calm: Recorded) -> None:
    page = chromium.new_page(forced_colors="active", reduced_motion="reduce")
    page.goto(calm.url)
    settled(page)

    glass = page.evaluate(
        "getComputedStyle(document.querySelector('sre-page').shadowRoot.querySelector('sre-now')"
        ".shadowRoot.querySelector('sre-sentence').shadowRoot.querySelector('.glass')).backdropFilter"
    )
    assert glass == "none"
    assert page.evaluate("document.getAnimations().length") == 0
    page.close()


def test_the_theme_is_chosen_and_kept(page: Page, calm: Recorded) -> None:
    page.goto(calm.url)
    page.keyboard.press("?")
    page.get_by_role("button", name="light").click()
    page.reload()

    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(243, 245, 250)"


def test_the_story_is_copied_as_markdown(page: Page, calm: Recorded) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(calm.url + "incidents/1")
    page.get_by_role("button", name="Copy as Markdown").first.click()
    expect(page.get_by_text("The story is copied as Markdown.")).to_be_visible()

    assert page.evaluate("navigator.clipboard.readText()").startswith("# Incident 1")


def test_evidence_opens_its_trace_in_place(page: Page, calm: Recorded) -> None:
    page.goto(calm.url + "incidents/1")
    trace = page.locator("sre-evidence")
    trace.get_by_role("button", name="trace", exact=False).first.click(timeout=MOMENT)

    expect(page).to_have_url(re.compile(r"\?evidence=span"))
    expect(page.locator("sre-waterfall, sre-evidence [role=alert]").first).to_be_visible(timeout=MOMENT)


def test_twenty_thousand_spans_scroll_as_twenty_do(page: Page, calm: Recorded) -> None:
    waterfall = example("waterfall")
    span: dict[str, Any] = waterfall["spans"][0]
    waterfall["spans"] = [
        {**span, "id": f"{number:016x}", "parent": f"{number - 1:016x}" if number else "", "depth": number % 40,
         "start_us": number, "duration_us": 20_000 - number, "error": number == 15_000, "culprit": False}
        for number in range(20_000)
    ]  # fmt: skip
    waterfall |= {"duration_us": 20_000, "errors": 1}
    answer(page, "traces/abc", waterfall)
    page.goto(calm.url + "traces/abc")
    rows = page.locator("sre-waterfall .row")
    expect(rows.first).to_be_visible(timeout=MOMENT)

    page.get_by_role("button", name="Next error (1)").click()

    expect(page.locator("sre-waterfall").get_by_role("option", selected=True)).to_have_attribute(
        "aria-posinset", "15001"
    )
    assert rows.count() < 80


def test_two_hundred_services_are_shown_by_impact_and_found_by_name(page: Page, calm: Recorded) -> None:
    many = copy.deepcopy(NOW)
    many["services"] = [{**NOW["services"][1], "name": f"service-{number:03d}"} for number in range(200)]
    hear(page, many)
    page.goto(calm.url)
    expect(page.locator("sre-services tbody tr")).to_have_count(25)
    page.get_by_role("searchbox", name="Find a service").fill("service-17")

    expect(page.locator("sre-services tbody tr")).to_have_count(10)


def test_no_name_of_the_demo_is_in_the_page() -> None:
    built = "".join(path.read_text() for path in BUILT.parent.glob("*.js"))

    assert not re.search(r"quote-service|policy-service|user-service|insurance", built)


def test_the_page_is_small() -> None:
    assert sum(len(gzip.compress(path.read_bytes())) for path in BUILT.parent.iterdir()) <= 150_000
