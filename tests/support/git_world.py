"""A repository of desired state in memory, behind `ports.gitops`: real commits, branches, merges and conflicts.

Used by `world.py`. Merges are line by line against the common base, as git's are for lines that stay in their places.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sre_space.domain.errors import Conflict, Missing, Refused, Unavailable
from sre_space.ports.gitops import Branch, Checks, Commit, PullRequest

MAIN = "main"
Tree = Mapping[str, bytes]


@dataclass
class MemoryGit:
    """One repository. `checks_say` answers for every pull request; `refuse`: why merges are refused; `log`: the calls.

    `dies_after` is the name of a call after which the process is killed: it happened, and nobody heard of it.
    """

    files: Tree
    now: Callable[[], int]
    commits_: dict[str, tuple[Commit, Tree]] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    requests: dict[int, PullRequest] = field(default_factory=dict)
    checks_say: Checks = Checks("success", "")
    refuse: str = ""
    down: bool = False
    log: list[str] = field(default_factory=list)
    dies_after: str = ""
    before_squash: Callable[[], object] | None = None
    asked: Callable[[str], None] = lambda _: None

    def __post_init__(self) -> None:
        """The first commit."""
        self.heads[MAIN] = self._store("desired state", self.files, ())

    def _store(self, message: str, tree: Tree, parents: tuple[str, ...]) -> str:
        at, before = self.now(), self.commits_[parents[0]][1] if parents else {}
        sha = hashlib.sha1(repr((message, sorted(tree.items()), parents, at)).encode()).hexdigest()
        touched = tuple(sorted(path for path in {*tree, *before} if tree.get(path) != before.get(path)))
        self.commits_[sha] = Commit(sha, message, "somebody", at, parents, touched), tree
        return sha

    def holds(self, sha: str, tree: Tree, parents: tuple[str, ...] = ()) -> None:
        """A commit with an id of the test's own, on no branch."""
        self.commits_[sha] = Commit(sha, "", "somebody", self.now(), parents), tree

    def person_commits(self, path: str, old: str, new: str, message: str = "by hand") -> str:
        """Somebody pushes to main."""
        tree = dict(self.commits_[self.heads[MAIN]][1])
        assert old.encode() in tree[path]
        tree[path] = tree[path].replace(old.encode(), new.encode())
        self.heads[MAIN] = self._store(message, tree, (self.heads[MAIN],))
        return self.heads[MAIN]

    def main(self) -> Tree:
        """What main holds."""
        return self.commits_[self.heads[MAIN]][1]

    def _asked(self, call: str) -> None:
        if self.down:
            raise Unavailable("the forge is away")
        self.log.append(call)
        self.asked(call)

    def _happened(self, call: str) -> None:
        if self.dies_after == call:
            self.dies_after = ""
            raise Killed(call)

    def _sha(self, ref: str) -> str:
        sha = self.heads.get(ref, ref)
        if sha not in self.commits_:
            raise Missing(f"no commit {ref}")
        return sha

    async def commits(self, path: str = "", ref: str = MAIN, since: int = 0) -> Sequence[Commit]:
        """First parents, newest first."""
        found, sha = [], self._sha(ref)
        while sha:
            commit = self.commits_[sha][0]
            if commit.at >= since and any(one.startswith(path) for one in commit.files):
                found.append(replace(commit, files=()))
            sha = commit.parents[0] if commit.parents else ""
        return found

    async def commit(self, sha: str) -> Commit:
        """One."""
        self._asked("commit")
        return self.commits_[self._sha(sha)][0]

    async def read_files(self, folder: str, ref: str = MAIN) -> Mapping[str, bytes]:
        """By path."""
        self._asked("read_files")
        tree = self.commits_[self._sha(ref)][1]
        return {path: content for path, content in tree.items() if path.rpartition("/")[0] == folder}

    async def read_file(self, path: str, ref: str = MAIN) -> bytes:
        """One."""
        self._asked("read_file")
        tree = self.commits_[self._sha(ref)][1]
        if path not in tree:
            raise Missing(path)
        return tree[path]

    async def branches(self) -> Sequence[Branch]:
        """All."""
        self._asked("branches")
        return [Branch(name, sha) for name, sha in self.heads.items()]

    async def create_branch(self, name: str, sha: str) -> None:
        """At a commit."""
        self._asked("create_branch")
        if self.heads.setdefault(name, self._sha(sha)) != sha:
            raise Conflict(f"{name} is at another commit")
        self._happened("create_branch")

    async def commit_files(self, branch: str, files: Mapping[str, str], message: str, expected_head: str) -> str:
        """One commit."""
        self._asked("commit_files")
        if branch not in self.heads:
            raise Missing(f"no branch {branch}")
        if self.heads[branch] != expected_head:
            raise Conflict(f"{branch} has moved")
        tree = {**self.commits_[expected_head][1], **{path: text.encode() for path, text in files.items()}}
        self.heads[branch] = self._store(message, tree, (expected_head,))
        self._follow(branch)
        self._happened("commit_files")
        return self.heads[branch]

    async def delete_branch(self, name: str) -> None:
        """Gone."""
        if name == MAIN:
            raise Refused("the default branch stays")
        self.heads.pop(name, None)

    async def open_pull(self, title: str, body: str, head: str, base: str = MAIN) -> int:
        """One for each head."""
        self._asked("open_pull")
        if self.heads.get(head) in (None, self.heads[base]):
            raise Refused(f"{head} has no commits of its own")
        for number, one in self.requests.items():
            if (one.head, one.base, one.state) == (head, base, "open"):
                return number
        number = len(self.requests) + 1
        self.requests[number] = PullRequest(
            number, title, body, "open", "sre-fixer", head, self.heads[head], base, False, "", self.now()
        )
        self._happened("open_pull")
        return number

    async def pull(self, number: int) -> PullRequest:
        """One."""
        if number not in self.requests:
            raise Missing(f"no pull request {number}")
        return self.requests[number]

    async def pulls(self, state: Literal["open", "closed", "all"] = "open") -> Sequence[PullRequest]:
        """Newest first."""
        self._asked("pulls")
        return [one for one in reversed(self.requests.values()) if state in ("all", one.state)]

    async def pull_files(self, number: int) -> Sequence[str]:
        """Against where the branch began."""
        head, base = self._ends(number)
        return [path for path in {*head, *base} if head.get(path) != base.get(path)]

    async def checks(self, number: int) -> Checks:
        """As the test says."""
        self._asked("checks")
        return self.checks_say

    async def squash(self, number: int, expected_head: str, title: str, message: str) -> str:
        """Merge onto main as it is now."""
        self._asked("squash")
        if self.before_squash is not None:
            meanwhile, self.before_squash = self.before_squash, None
            meanwhile()
        one = await self.pull(number)
        if one.merged:
            return one.merge_sha
        if self.refuse:
            raise Refused(self.refuse)
        if one.state == "closed" or self.heads[one.head] != expected_head:
            raise Conflict("it is closed, or its head has moved")
        head, base = self._ends(number)
        merged = {path: _merged(base.get(path, b""), self.main().get(path, b""), head[path]) for path in head}
        sha = self.heads[MAIN] = self._store(
            f"{title}\n\n{message}".strip(), {**self.main(), **merged}, (self.heads[MAIN],)
        )
        self.requests[number] = replace(one, state="closed", merged=True, merge_sha=sha)
        self._happened("squash")
        return sha

    async def close_pull(self, number: int) -> None:
        """Without merging."""
        self.requests[number] = replace(await self.pull(number), state="closed")

    def _ends(self, number: int) -> tuple[Tree, Tree]:
        """The trees of the head, and of the commit of main that its branch began at."""
        sha, ours = self.requests[number].head_sha, set[str]()
        main = self.heads[MAIN]
        while main:
            ours.add(main)
            main = next(iter(self.commits_[main][0].parents), "")
        base = sha
        while base not in ours:
            base = self.commits_[base][0].parents[0]
        return self.commits_[sha][1], self.commits_[base][1]

    def _follow(self, branch: str) -> None:
        for number, one in self.requests.items():
            if one.head == branch and one.state == "open":
                self.requests[number] = replace(one, head_sha=self.heads[branch])


class Killed(BaseException):
    """SIGKILL to the process that called."""


def _merged(base: bytes, ours: bytes, theirs: bytes) -> bytes:
    """Three ways, line by line; `Conflict` where both changed a line, or lines moved."""
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    lines = [text.splitlines(keepends=True) for text in (base, ours, theirs)]
    if len({len(one) for one in lines}) != 1:
        raise Conflict("both added or removed lines")
    merged = []
    for was, mine, other in zip(*lines, strict=True):
        if was not in (mine, other) and mine != other:
            raise Conflict(f"both changed {was.decode().strip()}")
        merged.append(other if mine == was else mine)
    return b"".join(merged)


def keys_of(text: str) -> tuple[str, ...]:
    """The keys of a file of desired state, in its order."""
    lines = (line.strip() for line in text.splitlines())
    return tuple(line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#"))
