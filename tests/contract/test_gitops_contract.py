"""`ports.gitops` over its adapter and our forge: a real process, real HTTP, real git, and a person who pushes too.

And over the repository in memory that unit tests stand on, but for the stories that name why not. The tests share one
forge: each has branches of its own, and none expects main to stand still.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import time_ns
from typing import Protocol, TypeVar

import pytest
from support.doubles import BOTH, DOUBLE, adapter_alone
from support.git_world import MemoryGit
from support.servers import ForgeServer
from support.world import DESIRED

from sre_space.adapters.github_mcp import GithubGitOps, GithubMcpForge
from sre_space.agents.fixer.pruning import MAX_BRANCHES, prune, remediation_of
from sre_space.domain.errors import Conflict, Missing, Refused, Unavailable
from sre_space.ports.gitops import GitOps, PullRequest
from sre_space.text.proposal import branch_name

T = TypeVar("T")
OWNER, REPO = "local", "cloud-insurance"
CONFIG = "deploy/config"
QUOTE = f"{CONFIG}/quote-service.env"
NUMBERS = count(1)


class Place(Protocol):
    """A repository, seen by an agent, and by a person who pushes to main."""

    def ask(self, question: Callable[[GitOps], Awaitable[T]]) -> T:
        """Ask as an agent."""
        ...

    def pushed(self, files: Mapping[str, str], message: str = "by hand") -> str:
        """Commit to main and push, as a person; return the commit's id."""
        ...

    def told(self, path: str = "") -> list[str]:
        """Return the ids of the commits of main as git shows them to a person, newest first."""
        ...

    def check(self) -> None:
        """Assert that nothing is wrong with the repository."""
        ...


@dataclass(frozen=True)
class Served:
    """The forge of these tests, seen by an agent, and by a person with a clone."""

    server: ForgeServer
    clone: Path

    def ask(self, question: Callable[[GitOps], Awaitable[T]], login: str = "sre-scout") -> T:
        """Ask as one of the accounts."""

        async def asked() -> T:
            token = self.server.identities[login].token
            gitops = GithubGitOps(f"{self.server.url}/mcp", token, OWNER, REPO)
            try:
                return await question(gitops)
            finally:
                await gitops.close()
                await gitops.close()

        return asyncio.run(asked())

    def git(self, *words: str, login: str = "operator") -> str:
        """Run git in the clone, as a person, and return what it prints."""
        token = self.server.identities[login].token
        address = self.server.url.replace("//", f"//x:{token}@") + f"/{OWNER}/{REPO}.git"
        mine = ["-c", "user.name=Robin", "-c", "user.email=robin@example.org", "-c", f"remote.origin.url={address}"]
        done = subprocess.run(["git", *mine, *words], cwd=self.clone, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def pushed(self, files: Mapping[str, str], message: str = "by hand") -> str:
        """Commit to main and push, as a person; return the commit's id."""
        self.git("fetch", "-q", "origin", "main")
        self.git("checkout", "-q", "-B", "main", "FETCH_HEAD")
        for path, text in files.items():
            (self.clone / path).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / path).write_text(text)
        self.git("add", "--all")
        self.git("commit", "-qm", message)
        self.git("push", "-q", "origin", "main")
        return self.git("rev-parse", "HEAD")

    def told(self, path: str = "") -> list[str]:
        """By the clone, as it was after the last push."""
        return self.git("log", "--format=%H", "main", *(("--", path) if path else ())).splitlines()

    def check(self) -> None:
        """By git itself, in the forge's folder."""
        repository = Path(self.server.process.environment["SRE_SPACE_STATE"]) / "forge" / OWNER / f"{REPO}.git"
        subprocess.run(["git", "-C", str(repository), "fsck", "--strict"], check=True, capture_output=True)


@dataclass(frozen=True)
class Remembered:
    """The repository in memory that unit tests stand on."""

    repository: MemoryGit

    def ask(self, question: Callable[[GitOps], Awaitable[T]]) -> T:
        """Ask it."""
        return asyncio.run(_awaited(question(self.repository)))

    def pushed(self, files: Mapping[str, str], message: str = "by hand") -> str:
        """Somebody pushes."""
        return self.repository.person_pushes({path: text.encode() for path, text in files.items()}, message)

    def told(self, path: str = "") -> list[str]:
        """From the head on, by what changed from one tree to the next."""
        found, sha = [], self.repository.heads["main"]
        while sha:
            commit, tree = self.repository.commits_[sha]
            before = self.repository.commits_[commit.parents[0]][1] if commit.parents else {}
            if not path or tree.get(path) != before.get(path):
                found.append(sha)
            sha = next(iter(commit.parents), "")
        return found

    def check(self) -> None:
        """There is nothing that could be damaged."""


async def _awaited(answer: Awaitable[T]) -> T:
    return await answer


def lines(number: int, **changed: str) -> str:
    """Return the file of `deploy/config` that a test edits: so long that two edits need not touch."""
    keys = {f"KEY_{index}": "0" for index in range(12)}
    return f"# test {number}\n" + "".join(f"{key}={value}\n" for key, value in (keys | changed).items())


@pytest.fixture(scope="module", params=BOTH)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return one forge with one clone, or the double."""
    if request.param == DOUBLE:
        files = {path: text.encode() for path, text in DESIRED.items()}
        return Remembered(MemoryGit(files, time_ns, login="sre-scout"))
    clone = tmp_path_factory.mktemp("clone")
    subprocess.run(["git", "init", "-q", str(clone)], check=True)
    return Served(request.getfixturevalue("forge_to_change"), clone)


@pytest.fixture
def number(place: Place) -> Iterator[int]:
    """Yield a number for the test's branch and file, which is on main; check the repository afterwards."""
    mine = next(NUMBERS)
    place.pushed({file_of(mine): lines(mine)})
    yield mine
    place.check()


def branch_of(number: int) -> str:
    return f"sre/inc-{number}-20261125T100000Z"


def file_of(number: int) -> str:
    return f"{CONFIG}/test-{number}.env"


async def head_of(gitops: GitOps, name: str = "main") -> str:
    return next(branch.sha for branch in await gitops.branches() if branch.name == name)


async def proposed(gitops: GitOps, number: int, text: str, path: str = "") -> PullRequest:
    """Make a branch with one commit, and return its pull request."""
    base = await head_of(gitops)
    await gitops.create_branch(branch_of(number), base)
    await gitops.commit_files(branch_of(number), {path or file_of(number): text}, "Set a key", base)
    return await gitops.pull(await gitops.open_pull(f"Fix {number}", "why", branch_of(number)))


def test_a_change_goes_from_branch_to_main_as_one_commit(place: Place, number: int) -> None:
    async def story(gitops: GitOps) -> None:
        base = await head_of(gitops)
        pull = await proposed(gitops, number, lines(number, KEY_3="7"))
        assert (pull.state, pull.merged, pull.merge_sha, pull.author) == ("open", False, "", "sre-scout")
        assert (pull.title, pull.body, pull.head, pull.base) == (f"Fix {number}", "why", branch_of(number), "main")
        assert pull.head_sha == await head_of(gitops, branch_of(number))
        assert await gitops.pull_files(pull.number) == [file_of(number)]
        assert (await gitops.checks(pull.number)).state == "success"
        assert pull in await gitops.pulls()

        merged = await gitops.squash(pull.number, pull.head_sha, "Set KEY_3 to 7", "because")

        commit = await gitops.commit(merged)
        assert (commit.sha, commit.parents, commit.files) == (merged, (base,), (file_of(number),))
        assert await gitops.commit("main") == commit
        assert (commit.message, commit.author) == ("Set KEY_3 to 7\n\nbecause", "sre-scout")
        assert await head_of(gitops) == merged
        assert (await gitops.read_files(CONFIG))[file_of(number)].decode() == lines(number, KEY_3="7")
        done = await gitops.pull(pull.number)
        assert (done.state, done.merged, done.merge_sha, done.head_sha) == ("closed", True, merged, pull.head_sha)
        assert await gitops.squash(pull.number, pull.head_sha, "again", "") == merged
        assert await head_of(gitops) == merged
        assert done in await gitops.pulls("closed")
        assert done not in await gitops.pulls()

    place.ask(story)


def test_history_is_read_by_path_and_time_and_says_what_git_says(place: Place, number: int) -> None:
    turns = [{file_of(number): lines(number, KEY_1=f"turn {turn}")} for turn in range(3)]
    mine = [place.pushed(files, f"turn {turn}") for turn, files in enumerate(turns)]
    place.pushed({"README.md": f"{number}\n"})

    async def story(gitops: GitOps) -> None:
        found = await gitops.commits(file_of(number))
        told = place.told(file_of(number))
        assert [one.sha for one in found] == told
        assert told[:3] == mine[::-1]
        assert [one.message for one in found[:3]] == ["turn 2", "turn 1", "turn 0"]
        assert all(one.files == () for one in found)
        assert found[0].parents == (mine[1],)
        assert [one.sha for one in await gitops.commits(file_of(number), mine[1])] == told[1:]
        assert [one.sha for one in await gitops.commits()] == place.told()
        assert not await gitops.commits(since=found[0].at + 3600 * 10**9)
        assert mine[2] in [one.sha for one in await gitops.commits(file_of(number), since=found[0].at)]
        assert await gitops.commits(f"{CONFIG}/nowhere.env") == []
        assert await gitops.commits(file_of(number).removesuffix(".env")) == []
        assert mine[2] in [one.sha for one in await gitops.commits(CONFIG)]

    place.ask(story)


def test_a_folder_is_read_at_a_commit_and_one_that_is_not_there_is_empty(place: Place, number: int) -> None:
    before = place.ask(head_of)
    place.pushed({file_of(number): "KEY=é\n"})

    async def story(gitops: GitOps) -> None:
        assert (await gitops.read_files(CONFIG))[file_of(number)] == "KEY=é\n".encode()
        old = await gitops.read_files(CONFIG, before)
        assert old[file_of(number)].decode() == lines(number)
        assert set(old) >= {QUOTE, f"{CONFIG}/space.env"}
        assert await gitops.read_files("deploy") == {}
        assert await gitops.read_files("nowhere") == {}
        for call in (gitops.read_files(CONFIG, "nowhere"), gitops.commit("0" * 40), gitops.commits("", "nowhere")):
            with pytest.raises(Missing):
                await call

    place.ask(story)


def test_a_file_is_read_at_a_branch_or_a_commit_and_what_is_no_file_is_missing(place: Place, number: int) -> None:
    before = place.ask(head_of)
    place.pushed({file_of(number): "KEY=é\n"})

    async def story(gitops: GitOps) -> None:
        assert await gitops.read_file(file_of(number)) == "KEY=é\n".encode()
        assert (await gitops.read_file(file_of(number), before)).decode() == lines(number)
        await gitops.create_branch(branch_of(number), before)
        assert (await gitops.read_file(file_of(number), branch_of(number))).decode() == lines(number)
        for path, ref in (("nowhere", "main"), (QUOTE, "gone"), (QUOTE, "0" * 40), (CONFIG, "main")):
            with pytest.raises(Missing):
                await gitops.read_file(path, ref)

    place.ask(story)


def test_a_branch_is_made_once_at_its_commit_and_deleted_once(place: Place, number: int) -> None:
    old = place.told()[1]

    async def story(gitops: GitOps) -> None:
        await gitops.create_branch(branch_of(number), old)
        await gitops.create_branch(branch_of(number), old)
        assert await head_of(gitops, branch_of(number)) == old
        with pytest.raises(Conflict):
            await gitops.create_branch(branch_of(number), await head_of(gitops))
        await gitops.delete_branch(branch_of(number))
        await gitops.delete_branch(branch_of(number))
        assert branch_of(number) not in {branch.name for branch in await gitops.branches()}
        with pytest.raises(Refused):
            await gitops.delete_branch("main")

    place.ask(story)


def test_a_commit_on_another_head_than_the_expected_one_is_a_conflict_and_changes_nothing(
    place: Place, number: int
) -> None:
    async def story(gitops: GitOps) -> None:
        base = await head_of(gitops)
        await gitops.create_branch(branch_of(number), base)
        one = await gitops.commit_files(branch_of(number), {file_of(number): "A=1\n", QUOTE: "B=2\n"}, "one", base)
        assert set((await gitops.commit(one)).files) == {file_of(number), QUOTE}
        with pytest.raises(Conflict):
            await gitops.commit_files(branch_of(number), {file_of(number): "A=2\n"}, "two", base)
        assert await head_of(gitops, branch_of(number)) == one
        with pytest.raises(Missing):
            await gitops.commit_files(f"{branch_of(number)}-gone", {file_of(number): "A=2\n"}, "two", base)

    place.ask(story)


def test_of_two_who_commit_at_once_one_is_told_that_it_lost(place: Place, number: int) -> None:
    async def story(gitops: GitOps) -> None:
        base = await head_of(gitops)
        await gitops.create_branch(branch_of(number), base)
        tries = [gitops.commit_files(branch_of(number), {file_of(number): f"A={n}\n"}, f"{n}", base) for n in range(2)]
        ended = await asyncio.gather(*tries, return_exceptions=True)
        assert sorted(type(one).__name__ for one in ended) == ["Conflict", "str"]

    place.ask(story)


def test_the_same_pull_request_is_opened_once_and_closed_without_merging(place: Place, number: int) -> None:
    old = place.told()[1]

    async def story(gitops: GitOps) -> None:
        pull = await proposed(gitops, number, "A=1\n")
        assert await gitops.open_pull("another title", "", branch_of(number)) == pull.number
        await gitops.close_pull(pull.number)
        await gitops.close_pull(pull.number)
        closed = await gitops.pull(pull.number)
        assert (closed.state, closed.merged, closed.merge_sha) == ("closed", False, "")
        with pytest.raises(Conflict):
            await gitops.squash(pull.number, pull.head_sha, "t", "")
        with pytest.raises(Refused):
            await gitops.open_pull("no commits", "", "main")
        with pytest.raises(Refused):
            await gitops.open_pull("no branch", "", "nowhere")
        await gitops.create_branch(f"old-{number}", old)
        with pytest.raises(Refused):
            await gitops.open_pull("main has all of it", "", f"old-{number}")
        for call in (gitops.pull(9999), gitops.squash(9999, "0" * 40, "t", ""), gitops.close_pull(9999)):
            with pytest.raises(Missing):
                await call

    place.ask(story)


def test_a_pull_request_whose_branch_goes_is_closed_and_its_head_stays_known(place: Place, number: int) -> None:
    async def story(gitops: GitOps) -> None:
        pull = await proposed(gitops, number, "A=1\n")
        await gitops.delete_branch(branch_of(number))
        closed = await gitops.pull(pull.number)
        assert (closed.state, closed.merged, closed.head_sha) == ("closed", False, pull.head_sha)
        assert await gitops.pull_files(pull.number) == [file_of(number)]

    place.ask(story)


@adapter_alone("place", "a person works with git")
def test_what_a_person_merged_with_git_is_merged_and_a_branch_without_commits_of_its_own_is_closed(
    place: Served, number: int
) -> None:
    pull = place.ask(lambda gitops: proposed(gitops, number, "A=1\n"))
    place.git("fetch", "-q", "origin", branch_of(number))
    place.git("push", "-q", "origin", f"{pull.head_sha}:refs/heads/main")
    merged = place.ask(lambda gitops: gitops.pull(pull.number))
    assert (merged.state, merged.merged, merged.merge_sha) == ("closed", True, pull.head_sha)
    assert place.ask(lambda gitops: gitops.squash(pull.number, pull.head_sha, "t", "")) == pull.head_sha

    async def emptied(gitops: GitOps) -> None:
        main, name = await head_of(gitops), f"{branch_of(number)}-again"
        await gitops.create_branch(name, main)
        await gitops.commit_files(name, {file_of(number): "A=2\n"}, "m", main)
        again = await gitops.open_pull("again", "", name)
        place.git("push", "-q", "--force", "origin", f"{main}:refs/heads/{name}", login="sre-scout")
        closed = await gitops.pull(again)
        assert (closed.state, closed.merged) == ("closed", False)

    place.ask(emptied)


def test_what_moved_after_the_review_is_not_merged(place: Place, number: int) -> None:
    async def story(gitops: GitOps) -> None:
        pull = await proposed(gitops, number, "A=1\n")
        newer = await gitops.commit_files(branch_of(number), {file_of(number): "A=2\n"}, "more", pull.head_sha)
        with pytest.raises(Conflict):
            await gitops.squash(pull.number, pull.head_sha, "t", "")
        assert (await gitops.pull(pull.number)).head_sha == newer
        await gitops.squash(pull.number, newer, "t", "")
        with pytest.raises(Conflict):
            await gitops.squash(pull.number, pull.head_sha, "t", "")

    place.ask(story)


def test_edits_of_other_lines_on_main_are_kept_and_those_of_the_same_line_conflict(place: Place, number: int) -> None:
    async def opened(gitops: GitOps) -> PullRequest:
        return await proposed(gitops, number, lines(number, KEY_9="agent"))

    pull = place.ask(opened)
    place.pushed({file_of(number): lines(number, KEY_0="person")})
    place.ask(lambda gitops: gitops.squash(pull.number, pull.head_sha, "t", ""))

    both = place.ask(lambda gitops: gitops.read_files(CONFIG))[file_of(number)].decode()
    assert both == lines(number, KEY_0="person", KEY_9="agent")

    async def conflicting(gitops: GitOps) -> None:
        base = await head_of(gitops)
        name = f"{branch_of(number)}-again"
        await gitops.create_branch(name, base)
        head = await gitops.commit_files(name, {file_of(number): lines(number, KEY_5="agent")}, "m", base)
        again = await gitops.open_pull("again", "", name)
        await asyncio.to_thread(place.pushed, {file_of(number): lines(number, KEY_5="person")})
        main = await head_of(gitops)
        with pytest.raises(Conflict):
            await gitops.squash(again, head, "t", "")
        assert await head_of(gitops) == main
        assert not (await gitops.pull(again)).merged

    place.ask(conflicting)


@adapter_alone("place", "two processes at once")
def test_an_agent_that_merges_and_a_person_who_pushes_at_once_lose_nothing(place: Served, number: int) -> None:
    turns = range(6)

    def by_hand(turn: int) -> str:
        while True:
            try:
                return place.pushed({f"by-hand/{number}-{turn}": "x"}, f"hand {number}-{turn}")
            except subprocess.CalledProcessError as error:
                if "rejected]" not in error.stderr:  # no race with a merge
                    raise

    async def by_merge(gitops: GitOps, turn: int) -> str:
        name = f"{branch_of(number)}-{turn}"
        base = await head_of(gitops)
        await gitops.create_branch(name, base)
        head = await gitops.commit_files(name, {f"{CONFIG}/test-{number}-{turn}.env": "A=1\n"}, "m", base)
        pull = await gitops.open_pull("t", "", name)
        while True:
            with suppress(Conflict):
                return await gitops.squash(pull, head, f"merge {number}-{turn}", "")

    async def story(gitops: GitOps) -> None:
        async def person() -> list[str]:
            return [await asyncio.to_thread(by_hand, turn) for turn in turns]

        async def agent() -> list[str]:
            return [await by_merge(gitops, turn) for turn in turns]

        pushed, merged = await asyncio.gather(person(), agent())
        assert {*pushed, *merged} <= {one.sha for one in await gitops.commits()}

    place.ask(story)


@adapter_alone("place", "a double's checks say what its test says")
@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        (QUOTE, "DOWNSTREAM_ATTEMPTS 1\n", "quote-service.env:1"),
        (f"{CONFIG}/space.env", "QUOTE_SERVICE_MEMORY_BYTES=much\n", "space.env:1"),
        ("sre-space.yaml", "space: mine\n", "sre-space.yaml"),
        ("README.md", "mine\n", "README.md lies outside deploy/config/"),
    ],
)
def test_what_a_deployment_would_refuse_fails_its_check_and_is_not_merged(
    place: Served, number: int, path: str, text: str, reason: str
) -> None:
    async def story(gitops: GitOps) -> None:
        pull = await proposed(gitops, number, text, path)
        assert (await gitops.checks(pull.number)).state == "failure"
        detail = (await gitops.checks(pull.number)).detail
        assert detail.startswith("validate-config: ")
        assert reason in detail
        with pytest.raises(Refused, match=r'405 Required status check "validate-config" is failing'):
            await gitops.squash(pull.number, pull.head_sha, "t", "")
        assert not (await gitops.pull(pull.number)).merged

    place.ask(story)


@adapter_alone("place", "a double's checks say what its test says")
def test_a_head_that_is_mended_is_checked_again_and_merged(place: Served, number: int) -> None:
    async def story(gitops: GitOps) -> None:
        pull = await proposed(gitops, number, "no variable\n")
        assert (await gitops.checks(pull.number)).state == "failure"
        head = await gitops.commit_files(branch_of(number), {file_of(number): "A=1\n"}, "mended", pull.head_sha)
        assert (await gitops.checks(pull.number)).state == "success"
        await gitops.squash(pull.number, head, "t", "")

    place.ask(story)


def test_a_required_check_that_is_awaited_holds_up_a_merge_and_without_any_nothing_does(
    forge_that_requires: tuple[ForgeServer, str], tmp_path: Path
) -> None:
    server, names = forge_that_requires

    async def story(gitops: GitOps) -> None:
        pull = await proposed(gitops, 1, "A=1\n" if names else "no variable\n")
        checks = await gitops.checks(pull.number)
        if names:
            assert (checks.state, checks.detail) == ("pending", "awaited: review")
            with pytest.raises(Refused, match=r'405 Required status check "review" is expected'):
                await gitops.squash(pull.number, pull.head_sha, "t", "")
        else:
            assert checks.state == "success"
            await gitops.squash(pull.number, pull.head_sha, "t", "")

    Served(server, tmp_path).ask(story)


def test_main_takes_no_commit_of_an_agent_but_by_a_merge(place: Place, number: int) -> None:
    async def story(gitops: GitOps) -> None:
        main = await head_of(gitops)
        with pytest.raises(Refused, match="pull request"):
            await gitops.commit_files("main", {file_of(number): "A=1\n"}, "straight", main)
        assert await head_of(gitops) == main

    place.ask(story)


@adapter_alone("place", "an agent works with git")
def test_main_takes_no_push_of_an_agent(place: Served, number: int) -> None:
    place.git("checkout", "-qB", "mine", "main")
    place.git("commit", "-q", "--allow-empty", "-m", "mine")
    for target in ("refs/heads/main", "refs/pull/1/head"):
        with pytest.raises(subprocess.CalledProcessError):
            place.git("push", "-q", "origin", f"HEAD:{target}", login="sre-scout")
    with pytest.raises(subprocess.CalledProcessError):
        place.git("push", "-q", "origin", ":refs/heads/main", login="sre-scout")
    place.git("push", "-q", "origin", f"HEAD:refs/heads/by-git-{number}", login="sre-scout")


@adapter_alone("place", "a double has one identity")
def test_a_stranger_reads_and_changes_nothing(place: Served, number: int) -> None:
    pull = place.ask(lambda gitops: proposed(gitops, number, "A=1\n"))

    async def story(gitops: GitOps) -> None:
        assert await gitops.read_files(CONFIG)
        main = await head_of(gitops)
        for call in (
            gitops.create_branch("mallory", main),
            gitops.commit_files(branch_of(number), {file_of(number): "A=2\n"}, "mine", pull.head_sha),
            gitops.delete_branch(branch_of(number)),
            gitops.open_pull("mine", "", branch_of(number), f"by-git-{number}"),
            gitops.squash(pull.number, pull.head_sha, "t", ""),
            gitops.close_pull(pull.number),
        ):
            with pytest.raises(Refused, match="403"):
                await call
        assert await gitops.pull(pull.number) == pull
        assert await head_of(gitops) == main

    place.ask(story, "mallory")


@adapter_alone("place", "a double's pull requests are no issues")
def test_a_pull_request_is_labelled_and_commented_as_an_issue_and_is_not_listed_as_one(
    place: Served, number: int
) -> None:
    pull = place.ask(lambda gitops: proposed(gitops, number, "A=1\n"))

    async def story(forge: GithubMcpForge) -> None:
        issue = await forge.open_issue("beside", "", ())
        assert issue == pull.number + 1
        await forge.set_labels(pull.number, ("Status: Mitigating",))
        comment = await forge.comment(pull.number, "see")
        assert [one.id for one in await forge.comments(pull.number)] == [comment]
        assert (await forge.issue(pull.number)).labels == ("Status: Mitigating",)
        assert pull.number not in {one.number for one in await forge.issues(state="all")}
        await forge.close_issue(pull.number)

    as_forge(place, story)
    assert place.ask(lambda gitops: gitops.pull(pull.number)).state == "closed"


def test_kill_nine_at_any_moment_of_a_merge_leaves_it_merged_once_or_open(
    forge_server: ForgeServer, tmp_path: Path
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "clone")], check=True)
    place, tries = Served(forge_server, tmp_path / "clone"), 8

    async def story(gitops: GitOps) -> None:
        for number in range(tries):
            place.pushed({file_of(number): lines(number)})
            pull = await proposed(gitops, number, lines(number, KEY_3="7"))
            merge = asyncio.ensure_future(gitops.squash(pull.number, pull.head_sha, f"Fix {number}", ""))
            for _ in range(number * 6):
                await asyncio.sleep(0)  # lets the request get a little further each time
            await asyncio.to_thread(forge_server.process.kill)
            (early,) = await asyncio.gather(merge, return_exceptions=True)
            await asyncio.to_thread(forge_server.process.start)

            merged = await gitops.squash(pull.number, pull.head_sha, f"Fix {number}", "")
            assert early == merged or isinstance(early, Unavailable)
            assert (await gitops.pull(pull.number)).merge_sha == merged

    place.ask(story)
    place.git("fetch", "-q", "origin", "main")
    subjects = place.git("log", "--format=%s", "FETCH_HEAD").splitlines()
    assert [subjects.count(f"Fix {number}") for number in range(tries)] == [1] * tries


def test_after_a_success_the_five_newest_remediation_branches_stay(place: Place, number: int) -> None:
    names = [branch_name(number, at * 10**9) for at in range(8)]

    async def story(gitops: GitOps) -> None:
        await gitops.close_pull((await proposed(gitops, number, "A=1\n")).number)
        for pull in await gitops.pulls():
            await gitops.close_pull(pull.number)
        for name in names:
            await gitops.create_branch(name, await head_of(gitops))
        await gitops.commit_files(names[0], {file_of(number): "A=1\n"}, "m", await head_of(gitops))
        forgotten = await gitops.open_pull("forgotten", "", names[0])
        before = {one.name: remediation_of(one.name) for one in await gitops.branches()}
        ages = sorted(age for age in before.values() if age is not None)

        gone = await prune(gitops, {number})

        left = {one.name for one in await gitops.branches()}
        assert left == {name for name, age in before.items() if age is None or age in ages[-MAX_BRANCHES:]}
        assert set(gone) == set(before) - left >= set(names[:4])
        assert (await gitops.pull(forgotten)).state == "closed"
        assert await prune(gitops, {number}) == ()

    place.ask(story)


@pytest.fixture(params=BOTH)
async def away(request: pytest.FixtureRequest) -> AsyncIterator[GitOps]:
    """Yield a repository whose server is down."""
    if request.param == DOUBLE:
        yield MemoryGit({}, time_ns, down=True)
        return
    gitops = GithubGitOps("http://127.0.0.1:1/mcp", "t", OWNER, REPO)
    yield gitops
    await gitops.close()


async def test_a_forge_that_is_down_is_unavailable_whatever_is_asked(away: GitOps) -> None:
    sha = "0" * 40
    calls = (
        away.commits(), away.commit(sha), away.read_files(CONFIG), away.read_file(QUOTE), away.branches(),
        away.create_branch("x", sha), away.commit_files("x", {QUOTE: ""}, "m", sha), away.delete_branch("x"),
        away.open_pull("t", "", "x"), away.pull(1), away.pulls(), away.pull_files(1), away.checks(1),
        away.squash(1, sha, "t", ""), away.close_pull(1),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(Unavailable):
            await call


def as_forge(place: Served, question: Callable[[GithubMcpForge], Awaitable[T]]) -> T:
    async def asked() -> T:
        token = place.server.identities["sre-scout"].token
        forge = GithubMcpForge(f"{place.server.url}/mcp", token, OWNER, REPO)
        try:
            return await question(forge)
        finally:
            await forge.close()

    return asyncio.run(asked())
