"""A Chromium and a server of recorded facts for each module: playwright's loop may not run beside async tests."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect
from support import pages

SIZE: ViewportSize = {"width": 1280, "height": 900}
expect.set_options(timeout=60_000)  # ends what hangs, however slow the machine is


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here, and skip it with its reason where no browser can run."""
    why = pages.why_not()
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            if why:
                item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start the browser."""
    with pages.browser() as started:
        yield started


@pytest.fixture(scope="module")
def calm() -> Iterator[pages.Recorded]:
    """Serve recorded incidents, and none that is open."""
    with pages.recorded("--calm") as served:
        yield served


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """Make a browser's profile of its own, whose pages may say nothing wrong on the console."""
    with chromium.new_context(viewport=SIZE, reduced_motion="reduce", color_scheme="dark") as made:
        wrong: list[str] = []
        made.on("console", lambda message: noted(message, wrong))
        made.on("weberror", lambda error: wrong.append(str(error.error)))
        yield made
        assert not wrong


def noted(message: ConsoleMessage, wrong: list[str]) -> None:
    """Remember an error or a warning, as of the Content-Security-Policy; an answer that is not 200 is no fault."""
    if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
        wrong.append(message.text)


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Open a tab."""
    return context.new_page()
