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

    `login` is the identity that asks, `down`: nothing is answered.
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
    login: str = "sre-fixer"
    dies_after: str = ""
    before_squash: Callable[[], object] | None = None
    asked: Callable[[str], None] = lambda _: None

    def __post_init__(self) -> None:
        """Make the first commit."""
        self.heads[MAIN] = self._store("desired state", self.files, ())

    def _store(self, message: str, tree: Tree, parents: tuple[str, ...], author: str = "somebody") -> str:
        at, before = self.now(), self.commits_[parents[0]][1] if parents else {}
        sha = hashlib.sha1(repr((message, sorted(tree.items()), parents, at)).encode()).hexdigest()
        touched = tuple(sorted(path for path in {*tree, *before} if tree.get(path) != before.get(path)))
        self.commits_[sha] = Commit(sha, message, author, at, parents, touched), tree
        return sha

    def holds(self, sha: str, tree: Tree, parents: tuple[str, ...] = ()) -> None:
        """Add a commit with an id of the test's own, on no branch."""
        self.commits_[sha] = Commit(sha, "", "somebody", self.now(), parents), tree

    def person_commits(self, path: str, old: str, new: str, message: str = "by hand") -> str:
        """Somebody pushes to main."""
        before = self.main()[path]
        assert old.encode() in before
        return self.person_pushes({path: before.replace(old.encode(), new.encode())}, message)

    def main(self) -> Tree:
        """Return the files that main holds."""
        return self.commits_[self.heads[MAIN]][1]

    def person_pushes(self, files: Tree, message: str = "by hand") -> str:
        """Somebody pushes whole files to main."""
        tree = {**self.main(), **files}
        self.heads[MAIN] = self._store(message, tree, (self.heads[MAIN],))
        return self.heads[MAIN]

    def _up(self) -> None:
        if self.down:
            raise Unavailable("the forge is away")

    def _asked(self, call: str) -> None:
        self._up()
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
        self._up()
        reached = [self.commits_[sha][0] for sha in self._reached(self._sha(ref))]
        return [replace(one, files=()) for one in reached if one.at >= since and (not path or _touches(one, path))]

    def _reached(self, sha: str) -> list[str]:
        """Return the ids of this commit and of its first parents, newest first."""
        found = []
        while sha:
            found.append(sha)
            sha = next(iter(self.commits_[sha][0].parents), "")
        return found

    async def commit(self, sha: str) -> Commit:
        """Return one commit."""
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
        if branch == MAIN:
            raise Refused(f"{MAIN} is changed by a pull request alone")
        if branch not in self.heads:
            raise Missing(f"no branch {branch}")
        if self.heads[branch] != expected_head:
            raise Conflict(f"{branch} has moved")
        tree = {**self.commits_[expected_head][1], **{path: text.encode() for path, text in files.items()}}
        self.heads[branch] = self._store(message, tree, (expected_head,), self.login)
        self._follow(branch)
        self._happened("commit_files")
        return self.heads[branch]

    async def delete_branch(self, name: str) -> None:
        """Gone, and what was to be merged from it is closed."""
        self._up()
        if name == MAIN:
            raise Refused("the default branch stays")
        self.heads.pop(name, None)
        for number, one in self.requests.items():
            if (one.head, one.state) == (name, "open"):
                self.requests[number] = replace(one, state="closed")

    async def open_pull(self, title: str, body: str, head: str, base: str = MAIN) -> int:
        """One for each head."""
        self._asked("open_pull")
        if self.heads.get(head, "") in ("", *self._reached(self._sha(base))):
            raise Refused(f"{head} has no commits of its own")
        for number, one in self.requests.items():
            if (one.head, one.base, one.state) == (head, base, "open"):
                return number
        number = len(self.requests) + 1
        self.requests[number] = PullRequest(
            number, title, body, "open", self.login, head, self.heads[head], base, False, "", self.now()
        )
        self._happened("open_pull")
        return number

    async def pull(self, number: int) -> PullRequest:
        """One."""
        self._up()
        if number not in self.requests:
            raise Missing(f"no pull request {number}")
        return self.requests[number]

    async def pulls(self, state: Literal["open", "closed", "all"] = "open") -> Sequence[PullRequest]:
        """Newest first."""
        self._asked("pulls")
        return [one for one in reversed(self.requests.values()) if state in ("all", one.state)]

    async def pull_files(self, number: int) -> Sequence[str]:
        """Against where the branch began."""
        head, base = self._ends(await self.pull(number))
        return sorted(path for path in {*head, *base} if head.get(path) != base.get(path))

    async def checks(self, number: int) -> Checks:
        """As the test says."""
        self._asked("checks")
        await self.pull(number)
        return self.checks_say

    async def squash(self, number: int, expected_head: str, title: str, message: str) -> str:
        """Merge onto main as it is now."""
        self._asked("squash")
        if self.before_squash is not None:
            meanwhile, self.before_squash = self.before_squash, None
            meanwhile()
        one = await self.pull(number)
        if one.merged and one.head_sha == expected_head:
            return one.merge_sha
        if self.refuse:
            raise Refused(self.refuse)
        if one.state == "closed" or one.head_sha != expected_head:
            raise Conflict("it is closed, or its head has moved")
        head, base = self._ends(one)
        merged = {path: _merged(base.get(path, b""), self.main().get(path, b""), head[path]) for path in head}
        sha = self.heads[MAIN] = self._store(
            f"{title}\n\n{message}".strip(), {**self.main(), **merged}, (self.heads[MAIN],), self.login
        )
        self.requests[number] = replace(one, state="closed", merged=True, merge_sha=sha)
        self._happened("squash")
        return sha

    async def close_pull(self, number: int) -> None:
        """Without merging."""
        self.requests[number] = replace(await self.pull(number), state="closed")

    def _ends(self, pull: PullRequest) -> tuple[Tree, Tree]:
        """Return the trees of the head, and of the commit of main that its branch began at."""
        ours = set(self._reached(self.heads[MAIN]))
        base = next(sha for sha in self._reached(pull.head_sha) if sha in ours)
        return self.commits_[pull.head_sha][1], self.commits_[base][1]

    def _follow(self, branch: str) -> None:
        for number, one in self.requests.items():
            if one.head == branch and one.state == "open":
                self.requests[number] = replace(one, head_sha=self.heads[branch])


def _touches(commit: Commit, path: str) -> bool:
    """Tell whether it touched a file, or one of a folder."""
    return any(one == path or one.startswith(f"{path.rstrip('/')}/") for one in commit.files)


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
    """Return the keys of a file of desired state, in its order."""
    lines = (line.strip() for line in text.splitlines())
    return tuple(line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#"))
