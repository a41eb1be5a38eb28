"""The embedded forge's git: git itself is the judge of merges and of history."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pygit2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.amounts import amount

from sre_embedded.servers.forge.answers import Refusal, Site
from sre_embedded.servers.forge.checks import Rules
from sre_embedded.servers.forge.history import walk
from sre_embedded.servers.forge.merges import MergeOptions, Merges
from sre_embedded.servers.forge.merging import merge_trees
from sre_embedded.servers.forge.pull_store import Intent, NewPull, PullStore
from sre_embedded.servers.forge.pulls import Pulls
from sre_embedded.servers.forge.refs import Moved
from sre_embedded.servers.forge.repository import open_repository
from sre_embedded.servers.forge.store import Store
from sre_embedded.servers.forge.tools import Tools
from sre_space.domain.errors import Malformed
from sre_space.identities import Identity

Files = Mapping[str, Sequence[str]]
WRITER, ADMIN = Identity("sre-fixer", 1, "t", "write"), Identity("operator", 2, "u", "admin")
PATHS = ("deploy/config/a.env", "deploy/config/b.env", "c.md")


def git(repository: pygit2.Repository, *words: str, code: int = 0) -> str:
    """Run git on a repository, check its exit code, and return its output."""
    done = subprocess.run(["git", "-C", repository.path, *words], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> pygit2.Repository:
    """Return an empty bare repository."""
    return pygit2.init_repository(str(tmp_path_factory.mktemp("bare")), bare=True)


def commit(repository: pygit2.Repository, files: Files, *parents: pygit2.Commit, at: int = 0) -> pygit2.Commit:
    """Return a new commit of exactly these files, on no branch, `at` seconds after a fixed time."""
    index = pygit2.Index()
    for path, lines in files.items():
        blob = repository.create_blob("".join(f"{line}\n" for line in lines).encode())
        index.add(pygit2.IndexEntry(path, blob, pygit2.enums.FileMode.BLOB))
    who = pygit2.Signature("t", "t@t", 1_700_000_000 + at, 0)
    made = repository.create_commit(None, who, who, "m", index.write_tree(repository), [one.id for one in parents])
    return repository[made].peel(pygit2.Commit)


@dataclass(frozen=True)
class Edit:
    """Replace some lines of a file by others, or remove the file."""

    path: str
    start: int
    stop: int
    lines: tuple[str, ...]
    remove: bool

    def applied(self, files: Files) -> Files:
        if self.remove:
            return {path: lines for path, lines in files.items() if path != self.path}
        lines = list(files.get(self.path, ()))
        lines[self.start : max(self.start, self.stop)] = self.lines
        return {**files, self.path: lines}


def edits(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[Edit]]:
    """Return a strategy for the edits on one side of a merge."""
    place = st.integers(0, 9)
    lines = st.lists(values, max_size=3).map(tuple)
    rarely = st.sampled_from([False] * 9 + [True])
    return st.lists(st.builds(Edit, st.sampled_from(PATHS), place, place, lines, rarely), max_size=3)


VARIABLES = st.builds("{}={}".format, st.sampled_from("ABCDEFGHIJKL"), st.integers(0, 3))


@settings(deadline=None, max_examples=amount(60, 15), suppress_health_check=list(HealthCheck))
@given(
    st.fixed_dictionaries({path: st.lists(VARIABLES, max_size=9) for path in PATHS}), edits(VARIABLES), edits(VARIABLES)
)
def test_a_merge_is_gits_merge_verdict_and_tree(
    bare: pygit2.Repository, base: Files, ours: Sequence[Edit], theirs: Sequence[Edit]
) -> None:
    fork = commit(bare, base)
    sides = []
    for side in (ours, theirs):
        files = base
        for edit in side:
            files = edit.applied(files)
        sides.append(commit(bare, files, fork))

    told = subprocess.run(
        ["git", "-C", bare.path, "merge-tree", "--write-tree", *(str(one.id) for one in sides)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode in (0, 1), told.stderr
    assert merge_trees(bare, *sides) == (told.stdout.strip() if told.returncode == 0 else None)


@settings(deadline=None, max_examples=amount(40, 10), suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.sampled_from(["", "x", "y"])), min_size=1, max_size=9)
)
def test_the_history_of_a_path_is_gits(bare: pygit2.Repository, turns: Sequence[tuple[int, int, str]]) -> None:
    made: list[pygit2.Commit] = []
    for at, (one, other, line) in enumerate(turns):
        parents = {made[pick % len(made)].id: made[pick % len(made)] for pick in (one, other)} if made else {}
        files = {"f/a": [line], "b": [f"{at}"]} if line else {"b": [f"{at}"]}
        made.append(commit(bare, files, *parents.values(), at=at))
    for path in ("f/a", "f", "b", "nowhere", ""):
        told = git(bare, "log", "--format=%H", str(made[-1].id), *(["--", path] if path else []))

        assert [str(one.id) for one in walk(made[-1], path)] == told.split()


@dataclass
class Forge:
    """A forge with one pull request that could be merged."""

    tools: Tools
    number: int

    @property
    def merges(self) -> Merges:
        return self.tools.merges

    def main(self) -> str:
        return self.tools.refs.head("main") or ""

    def squash(self) -> str:
        return self.merges.merge(self.number, MergeOptions("squash"), WRITER, WRITER)


def opened(folder: Path, validate: Callable[[Mapping[str, bytes]], object] = len) -> Tools:
    """Open a forge on a folder as its process does, and return its tools."""
    seed = Path(__file__).resolve().parents[3]
    repository = open_repository(folder / "r.git", seed)
    site = Site("local", "r", "http://127.0.0.1:1", (WRITER, ADMIN))
    return Tools(Store(folder / "forge.db"), repository, site, Rules(["validate-config"], validate))


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """With a pull request that sets a key of quote-service."""
    tools = opened(tmp_path)
    where = {"branch": "sre/inc-1-20261125T100000Z", "message": "m"}
    tools.call("create_branch", where, WRITER)
    files = [{"path": "deploy/config/quote-service.env", "content": "A=1\n"}]
    tools.call("push_files", {**where, "files": files}, WRITER)
    return Forge(tools, tools.pulls.pulls.create(NewPull("Fix", "", where["branch"], "main"), WRITER))


def reopened(forge: Forge) -> Forge:
    """Close the forge's database, open the forge again, and return it."""
    forge.tools.store.db.close()
    folder = Path(forge.tools.refs.repository.path).parent
    return Forge(opened(folder), forge.number)


@pytest.mark.parametrize("moved", [False, True])
def test_a_merge_that_was_cut_off_is_merged_or_open_after_a_restart(forge: Forge, moved: bool) -> None:
    before = forge.main()
    store = forge.tools.pulls.pulls.store
    if moved:
        sha = forge.squash()
        with store.issues.transaction():  # as if the process had died right before the fifth step
            store.db.execute("UPDATE pulls SET merged_at = NULL, merge_sha = NULL, merged_by = NULL")
            store.db.execute("UPDATE issues SET state = 'open', closed = NULL")
        store.record_intent(Intent(forge.number, "main", sha, WRITER.login))
    else:
        unmerged = commit(forge.tools.refs.repository, {"x": ["y"]}, forge.tools.refs.commit("main"))
        store.record_intent(Intent(forge.number, "main", str(unmerged.id), WRITER.login))

    again = reopened(forge)
    pull = again.tools.pulls.pulls.get(again.number)
    assert (pull.open, pull.merge_sha) == ((False, again.main()) if moved else (True, None))
    assert not again.tools.pulls.pulls.store.intents()
    assert again.main() == (sha if moved else before)
    if not moved:
        assert again.squash() == again.main()


class Overtaken(PullStore):
    """A person pushes to main right after the intent was written."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools.store)
        self.tools = tools

    def record_intent(self, intent: Intent) -> None:
        super().record_intent(intent)
        files = [{"path": "README.md", "content": "by hand"}]
        self.tools.call("push_files", {"branch": "main", "message": "m", "files": files}, ADMIN)


def test_a_merge_whose_base_moved_at_the_last_moment_is_refused_and_leaves_no_intent(forge: Forge) -> None:
    tools = forge.tools
    store = Overtaken(tools)
    with pytest.raises(Refusal, match="405 Base branch was modified"):
        Merges(Pulls(store, tools.refs, tools.checks)).merge(forge.number, MergeOptions("squash"), WRITER, WRITER)

    moved = forge.main()
    assert tools.refs.commit(moved).message == "m"
    assert not store.intents()
    made = tools.refs.commit(forge.squash())
    assert [str(one) for one in made.parent_ids] == [moved]
    assert (made.author.name, made.message) == ("sre-fixer", f"Fix (#{forge.number})")


def test_while_git_moves_main_a_merge_is_refused_and_a_lock_that_a_killed_process_left_is_gone(forge: Forge) -> None:
    lock = Path(forge.tools.refs.repository.path) / "refs/heads/main.lock"
    lock.touch()
    with pytest.raises(Refusal, match="405 Base branch was modified"):
        forge.squash()

    assert reopened(forge).squash()
    assert not lock.exists()


def test_a_branch_moves_only_from_the_commit_that_it_names(forge: Forge) -> None:
    refs, before = forge.tools.refs, forge.main()
    after = str(commit(refs.repository, {"x": ["y"]}, refs.commit("main")).id)
    for branch, wrong in (("main", after), ("nowhere", before)):
        with pytest.raises(Moved):
            refs.move(branch, wrong, before)
    refs.move("main", before, after)

    assert forge.main() == after


def test_a_merge_commit_has_both_parents_and_a_rebase_is_refused(forge: Forge) -> None:
    before, pull = forge.main(), forge.tools.pulls.pulls.get(forge.number)
    with pytest.raises(Refusal, match="405 Rebase merges are not allowed"):
        forge.merges.merge(forge.number, MergeOptions("rebase"), WRITER, WRITER)
    sha = forge.merges.merge(forge.number, MergeOptions("merge"), WRITER, ADMIN)

    made = forge.tools.refs.commit(sha)
    assert [str(one) for one in made.parent_ids] == [before, pull.head_sha]
    assert made.message.startswith(f"Merge pull request #{forge.number} from ")
    with pytest.raises(Refusal, match="405 Pull Request is not mergeable"):
        forge.merges.merge(forge.number, MergeOptions("merge"), WRITER, ADMIN)


def test_a_required_check_that_nobody_performs_is_awaited(tmp_path: Path) -> None:
    tools = opened(tmp_path)
    tools.checks = type(tools.checks)(tools.checks.store, tools.refs, Rules(["validate-config", "review"], len))
    where = {"branch": "b", "message": "m", "files": [{"path": "deploy/config/a.env", "content": "A=1\n"}]}
    tools.call("push_files", where, WRITER)
    number = tools.pulls.pulls.create(NewPull("t", "", "b", "main"), WRITER)

    assert tools.checks.blocking(tools.pulls.pulls.get(number)) == 'Required status check "review" is expected.'


def test_a_head_is_checked_once_and_a_link_among_the_configuration_fails(tmp_path: Path) -> None:
    asked: list[Mapping[str, bytes]] = []

    def validate(files: Mapping[str, bytes]) -> None:
        asked.append(files)
        if b"bad" in files["deploy/config/quote-service.env"]:
            raise Malformed("quote-service.env:1: bad")

    tools = opened(tmp_path, validate)
    write = {"branch": "b", "message": "m"}
    for text in ("bad", "good"):
        files = [{"path": "deploy/config/quote-service.env", "content": text}]
        tools.call("push_files", {**write, "files": files}, WRITER)
    number = tools.pulls.pulls.create(NewPull("t", "", "b", "main"), WRITER)
    pulls = tools.pulls.pulls
    assert [pulls.get(number).number, pulls.get(number).number, len(asked)] == [number, number, 1]
    assert tools.checks.blocking(pulls.get(number)) is None

    head = tools.refs.commit("b")
    index = pygit2.Index()
    index.read_tree(head.tree)
    target = tools.refs.repository.create_blob(b"/etc/passwd")
    index.add(pygit2.IndexEntry("deploy/config/x.env", target, pygit2.enums.FileMode.LINK))
    who = pygit2.Signature("t", "t@t")
    tree = index.write_tree(tools.refs.repository)
    tools.refs.repository.create_commit("refs/heads/b", who, who, "m", tree, [head.id])
    pull = pulls.get(number)
    (run,) = pulls.store.checks(number, pull.head_sha)
    assert (run.conclusion, run.summary) == ("failure", "deploy/config/x.env is a link, not a file")
    assert tools.checks.blocking(pull) == 'Required status check "validate-config" is failing.'


@pytest.mark.parametrize("name", ["a..b", "a.lock", "", "a b", "x~1", "refs//x"])
def test_a_name_that_git_refuses_is_refused(forge: Forge, name: str) -> None:
    with pytest.raises(Refusal, match="is not a valid ref name"):
        forge.tools.call("create_branch", {"branch": name}, WRITER)


@pytest.mark.parametrize("path", ["../x", ".git/config", "a//b", "x/../y", ""])
def test_a_path_that_git_refuses_is_refused(forge: Forge, path: str) -> None:
    files = [{"path": path, "content": "x"}]
    with pytest.raises(Refusal, match="cannot be written"):
        forge.tools.call("push_files", {"branch": "other", "message": "m", "files": files}, WRITER)
