"""`ports.forge` over its adapter and our forge: a real process, real HTTP, real git; and over the double.

Stories that take the server itself are about what the double has not: other identities, GitHub's REST, git, a process
that can be killed.
"""

import asyncio
import base64
import json
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from time import time_ns
from typing import TypeVar

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.doubles import ADAPTER, BOTH
from support.servers import ForgeServer
from support.world import SECOND, MemoryForge

from sre_embedded.servers.forge.schemas import SCHEMAS
from sre_space.adapters.github_mcp import GithubMcpForge
from sre_space.domain.errors import Missing, Refused, Unavailable
from sre_space.ports.forge import Forge, Issue

T = TypeVar("T")
OWNER, REPO = "local", "cloud-insurance"
SNAPS = Path(os.environ.get("TOOLSNAPS") or Path(__file__).resolve().parents[3] / "shared" / "github_mcp_toolsnaps")


def ask(server: ForgeServer, question: Callable[[GithubMcpForge], Awaitable[T]], login: str = "sre-scout") -> T:
    """Ask as one of the accounts."""

    async def asked() -> T:
        forge = adapter(server, login)
        try:
            return await question(forge)
        finally:
            await forge.close()

    return asyncio.run(asked())


def rest(server: ForgeServer, method: str, path: str, login: str, **kwargs: object) -> httpx.Response:
    """GitHub's REST."""
    headers = {"Authorization": f"Bearer {server.identities[login].token}"}
    return httpx.request(method, f"{server.url}/repos/{OWNER}/{REPO}/{path}", headers=headers, **kwargs)  # type: ignore[arg-type]


def adapter(server: ForgeServer, login: str = "sre-scout") -> GithubMcpForge:
    """As one of the accounts."""
    return GithubMcpForge(f"{server.url}/mcp", server.identities[login].token, OWNER, REPO)


def opened(request: pytest.FixtureRequest, server: str) -> Forge:
    """Return the double, or the adapter at the server that a fixture names."""
    return adapter(request.getfixturevalue(server)) if request.param == ADAPTER else MemoryForge(now=time_ns)


@pytest.fixture(params=BOTH)
async def forge(request: pytest.FixtureRequest) -> AsyncIterator[Forge]:
    """Yield a forge that others may have written to."""
    found = opened(request, "shared_forge")
    yield found
    await found.close()
    await found.close()


@pytest.fixture(params=BOTH)
async def empty(request: pytest.FixtureRequest) -> AsyncIterator[Forge]:
    """Yield a forge that nobody else writes to."""
    found = opened(request, "forge_server")
    yield found
    await found.close()


@pytest.fixture(params=BOTH)
async def away(request: pytest.FixtureRequest) -> AsyncIterator[Forge]:
    """Yield a forge whose server is down."""
    down = GithubMcpForge("http://127.0.0.1:1/mcp", "t", OWNER, REPO)
    yield down if request.param == ADAPTER else MemoryForge(down=True)
    await down.close()


async def test_an_issue_is_read_as_it_was_written(forge: Forge) -> None:
    title, body = 'Title & "quotes" <x> \'', "body\n```text\nk=v\n```"
    number = await forge.open_issue(title, body, ("a", "Status: Fixed"))

    issue = await forge.issue(number)
    assert (issue.number, issue.title, issue.body, issue.state) == (number, title, body, "open")
    assert (issue.author, issue.labels) == (await forge.whoami(), ("a", "Status: Fixed"))
    await forge.set_labels(number, ("b",))
    assert (await forge.issue(number)).labels == ("b",)
    await forge.close_issue(number)
    await forge.close_issue(number)
    assert (await forge.issue(number)).state == "closed"


async def test_comments_come_in_the_order_of_their_ids_and_are_counted(forge: Forge) -> None:
    number, other = await forge.open_issue("one", "", ()), await forge.open_issue("two", "", ())
    ids = [await forge.comment(where, text) for where, text in ((number, "a"), (other, "b"), (number, "c"))]

    assert ids == sorted(set(ids))
    assert [(one.id, one.body) for one in await forge.comments(number)] == [(ids[0], "a"), (ids[2], "c")]
    assert (await forge.issue(number)).comments == 2


async def test_a_comment_has_its_author_and_its_time_and_is_not_edited(forge: Forge) -> None:
    begun = time_ns() // SECOND * SECOND  # a forge tells whole seconds
    number = await forge.open_issue("t", "", ())
    await forge.comment(number, "x")

    (told,) = await forge.comments(number)
    assert told.author == await forge.whoami()
    assert told.author_id > 0
    assert begun <= told.created == told.updated <= time_ns()
    issue = await forge.issue(number)
    assert begun <= issue.created <= told.created <= issue.updated


async def test_lists_and_comments_come_whole_over_all_pages(empty: Forge) -> None:
    numbers = [await empty.open_issue(f"issue {number}", "", ()) for number in range(103)]
    for number in range(101):
        await empty.comment(numbers[0], f"{number}")
    await empty.close_issue(numbers[-1])

    assert [issue.number for issue in await empty.issues()] == numbers[:-1]
    assert len(await empty.issues(state="all")) == 103
    assert [issue.number for issue in await empty.issues(state="closed")] == numbers[-1:]
    assert [comment.body for comment in await empty.comments(numbers[0])] == [f"{n}" for n in range(101)]
    assert not await empty.issues(state="all", since=2_000_000_000 * SECOND)


async def test_issues_are_listed_by_state_and_time_oldest_number_first(forge: Forge) -> None:
    begun = time_ns() - 2 * SECOND
    numbers = [await forge.open_issue(f"{n}", "", ()) for n in range(3)]
    await forge.close_issue(numbers[1])

    def ours(found: Sequence[Issue]) -> list[int]:
        return [one.number for one in found if one.number in numbers]

    assert ours(await forge.issues(since=begun)) == [numbers[0], numbers[2]]
    assert ours(await forge.issues(state="all")) == numbers
    assert ours(await forge.issues(state="closed")) == [numbers[1]]
    assert not await forge.issues(state="all", since=time_ns() + 3600 * SECOND)


async def test_what_is_not_there_is_missing(forge: Forge) -> None:
    gone = 10**6
    calls = (
        forge.issue(gone), forge.comments(gone), forge.comment(gone, "x"), forge.set_labels(gone, ()),
        forge.close_issue(gone),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(Missing):
            await call


async def test_what_is_too_long_is_refused(forge: Forge) -> None:
    number = await forge.open_issue("t", "", ())
    long = "x" * 65_537
    for call in (forge.open_issue("t", long, ()), forge.open_issue("x" * 257, "", ()), forge.comment(number, long)):
        with pytest.raises(Refused, match="too long"):
            await call
    assert list(await forge.comments(number)) == []


async def test_a_forge_that_is_down_is_unavailable_whatever_is_asked(away: Forge) -> None:
    calls = (
        away.whoami(), away.open_issue("t", "", ()), away.issue(1), away.issues(), away.comment(1, "x"),
        away.comments(1), away.set_labels(1, ()), away.close_issue(1),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(Unavailable):
            await call


async def test_a_wrong_token_is_refused(shared_forge: ForgeServer) -> None:
    stranger = GithubMcpForge(f"{shared_forge.url}/mcp", "wrong", OWNER, REPO)
    with pytest.raises(Refused, match="GITHUB_PERSONAL_ACCESS_TOKEN"):
        await stranger.whoami()
    await stranger.close()


def test_a_stranger_may_open_and_comment_and_nothing_else(shared_forge: ForgeServer) -> None:
    number = ask(shared_forge, lambda forge: forge.open_issue("ours", "", ()))
    comment = ask(shared_forge, lambda forge: forge.comment(number, "ours"))

    async def story(forge: GithubMcpForge) -> None:
        mine = await forge.open_issue("mine", "", ("Status: Fixed",))
        assert (await forge.issue(mine)).labels == ()
        await forge.comment(number, "me too")
        for call in (forge.set_labels(number, ("x",)), forge.close_issue(number), forge.set_labels(mine, ("x",))):
            with pytest.raises(Refused, match="403"):
                await call
        await forge.close_issue(mine)

    ask(shared_forge, story, "mallory")
    assert rest(shared_forge, "PATCH", f"issues/comments/{comment}", "mallory", json={"body": "x"}).status_code == 403
    permission = rest(shared_forge, "GET", "collaborators/mallory/permission", "operator").json()
    assert permission["permission"] == "none"


def test_texts_that_no_file_can_hold_and_numbers_without_end_are_refused_and_the_forge_goes_on(
    shared_forge: ForgeServer,
) -> None:
    number = ask(shared_forge, lambda forge: forge.open_issue("t", "", ()), "mallory")
    comment = ask(shared_forge, lambda forge: forge.comment(number, "before"), "mallory")
    where = f"issues/comments/{comment}"
    for body in (b'{"body": "\\ud800"}', b'{"body": "%s"}' % (b"x" * 65_537), b"[" * 5000, b'{"body": 1e999'):
        assert rest(shared_forge, "PATCH", where, "mallory", content=body).status_code in (400, 422)
    assert rest(shared_forge, "GET", f"issues/comments/{10**30}", "mallory").status_code in (400, 404, 422)

    async def story(forge: GithubMcpForge) -> None:
        with pytest.raises(Refused, match="title is too long"):
            await forge.open_issue("x" * 257, "", ())
        with pytest.raises((Missing, Refused)):
            await forge.issue(10**30)

    ask(shared_forge, story, "mallory")
    assert [one.body for one in ask(shared_forge, lambda forge: forge.comments(number))] == ["before"]


def test_an_edited_comment_shows_its_new_text(shared_forge: ForgeServer) -> None:
    number = ask(shared_forge, lambda forge: forge.open_issue("t", "", ()))
    comment = ask(shared_forge, lambda forge: forge.comment(number, "before"))
    assert rest(shared_forge, "PATCH", f"issues/comments/{comment}", "operator", json={"body": "after"}).is_success

    assert ask(shared_forge, lambda forge: forge.comments(number))[0].body == "after"
    assert rest(shared_forge, "DELETE", f"issues/comments/{comment}", "operator").status_code == 204
    assert ask(shared_forge, lambda forge: forge.comments(number)) == []


def test_the_repository_holds_the_desired_state_and_can_be_cloned(shared_forge: ForgeServer, tmp_path: Path) -> None:
    address = shared_forge.url.replace("//", f"//x:{shared_forge.identities['mallory'].token}@")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", f"{address}/{OWNER}/{REPO}.git", str(clone)], check=True)
    assert b"DOWNSTREAM_TIMEOUT_SECONDS" in (clone / "deploy/config/quote-service.env").read_bytes()
    subprocess.run(["git", "-C", str(clone), "fsck", "--strict"], check=True, capture_output=True)
    pushed = subprocess.run(
        ["git", "-C", str(clone), "push", "origin", "HEAD:refs/heads/x"], capture_output=True, check=False
    )
    assert pushed.returncode != 0


def test_kill_nine_loses_nothing_acknowledged_and_the_adapter_goes_on(forge_server: ForgeServer) -> None:
    async def story(forge: GithubMcpForge) -> None:
        number = await forge.open_issue("t", "", ())
        written = []
        for text in range(30):
            if text in (10, 20):
                await asyncio.to_thread(forge_server.process.kill)
                with pytest.raises(Unavailable):
                    await forge.comment(number, "into the void")
                await asyncio.to_thread(forge_server.process.start)
            await forge.comment(number, f"{text}")
            written.append(f"{text}")
        assert [comment.body for comment in await forge.comments(number)] == written

    ask(forge_server, story)


def test_bodies_of_any_text_survive(shared_forge: ForgeServer) -> None:
    async def story(forge: GithubMcpForge) -> None:
        number = await forge.open_issue("t", "", ())
        loop = asyncio.get_running_loop()

        def keep(text: str) -> None:
            comment = asyncio.run_coroutine_threadsafe(forge.comment(number, text), loop).result()
            found = asyncio.run_coroutine_threadsafe(forge.comments(number), loop).result()
            assert (found[-1].id, found[-1].body) == (comment, text)

        check = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))(
            given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))(keep)
        )
        await asyncio.to_thread(check)

    ask(shared_forge, story)


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("issue_read", {"method": "get", "issue_number": 1, "number": 1}, "number"),
        ("issue_read", {"method": "delete", "issue_number": 1}, "delete"),
        ("issue_write", {"method": "create", "title": 5}, "title"),
        ("list_issues", {"state": "open"}, "open"),
        ("list_issues", {"page": 2}, "page"),
    ],
)
def test_arguments_are_strictly_validated(
    shared_forge: ForgeServer, tool: str, arguments: dict[str, object], named: str
) -> None:
    async def story(forge: GithubMcpForge) -> None:
        with pytest.raises(Refused, match=f"invalid arguments for {tool}.*{named}"):
            await forge._mcp.call(tool, {"owner": OWNER, "repo": REPO, **arguments})

    ask(shared_forge, story)


def test_foreign_hosts_and_origins_and_requests_without_a_token_are_turned_away(shared_forge: ForgeServer) -> None:
    url = f"{shared_forge.url}/mcp"
    assert httpx.post(url, headers={"Host": "evil.example"}).status_code == 403
    assert httpx.post(url, headers={"Origin": "https://evil.example"}).status_code == 403
    assert httpx.post(url).status_code == 401
    wrong = base64.b64encode(b"x:wrong").decode()
    assert (
        httpx.get(
            f"{shared_forge.url}/{OWNER}/{REPO}.git/HEAD", headers={"Authorization": f"Basic {wrong}"}
        ).status_code
        == 401
    )


@pytest.mark.skipif(not SNAPS.is_dir(), reason=f"the official tool schemas are not at {SNAPS} (TOOLSNAPS names them)")
@pytest.mark.parametrize("tool", sorted(set(SCHEMAS) - {"delete_branch"}))  # upstream only proposes it
def test_the_tools_are_spelt_as_the_official_server_spells_them(tool: str) -> None:
    official = json.loads((SNAPS / f"{tool}.json").read_text())["inputSchema"]
    ours = SCHEMAS[tool]

    assert sorted(ours.get("required", ())) == sorted(official.get("required") or ())
    assert _without_words(ours["properties"]) == _without_words(official["properties"])


def _without_words(schema: object) -> object:
    """Return a schema without its descriptions, names sorted."""
    if isinstance(schema, dict):
        return {key: _without_words(value) for key, value in sorted(schema.items()) if not _is_words(key, value)}
    return [_without_words(item) for item in schema] if isinstance(schema, list) else schema


def _is_words(key: str, value: object) -> bool:
    return key == "description" and isinstance(value, str)


async def test_a_forge_that_is_down_is_unavailable_and_says_which_setting_names_it() -> None:
    forge = GithubMcpForge("http://127.0.0.1:1/mcp", "t", OWNER, REPO)
    with pytest.raises(Unavailable, match="FORGE_URL"):
        await forge.whoami()
    await forge.close()
