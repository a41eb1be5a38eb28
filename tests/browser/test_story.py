"""The page tells an incident while it happens, and a person's orders reach the record."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from support.pages import Recorded, recorded, sheet_of, signed_in

MOMENT = 60_000


@pytest.fixture
def crashing() -> Iterator[Recorded]:
    with recorded("--live", "issue-01", "--quiet", "8") as served:
        yield served


@pytest.fixture
def waiting() -> Iterator[Recorded]:
    with recorded("--live", "waiting-plan", "--quiet", "2") as served:
        yield served


def test_a_crash_is_told_from_the_first_symptom_to_the_recovery(page: Page, crashing: Recorded) -> None:
    page.goto(crashing.url)
    headline = page.get_by_role("heading", level=1)
    expect(headline).to_contain_text("well", timeout=MOMENT)

    expect(headline).to_contain_text("does not answer", timeout=MOMENT)
    expect(page.get_by_role("row", name="policy-service")).to_contain_text("no connection")
    expect(page).to_have_title(re.compile("incident [0-9]+: "))
    page.get_by_role("link", name=re.compile("^Open incident")).click()

    expect(page).to_have_url(re.compile("/incidents/[0-9]+$"))
    expect(page.get_by_label(re.compile("^What (was|is being) done$"))).to_contain_text("restarted", timeout=MOMENT)
    expect(page.get_by_label("Is it over")).to_contain_text("recovered", timeout=MOMENT)
    expect(page.get_by_text("every signature verified")).to_be_visible()
    expect(page.get_by_role("heading", name="Post-mortem", exact=True)).to_be_visible(timeout=MOMENT)


def test_a_person_is_told_before_the_click_and_approves_the_exact_change(page: Page, waiting: Recorded) -> None:
    page.goto(waiting.url)
    signed_in(page, waiting.token)
    page.get_by_role("link", name=re.compile("^Open incident")).click(timeout=MOMENT)
    decision = page.get_by_label("Decision")
    expect(decision).to_contain_text("you are ada", timeout=MOMENT)

    decision.get_by_role("button", name="Approve").click()
    sheet = sheet_of(page, "Approve this change?")
    command = decision.locator(".command").inner_text()
    expect(sheet).to_contain_text(command)
    expect(sheet).to_contain_text("expires in")
    expect(sheet.get_by_role("button", name="Cancel")).to_be_focused()
    sheet.get_by_role("button", name="Approve").click()

    expect(page.get_by_text("ada ordered approve")).to_be_visible(timeout=MOMENT)


def test_nobody_in_particular_is_asked_to_sign_in(page: Page, waiting: Recorded) -> None:
    page.goto(waiting.url)
    page.get_by_role("link", name=re.compile("^Open incident")).click(timeout=MOMENT)

    page.get_by_role("button", name="Sign in to decide").click(timeout=MOMENT)

    expect(page.get_by_role("dialog", name="Sign in to act")).to_be_visible()


def test_the_agents_are_halted_resumed_held_and_released(page: Page, calm: Recorded) -> None:
    page.goto(calm.url)
    signed_in(page, calm.token)
    page.get_by_role("button", name="Halt", exact=True).first.click()
    dialog = sheet_of(page, "Halt the agents?")
    expect(dialog).to_contain_text("changes nothing any more")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_role("button", name="Halt").click()

    page.get_by_role("button", name="Resume", exact=True).first.click(timeout=MOMENT)
    sheet_of(page, "Resume the agents?").get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Halt", exact=True).first).to_be_visible(timeout=MOMENT)

    page.get_by_role("button", name="Hold", exact=True).first.click()
    dialog = sheet_of(page, "Hold the agents?")
    dialog.get_by_label("policy-service").check()
    dialog.get_by_label("Why").fill("a new disk")
    dialog.get_by_role("button", name="Hold").click()
    chip = page.get_by_title("What the agents may do now")
    expect(chip).to_contain_text(re.compile("held", re.IGNORECASE), timeout=MOMENT)
    chip.click()
    dialog = page.locator("sre-mode sre-sheet")
    expect(dialog).to_contain_text("a new disk")
    dialog.get_by_role("button", name="Release").click()
    expect(chip).to_contain_text("autonomous on 3", timeout=MOMENT)


def test_a_token_stays_in_the_tab_and_a_wrong_one_is_refused_in_words(page: Page, calm: Recorded) -> None:
    page.goto(calm.url)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Token").fill("sre_op_" + "0" * 64 + "_eve")
    page.get_by_label("Token").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("the token is not known")
    page.keyboard.press("Escape")

    signed_in(page, calm.token)

    kept = page.evaluate("[Object.values(sessionStorage), Object.values(localStorage), document.cookie, location.href]")
    assert kept[0] == [calm.token]
    assert not any(calm.token in str(other) for other in kept[1:])
    other = page.context.new_page()
    other.goto(calm.url)
    expect(other.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def test_when_the_dashboard_is_gone_the_page_says_so_and_how_old_it_is(page: Page) -> None:
    with recorded("--calm") as served:
        page.goto(served.url)
        expect(page.get_by_role("heading", level=1)).to_contain_text("well", timeout=MOMENT)
        served.process.terminate()

        expect(page.get_by_text("No word from the dashboard for")).to_be_visible(timeout=MOMENT)
        expect(page).to_have_title(re.compile("^not live"), timeout=MOMENT)
        expect(page.locator("main.old")).to_be_visible()
