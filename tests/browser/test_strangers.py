"""Text of strangers stays text, and a page from another port of the host can neither read, act nor listen."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.pages import ATTACK, HOSTILE, Recorded, another_port, answer, assert_unharmed, example, hear

KEPT = {
    "html",
    "state",
    "trace_id",
    "span_id",
    "id",
    "plan",
    "shows",
    "source",
    "opens",
    "unit",
    "agent",
    "step",
    "result",
}
MOMENT = 60_000


def hostile(value: Any, key: str = "") -> Any:  # noqa: ANN401 - JSON
    """Return the same answer with a hostile text in place of every text that is free."""
    if isinstance(value, dict):
        return {name: hostile(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [hostile(one, key) for one in value]
    return HOSTILE if isinstance(value, str) and key not in KEPT else value


def test_hostile_texts_of_the_stream_are_shown_as_text(page: Page, calm: Recorded) -> None:
    now = hostile(example("now"))
    for name in ("journeys", "services"):
        for number, row in enumerate(now[name]):
            row["name"] = f"{number} {HOSTILE}"
    hear(page, now)
    page.goto(calm.url)

    assert_unharmed(page)


def test_hostile_titles_facts_and_spans_are_shown_as_text(page: Page, calm: Recorded) -> None:
    answer(page, "incidents/25", hostile(example("incident")))
    answer(page, "incidents/25/traces", hostile(example("traces")))
    answer(page, "incidents/25/traces/[0-9a-f]+", hostile(example("waterfall")))
    page.goto(calm.url + "incidents/25")
    expect(page.locator("sre-waterfall .row").first).to_be_visible(timeout=MOMENT)

    assert_unharmed(page)


def test_hostile_rows_and_lessons_are_shown_as_text(page: Page, calm: Recorded) -> None:
    answer(page, "incidents", hostile(example("incidents")))
    answer(page, "lessons", hostile(example("lessons")))
    page.goto(calm.url + "incidents?q=" + "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")

    assert_unharmed(page)


def test_html_that_the_server_let_through_can_still_run_nothing(chromium: Browser, calm: Recorded) -> None:
    page = chromium.new_page()  # its console says that the policy refused it, as it should
    evil = example("incident")
    evil["facts"] = [{**fact, "html": "<p>seen</p><img src=x onerror='window.harmed=1'>"} for fact in evil["facts"]]
    answer(page, "incidents/25", evil)
    page.goto(calm.url + "incidents/25")
    page.locator("sre-facts summary").first.click(timeout=MOMENT)
    expect(page.get_by_text("seen", exact=True).first).to_be_visible()

    assert page.evaluate("window.harmed") is None
    page.close()


@pytest.fixture
def other_port() -> Iterator[str]:
    """Serve an empty page of another port of the same host."""
    with another_port() as address:
        yield address


def test_a_page_of_another_port_can_neither_read_act_nor_listen(
    chromium: Browser, page: Page, calm: Recorded, other_port: str
) -> None:
    stranger = chromium.new_page()  # its console complains, as it should
    stranger.goto(other_port)

    assert stranger.evaluate(ATTACK, [calm.url, calm.token]) == ["refused"] * 4 + [0]
    page.goto(calm.url)
    expect(page.get_by_role("button", name="Halt", exact=True).first).to_be_visible(timeout=MOMENT)
    stranger.close()
