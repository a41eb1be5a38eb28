"""The dashboard's page in a real Chromium over a whole space that is broken: it tells the story; people act on it."""

import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from time import time_ns

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect
from support import pages
from support.application import Application
from support.live import STRANGER, LiveSpace, start, telemetry_tokens
from support.pages import ATTACK, HOSTILE, another_port, assert_unharmed, sheet_of, signed_in
from support.pausing import pause
from support.spans import new_span, resource_spans
from support.strangers import as_user
from support.waiting import until

from sre_embedded.space.ports import is_free
from sre_space.adapters.github_mcp import GithubMcpForge
from sre_space.bootstrap.space.servers import DASHBOARD_PORT, HOST
from sre_space.domain.case import Case
from sre_space.domain.facts import Action, ActionResult, Decision

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.skipif(bool(pages.why_not()), reason=pages.why_not() or "a browser is here"),
]

SIZE: ViewportSize = {"width": 1280, "height": 900}
MOMENT = 300_000  # ms; ends what hangs
DONE = re.compile("^What (was|is being) done$")
ASKING, ACTING = "user-service", "policy-service"  # what a plan waits for a person on, and what heals by itself
LEFT_TO_PEOPLE = {
    "key: USER_SERVICE_REPLICAS}\n    calls: []\n    autonomy: autonomous": (
        "key: USER_SERVICE_REPLICAS}\n    calls: []\n    autonomy: approve"
    )
}
TABS = 20


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSpace]:
    live = start(tmp_path_factory.mktemp("space"), settings=LEFT_TO_PEOPLE)
    try:
        yield live
    finally:
        live.down()
    log = live.state.log("dashboard").read_text()
    assert "Traceback" not in log


@pytest.fixture
def live(space: LiveSpace) -> LiveSpace:
    space.state.halt.unlink(missing_ok=True)
    space.healthy()
    return space


@pytest.fixture(scope="module")
def token(space: LiveSpace) -> str:
    """Ada's token."""
    return space.answer("operators", "add", "ada").split()[-1]


@pytest.fixture(scope="module")
def chromium(space: LiveSpace) -> Iterator[Browser]:
    with pages.browser() as started:
        yield started


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    with chromium.new_context(viewport=SIZE, reduced_motion="reduce") as made:
        made.set_default_timeout(MOMENT)
        yield made


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    expect.set_options(timeout=MOMENT)
    yield
    expect.set_options(timeout=60_000)


def address(live: LiveSpace) -> str:
    """Return the dashboard's address."""
    return f"http://{HOST}:{live.running.ports[DASHBOARD_PORT]}/"


def opened(context: BrowserContext, live: LiveSpace, path: str = "") -> Page:
    """Open a tab on the dashboard once it serves; `up` does not wait for it."""
    until(lambda: not is_free(live.running.ports[DASHBOARD_PORT]), "the dashboard listens")
    page = context.new_page()
    page.goto(address(live) + path)
    return page


def headline(page: Page) -> Locator:
    """Return the sentence."""
    return page.get_by_role("heading", level=1)


def broken(live: LiveSpace, service: str) -> Case:
    """Kill a service and return its incident."""
    since = time_ns()
    live.kill(service)
    return live.outage(service, since)


def planned(live: LiveSpace) -> Case:
    """Kill the service whose plans wait for a person, and return the incident with such a plan."""
    number = broken(live, ASKING).issue
    return until(lambda: [one for one in live.open_cases() if one.issue == number and one.plan], "a plan waits")[0]


def results(case: Case) -> Sequence[ActionResult]:
    """Return what came of its actions."""
    return [entry.fact.payload.result for entry in case.chain if isinstance(entry.fact.payload, Action)]


def test_a_killed_service_is_told_from_the_first_symptom_to_the_lesson(
    context: BrowserContext, live: LiveSpace
) -> None:
    page = opened(context, live)
    expect(headline(page)).to_contain_text("well")

    case = broken(live, ACTING)

    expect(headline(page)).to_contain_text(ACTING)
    page.goto(f"{address(live)}incidents/{case.issue}")
    expect(page.get_by_role("region", name="Why", exact=True)).to_contain_text("crash")
    expect(page.get_by_label(DONE)).to_contain_text("restarted")
    expect(page.get_by_label("Is it over")).to_contain_text("recovered")
    expect(page.get_by_text("every signature verified")).to_be_visible()
    expect(page.get_by_role("heading", name="Post-mortem", exact=True)).to_be_visible()
    live.closed(case.issue)
    page.goto(address(live))
    expect(headline(page)).to_contain_text("well")
    expect(page.get_by_text(re.compile(f"incident {case.issue}", re.IGNORECASE)).first).to_be_visible()


def test_a_plan_is_approved_on_the_page_and_carried_out(context: BrowserContext, live: LiveSpace, token: str) -> None:
    case = planned(live)
    page = opened(context, live, f"incidents/{case.issue}")
    signed_in(page, token)
    decision = page.get_by_label("Decision")
    expect(decision).to_contain_text("you are ada")

    decision.get_by_role("button", name="Approve").click()
    sheet_of(page, "Approve this change?").get_by_role("button", name="Approve").click()

    expect(page.get_by_label("Is it over")).to_contain_text("recovered")
    healed = live.closed(case.issue)
    assert results(healed) == [ActionResult.DONE]
    assert "ada" in live.answer("audit")


def test_a_plan_is_rejected_on_the_page_and_left_to_people(
    context: BrowserContext, live: LiveSpace, token: str
) -> None:
    case = planned(live)
    starts = live.starts(ASKING)
    page = opened(context, live, f"incidents/{case.issue}")
    signed_in(page, token)

    page.get_by_label("Decision").get_by_role("button", name="Reject").click()
    sheet_of(page, "Reject this change?").get_by_role("button", name="Reject").click()

    expect(page.get_by_text("ada ordered reject")).to_be_visible()
    until(lambda: _again_decided(live, case), "Brain decides again, or leaves it to a person")
    assert live.starts(ASKING) == starts
    live.answer("restart", ASKING)
    live.closed(case.issue)


def _again_decided(live: LiveSpace, case: Case) -> bool:
    found = next(one for one in live.cases() if one.issue == case.issue)
    return sum(
        isinstance(entry.fact.payload, Decision) for entry in found.chain
    ) > 1 or ActionResult.REFUSED in results(found)


def test_the_agents_are_halted_resumed_held_and_released(context: BrowserContext, live: LiveSpace, token: str) -> None:
    page = opened(context, live)
    signed_in(page, token)
    page.get_by_role("button", name="Halt", exact=True).first.click()
    sheet_of(page, "Halt the agents?").get_by_role("button", name="Halt").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert live.state.halt.exists()

    page.get_by_role("button", name="Resume", exact=True).first.click()
    sheet_of(page, "Resume the agents?").get_by_role("button", name="Resume").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert not live.state.halt.exists()

    page.get_by_role("button", name="Hold", exact=True).first.click()
    dialog = sheet_of(page, "Hold the agents?")
    dialog.get_by_label(ACTING).check()
    dialog.get_by_label("Why").fill("a new disk")
    dialog.get_by_role("button", name="Hold").click()
    chip = page.get_by_title("What the agents may do now")
    expect(chip).to_contain_text(re.compile("held", re.IGNORECASE))
    assert "a new disk" in live.answer("holds")

    chip.click()
    page.locator("sre-mode sre-sheet").get_by_role("button", name="Release").click()
    expect(chip).not_to_contain_text(re.compile("held", re.IGNORECASE))
    assert "a new disk" not in live.answer("holds")


def test_twenty_tabs_hear_the_same_while_one_client_never_reads(context: BrowserContext, live: LiveSpace) -> None:
    host = f"{HOST}:{live.running.ports[DASHBOARD_PORT]}"
    with closing(socket.create_connection((HOST, live.running.ports[DASHBOARD_PORT]))) as mute:
        mute.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        tabs = [opened(context, live) for _ in range(TABS)]
        for tab in tabs:
            expect(headline(tab)).to_contain_text("well")

        case = broken(live, ACTING)
        for tab in tabs:
            expect(
                tab.get_by_role("link", name=re.compile(f"incident {case.issue}\\b", re.IGNORECASE)).first
            ).to_be_attached()
        first, *others = tabs
        first.close()
        live.closed(case.issue)
        for tab in others:
            expect(headline(tab)).to_contain_text("well")


def test_texts_of_strangers_in_a_living_space_run_nothing(context: BrowserContext, live: LiveSpace) -> None:
    async def write(forge: GithubMcpForge) -> None:
        number = await forge.open_issue(f"[INCIDENT] {HOSTILE}", f"# Post-mortem\n{HOSTILE}", ())
        await forge.comment(number, HOSTILE)

    as_user(live, STRANGER, write)
    span = new_span(f"journey {HOSTILE}", time_ns())
    request = ExportTraceServiceRequest(resource_spans=[resource_spans(ACTING, [span])])
    own = telemetry_tokens(live)[ACTING].decode()  # as a service sends it that a stranger has taken over
    receiver = f"http://{HOST}:{live.running.ports['otlp_http_port']}/v1/traces"
    httpx.post(
        receiver,
        content=request.SerializeToString(),
        headers={"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {own}"},
        trust_env=False,
    ).raise_for_status()
    case = broken(live, ACTING)
    page = opened(context, live, f"traces/{span.trace_id.hex()}")

    assert_unharmed(page)
    live.closed(case.issue)
    flooded = opened(context, live, f"incidents/{case.issue}")
    expect(flooded.get_by_label("Is it over")).to_contain_text("recovered")
    assert page.evaluate("window.harmed") is None


def test_a_page_of_another_port_can_neither_read_act_nor_listen(
    context: BrowserContext, live: LiveSpace, token: str
) -> None:
    with another_port() as elsewhere:
        stranger = context.new_page()
        stranger.goto(elsewhere)
        tried = stranger.evaluate(ATTACK, [address(live), token])

    assert tried == ["refused"] * 4 + [0]
    assert not live.state.halt.exists()


@pytest.mark.parametrize(
    ("server", "words"),
    [("bus", "Scout"), ("forge", "record"), ("telemetry", "traces")],
)
def test_a_server_that_is_away_is_said_and_nothing_is_shown_as_well(
    context: BrowserContext, live: LiveSpace, server: str, words: str
) -> None:
    page = opened(context, live)
    expect(headline(page)).to_contain_text("well")

    with pause(live.pid(server)):
        if server == "telemetry":
            expect(headline(page)).not_to_contain_text("are well")
        else:
            expect(page.get_by_text(re.compile(words)).first).to_be_visible()
            until(lambda: _source(live, words) != "live", f"{server} is away")

    expect(headline(page)).to_contain_text("well")


def _source(live: LiveSpace, words: str) -> str:
    now = httpx.get(f"{address(live)}api/v1/now", trust_env=False, timeout=30).json()
    return str(now["sources"]["report" if words == "Scout" else words]["state"])


def test_without_the_dashboard_the_agents_heal_and_the_page_comes_back(
    context: BrowserContext, live: LiveSpace
) -> None:
    page = opened(context, live)
    expect(headline(page)).to_contain_text("well")
    with pause(live.pid("dashboard")):
        case = live.closed(broken(live, ACTING).issue)
        expect(page).to_have_title(re.compile("^not live"))
    assert case.recovered

    live.kill("dashboard")
    expect(page.get_by_text(re.compile(f"incident {case.issue}\\b", re.IGNORECASE)).first).to_be_visible()
    expect(headline(page)).to_contain_text("well")


def test_without_the_agents_the_page_shows_nothing_as_well(context: BrowserContext, live: LiveSpace) -> None:
    page = opened(context, live)
    expect(headline(page)).to_contain_text("well")

    with pause(*(live.pid(name) for name in ("scout", "brain", "fixer", "memory"))):
        expect(headline(page)).not_to_contain_text("are well")
        expect(
            page.get_by_text(re.compile("Scout has (said|heard)|nothing was heard|No word", re.IGNORECASE)).first
        ).to_be_visible()

    expect(headline(page)).to_contain_text("well")


@pytest.mark.long
@pytest.mark.parametrize(("fault", "words"), [("conversion", "fewer customers"), ("latency", "slow")])
def test_what_is_slow_or_not_bought_is_told_without_a_reload(
    context: BrowserContext, live: LiveSpace, tmp_path: Path, fault: str, words: str
) -> None:
    application = Application(live, tmp_path)
    page = opened(context, live)
    expect(headline(page)).to_contain_text("well")

    application.inject(fault)
    expect(headline(page)).to_contain_text(re.compile(words, re.IGNORECASE))
    page.get_by_role("link", name=re.compile("^Open incident")).click()
    expect(page.get_by_label(DONE)).to_contain_text(re.compile("Fixer (set|reverted|restarted|scaled) "))

    expect(page.get_by_label("Is it over")).to_contain_text(re.compile("recovered|improved", re.IGNORECASE))
    application.chaos("--recover")
