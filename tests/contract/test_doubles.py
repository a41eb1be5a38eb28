"""What the unit tests stand on: the doubles of `tests/support` keep the contracts of their ports, as the adapters do.

Each story is told twice: over the adapter and its server, and over the double.
"""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from time import time_ns

import pytest
from support.evidence import Shelf
from support.git_world import MemoryGit
from support.servers import ForgeServer
from support.world import DESIRED, MemoryForge, Outbox, World

from sre_space.adapters.bundle_folder import BundleFolder
from sre_space.adapters.github_mcp import GithubGitOps, GithubMcpForge
from sre_space.adapters.outbox_folder import OutboxFolder
from sre_space.domain.errors import Conflict, Missing, Refused
from sre_space.domain.facts import Agent
from sre_space.ports import bundles, gitops, outbox
from sre_space.ports import forge as forges
from sre_space.ports.outbox import Pending

OWNER, REPO, FOLDER = "local", "cloud-insurance", "deploy/config"
NUMBERS = count(1)
LINES = "".join(f"KEY_{number}=0\n" for number in range(12))


@pytest.fixture(params=["double", "adapter"])
async def forge(request: pytest.FixtureRequest) -> AsyncIterator[forges.Forge]:
    """A forge that others may have written to."""
    if request.param == "double":
        yield MemoryForge(now=time_ns)
        return
    server: ForgeServer = request.getfixturevalue("shared_forge")
    found = GithubMcpForge(f"{server.url}/mcp", server.identities["sre-scout"].token, OWNER, REPO)
    yield found
    await found.close()


@pytest.fixture(params=["double", "adapter"])
async def git(request: pytest.FixtureRequest) -> AsyncIterator[gitops.GitOps]:
    """A repository of desired state."""
    if request.param == "double":
        yield MemoryGit({path: text.encode() for path, text in DESIRED.items()}, time_ns)
        return
    server: ForgeServer = request.getfixturevalue("shared_forge")
    found = GithubGitOps(f"{server.url}/mcp", server.identities["sre-scout"].token, OWNER, REPO)
    yield found
    await found.close()


@pytest.fixture(params=["double", "adapter"])
def pending(request: pytest.FixtureRequest, tmp_path: Path) -> outbox.Outbox:
    """An empty outbox."""
    return Outbox(World(), Agent.BRAIN) if request.param == "double" else OutboxFolder(tmp_path, lambda _: None)


@pytest.fixture(params=["double", "adapter"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> bundles.Bundles:
    """No bundle yet."""
    return Shelf() if request.param == "double" else BundleFolder(tmp_path)


async def test_an_issue_is_read_as_it_was_written(forge: forges.Forge) -> None:
    number = await forge.open_issue("Title & <x>", "body\n```text\nk=v\n```", ("a", "Status: Fixed"))

    issue = await forge.issue(number)
    assert (issue.title, issue.body, issue.state) == ("Title & <x>", "body\n```text\nk=v\n```", "open")
    assert issue.labels == ("a", "Status: Fixed")
    await forge.set_labels(number, ("b",))
    assert (await forge.issue(number)).labels == ("b",)


async def test_comments_come_in_the_order_of_their_ids_and_are_counted(forge: forges.Forge) -> None:
    number, other = await forge.open_issue("one", "", ()), await forge.open_issue("two", "", ())
    ids = [await forge.comment(where, text) for where, text in ((number, "a"), (other, "b"), (number, "c"))]

    assert ids == sorted(set(ids))
    assert [(one.id, one.body) for one in await forge.comments(number)] == [(ids[0], "a"), (ids[2], "c")]
    assert (await forge.issue(number)).comments == 2


async def test_issues_are_listed_by_state_and_time_oldest_number_first(forge: forges.Forge) -> None:
    begun = time_ns() - 2 * 10**9
    numbers = [await forge.open_issue(f"{n}", "", ()) for n in range(3)]
    await forge.close_issue(numbers[1])
    await forge.close_issue(numbers[1])

    def ours(found: object) -> list[int]:
        return [one.number for one in found if one.number in numbers]  # type: ignore[attr-defined]

    assert ours(await forge.issues(since=begun)) == [numbers[0], numbers[2]]
    assert ours(await forge.issues(state="all")) == numbers
    assert ours(await forge.issues(state="closed")) == [numbers[1]]
    assert not await forge.issues(state="all", since=time_ns() + 3600 * 10**9)


async def test_what_is_not_there_is_missing_and_what_is_too_long_is_refused(forge: forges.Forge) -> None:
    gone = 10**6
    for call in (forge.issue(gone), forge.comment(gone, "x"), forge.set_labels(gone, ()), forge.close_issue(gone)):
        with pytest.raises(Missing):
            await call
    with pytest.raises(Refused):
        await forge.open_issue("t", "x" * 65_537, ())
    with pytest.raises(Refused):
        await forge.open_issue("x" * 257, "", ())


async def head(git: gitops.GitOps, name: str = "main") -> str:
    return next(branch.sha for branch in await git.branches() if branch.name == name)


async def proposed(git: gitops.GitOps, text: str, path: str = "") -> gitops.PullRequest:
    """A branch of its own with one commit, and its pull request."""
    number, base = next(NUMBERS), await head(git)
    name = f"sre/inc-{number}-20261130T100000Z"
    await git.create_branch(name, base)
    await git.commit_files(name, {path or f"{FOLDER}/double-{number}.env": text}, "Set a key", base)
    return await git.pull(await git.open_pull(f"Fix {number}", "why", name))


async def test_a_change_goes_from_branch_to_main_as_one_commit(git: gitops.GitOps) -> None:
    base = await head(git)
    pull = await proposed(git, LINES)
    (path,) = await git.pull_files(pull.number)
    assert pull in await git.pulls()
    assert (await git.checks(pull.number)).state == "success"

    merged = await git.squash(pull.number, pull.head_sha, "Set it", "because")

    commit = await git.commit(merged)
    assert (commit.parents, commit.files, commit.message) == ((base,), (path,), "Set it\n\nbecause")
    assert await git.commit("main") == commit
    assert (await git.read_files(FOLDER))[path].decode() == LINES
    assert [one.sha for one in await git.commits(path)] == [merged]
    assert (await git.commits(path))[0].files == ()
    assert await git.squash(pull.number, pull.head_sha, "again", "") == merged
    done = await git.pull(pull.number)
    assert (done.state, done.merged, done.merge_sha) == ("closed", True, merged)
    assert done in await git.pulls("closed")
    assert done not in await git.pulls()


async def test_a_branch_is_made_once_at_its_commit_and_deleted_once(git: gitops.GitOps) -> None:
    old = await head(git)
    pull = await proposed(git, LINES)
    await git.squash(pull.number, pull.head_sha, "t", "")
    name = f"sre/inc-{next(NUMBERS)}-20261130T100000Z"
    await git.create_branch(name, old)
    await git.create_branch(name, old)
    with pytest.raises(Conflict):
        await git.create_branch(name, await head(git))
    await git.delete_branch(name)
    await git.delete_branch(name)
    assert name not in {branch.name for branch in await git.branches()}
    with pytest.raises(Refused):
        await git.delete_branch("main")


async def test_a_commit_on_another_head_than_the_expected_one_is_a_conflict(git: gitops.GitOps) -> None:
    base, pull = await head(git), await proposed(git, LINES)
    with pytest.raises(Conflict):
        await git.commit_files(pull.head, {f"{FOLDER}/x.env": "A=2\n"}, "two", base)
    assert await head(git, pull.head) == pull.head_sha
    with pytest.raises(Missing):
        await git.commit_files(f"{pull.head}-gone", {f"{FOLDER}/x.env": "A=2\n"}, "two", base)


async def test_the_same_pull_request_is_opened_once_and_closed_without_merging(git: gitops.GitOps) -> None:
    pull = await proposed(git, LINES)
    assert await git.open_pull("another title", "", pull.head) == pull.number
    await git.close_pull(pull.number)
    await git.close_pull(pull.number)
    closed = await git.pull(pull.number)
    assert (closed.state, closed.merged, closed.merge_sha) == ("closed", False, "")
    with pytest.raises(Conflict):
        await git.squash(pull.number, pull.head_sha, "t", "")
    with pytest.raises(Refused):
        await git.open_pull("no commits", "", "main")
    with pytest.raises(Refused):
        await git.open_pull("no branch", "", "nowhere")
    for call in (git.pull(9999), git.squash(9999, "0" * 40, "t", ""), git.close_pull(9999)):
        with pytest.raises(Missing):
            await call


async def test_what_moved_after_the_review_is_not_merged(git: gitops.GitOps) -> None:
    pull = await proposed(git, LINES)
    (path,) = await git.pull_files(pull.number)
    newer = await git.commit_files(pull.head, {path: LINES + "A=2\n"}, "more", pull.head_sha)
    with pytest.raises(Conflict):
        await git.squash(pull.number, pull.head_sha, "t", "")
    assert (await git.pull(pull.number)).head_sha == newer


async def test_edits_of_other_lines_are_kept_and_those_of_the_same_line_conflict(git: gitops.GitOps) -> None:
    first = await proposed(git, LINES)
    (path,) = await git.pull_files(first.number)
    await git.squash(first.number, first.head_sha, "t", "")
    edits = (("KEY_9=0", "KEY_9=a"), ("KEY_0=0", "KEY_0=b"), ("KEY_9=0", "KEY_9=c"))
    pulls = [await proposed(git, LINES.replace(old, new), path) for old, new in edits]
    for pull in pulls[:2]:
        await git.squash(pull.number, pull.head_sha, "t", "")

    assert (await git.read_files(FOLDER))[path].decode() == LINES.replace("KEY_9=0", "KEY_9=a").replace(
        "KEY_0=0", "KEY_0=b"
    )
    main = await head(git)
    with pytest.raises(Conflict):
        await git.squash(pulls[2].number, pulls[2].head_sha, "t", "")
    assert await head(git) == main


async def test_what_git_does_not_know_is_missing_and_an_unknown_folder_is_empty(git: gitops.GitOps) -> None:
    assert await git.read_files("nowhere") == {}
    assert await git.commits(f"{FOLDER}/nowhere.env") == []
    assert not await git.commits(since=time_ns() + 3600 * 10**9)
    missing = (
        git.read_file("nowhere"),
        git.read_file(f"{FOLDER}/space.env", "nowhere"),
        git.read_files(FOLDER, "nowhere"),
    )
    for call in (git.commit("0" * 40), git.commits("", "nowhere"), *missing):
        with pytest.raises(Missing):
            await call


def test_one_pending_fact_an_incident_is_kept_replaced_set_aside_and_dropped(pending: outbox.Outbox) -> None:
    first, second = (Pending(1, "01I", seq, "prev", f"body {seq}") for seq in (1, 2))
    assert pending.get("01I") is None
    pending.put(first)
    pending.put(second)
    assert pending.get("01I") == second
    pending.set_aside("01I", "it is not signed")
    assert pending.get("01I") is None
    pending.put(first)
    pending.drop("01I")
    pending.drop("01I")
    assert pending.get("01I") is None


async def test_equal_files_make_an_equal_bundle_which_is_read_as_it_was_kept(shelf: bundles.Bundles) -> None:
    files = {"incident/traces.json": b"{}", "alert.json": b"\x00\xff"}
    name = await shelf.keep(files)

    assert await shelf.load(name) == files
    assert await shelf.keep(dict(reversed(files.items()))) == name
    assert await shelf.keep({**files, "alert.json": b""}) != name
    with pytest.raises(Missing):
        await shelf.load("0" * 64)
