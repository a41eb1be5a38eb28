"""Notes over Apprise, to a real HTTP server on loopback; and what happens when nobody takes them.

That notes are taken at all is told of the double too: it loses none, so that there is nothing else to keep.
"""

import json
import logging
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
from support.planned import planned, table
from support.waiting import free_port
from support.world import World

from sre_embedded.space.environment import SpacePlan, TokenSetup, environment_of
from sre_embedded.space.lifecycle import up
from sre_space.adapters.apprise_notifier import AppriseNotifier
from sre_space.adapters.log_notifier import LogNotifier
from sre_space.bootstrap.notify import notifier, web_page_of
from sre_space.domain.errors import Malformed
from sre_space.ports.notifier import Note, Notifier
from sre_space.settings import FixerSettings

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # Apprise's, on Python before 3.13
NOTE = Note("Incident 7: a person is needed", "**Why**\n\n- nothing *helped*, & more\n- `sre-space show 7`")
SECRET = "s3cr3t-t0ken"
PAUSES_S = (0.0, 0.0)


class Inbox:
    """An HTTP server that keeps what is posted, and answers with the next of `answers`, in the end with 200."""

    def __init__(self, *answers: int) -> None:
        self.posted: queue.Queue[dict[str, str]] = queue.Queue()
        self.answering = answering = Event()
        answering.set()
        left, posted = list(answers), self.posted

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                posted.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                answering.wait()
                self.send_response(left.pop(0) if left else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """Apprise's name of it, with a secret."""
        return f"json://user:{SECRET}@127.0.0.1:{self.server.server_port}/"

    def close(self) -> None:
        """End it."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback needs no proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def inbox(request: pytest.FixtureRequest) -> Iterator[Inbox]:
    """One, with the answers of the test's parameter."""
    server = Inbox(*getattr(request, "param", ()))
    yield server
    server.close()


def sent(urls: str) -> None:
    """Return when the note was delivered or given up."""
    apprise = AppriseNotifier.to(urls, PAUSES_S)
    apprise.notify(NOTE)
    apprise.join()


def test_a_note_to_a_name_goes_to_its_target_and_to_those_without_a_name(inbox: Inbox) -> None:
    others = Inbox(), Inbox()
    apprise = AppriseNotifier.to(f"{inbox.url}, shop={others[0].url},tax={others[1].url}", PAUSES_S)

    for number, names in enumerate([(), ("shop",), ("tax", "nobody")]):
        apprise.notify(Note(str(number), "text", names))
    apprise.join()
    arrived = [[one.posted.get_nowait()["title"] for _ in range(one.posted.qsize())] for one in (inbox, *others)]
    for one in others:
        one.close()

    assert arrived == [["0", "1", "2"], ["1"], ["2"]]


def test_where_all_targets_have_names_a_note_that_names_none_of_them_goes_to_all(inbox: Inbox) -> None:
    other = Inbox()
    apprise = AppriseNotifier.to(f"shop={inbox.url},tax={other.url}", PAUSES_S)

    apprise.notify(replace(NOTE, to=("nobody",)))
    apprise.join()
    other.close()

    assert (inbox.posted.qsize(), other.posted.qsize()) == (1, 1)


Taker = tuple[Notifier, Callable[[], list[str]]]  # and the titles that have arrived


def _apprise(inbox: Inbox, _: pytest.LogCaptureFixture) -> Taker:
    apprise = AppriseNotifier.to(inbox.url, PAUSES_S)

    def arrived() -> list[str]:
        apprise.join()
        return [inbox.posted.get_nowait()["title"] for _ in range(inbox.posted.qsize())]

    return apprise, arrived


def _log(_: Inbox, caplog: pytest.LogCaptureFixture) -> Taker:
    return LogNotifier(), lambda: [one.getMessage().partition(": ")[2] for one in caplog.records]


def _world(_: Inbox, __: pytest.LogCaptureFixture) -> Taker:
    world = World()
    return world, lambda: [one.title for one in world.notes]


@pytest.mark.parametrize("taker", [_apprise, _log, _world])
def test_every_note_is_taken_in_its_turn(
    taker: Callable[[Inbox, pytest.LogCaptureFixture], Taker], inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    takes, arrived = taker(inbox, caplog)
    for title in ("one", "two", "one"):
        takes.notify(Note(title, "text"))

    assert arrived() == ["one", "two", "one"]


def test_a_note_arrives_as_it_is(inbox: Inbox) -> None:
    sent(inbox.url)

    told = inbox.posted.get_nowait()
    assert (told["title"], told["message"], told["type"]) == (NOTE.title, NOTE.text, "warning")
    assert inbox.posted.empty()


def test_every_url_gets_it_though_one_holds_a_comma(inbox: Inbox) -> None:
    sent(f"{inbox.url}?:tags=a,b, {inbox.url} ,")

    assert inbox.posted.qsize() == 2


@pytest.mark.parametrize("inbox", [(503, 500)], indirect=True)
def test_what_is_not_taken_is_tried_again_and_then_not_told_as_lost(
    inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    sent(inbox.url)

    assert inbox.posted.qsize() == 3
    assert caplog.records == []


def test_what_nobody_takes_is_logged_once_without_its_url_and_the_others_get_it_once(
    inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    sent(f"json://user:{SECRET}@127.0.0.1:{free_port()}/,{inbox.url}")

    assert [record.getMessage() for record in caplog.records] == [
        "entry 1 of SRE_NOTIFY_URLS accepted no notification in 3 attempts: Incident 7: a person is needed"
    ]
    assert inbox.posted.qsize() == 1


def test_of_a_flood_a_hundred_wait_and_the_rest_is_dropped(inbox: Inbox, caplog: pytest.LogCaptureFixture) -> None:
    inbox.answering.clear()
    apprise = AppriseNotifier.to(inbox.url, PAUSES_S)
    apprise.notify(NOTE)
    first = inbox.posted.get(timeout=120)
    for _ in range(120):
        apprise.notify(NOTE)
    inbox.answering.set()
    apprise.join()

    assert first["title"] == NOTE.title
    assert inbox.posted.qsize() >= 100
    assert {record.getMessage() for record in caplog.records} == {
        "100 notifications wait already; this one is dropped: Incident 7: a person is needed"
    }


@pytest.mark.parametrize("urls", [SECRET, f"unheard-of://{SECRET}", f"json://127.0.0.1:1/,tgram://{SECRET}"])
def test_a_wrong_url_is_refused_by_its_place_and_nothing_of_it_is_told(
    urls: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Malformed, match=r"^SRE_NOTIFY_URLS: entry [12] is not a URL that Apprise supports") as refused:
        notifier(urls)

    assert SECRET not in str(refused.value) + caplog.text + "".join(capfd.readouterr())


def test_urls_are_not_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRE_NOTIFY_URLS", SECRET)
    settings = FixerSettings.read()

    assert settings.sre_notify_urls == SECRET
    assert SECRET not in repr(settings)


def test_without_urls_the_log_has_one_line(caplog: pytest.LogCaptureFixture) -> None:
    only = notifier("")
    only.notify(NOTE)

    assert isinstance(only, LogNotifier)
    assert caplog.record_tuples == [
        ("sre_space.adapters.log_notifier", logging.WARNING, "a person is asked: Incident 7: a person is needed")
    ]


def test_without_apprise_an_agent_ends_with_one_sentence_that_names_the_remedy() -> None:
    script = (
        "import runpy, sys; sys.modules['apprise'] = None; "
        "runpy.run_module('sre_space.bootstrap.fixer', run_name='__main__')"
    )
    environment = {"SRE_NOTIFY_URLS": f"json://{SECRET}/"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 2
    assert done.stderr == "fixer: SRE_NOTIFY_URLS needs Apprise: pip install sre-space[notify]\n"


@pytest.mark.parametrize(
    ("forge", "api", "page"),
    [
        ("http://127.0.0.1:8010/mcp", "", ""),
        ("https://api.githubcopilot.com/mcp/", "", "https://github.com/o/r"),
        ("http://127.0.0.1:8082/mcp", "https://api.github.com", "https://github.com/o/r"),
        ("http://127.0.0.1:8082/mcp", "https://ghe.example/api/v3/", "https://ghe.example/o/r"),
    ],
)
def test_an_issue_has_a_page_where_the_forge_is_github(forge: str, api: str, page: str) -> None:
    assert web_page_of("o/r", forge, api) == page


def _plan(folder: Path) -> SpacePlan:
    return planned(folder / "state")


def test_a_space_gives_the_urls_to_those_who_call_and_to_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRE_NOTIFY_URLS", SECRET)
    plan = _plan(tmp_path)
    tokens = TokenSetup({f"sre-{agent}": "token" for agent in ("scout", "brain", "fixer", "memory")}, {})
    environments = {one.name: environment_of(plan, one, tokens) for one in table(plan)}

    told = {name for name, values in environments.items() if SECRET in values.values()}
    assert told == {"scout", "brain", "fixer", "warden"}


def test_a_space_that_could_not_call_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRE_NOTIFY_URLS", SECRET)

    with pytest.raises(Malformed, match=r"^SRE_NOTIFY_URLS: entry 1 "):
        up(_plan(tmp_path), lambda _: None)

    assert not (tmp_path / "state").exists()
