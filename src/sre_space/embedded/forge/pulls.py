"""Pull requests: opened, followed while they are open, retargeted, closed. The merge is in `merges.py`."""

from collections.abc import Iterator
from dataclasses import dataclass

import pygit2

from sre_space.embedded.forge.answers import Refusal
from sre_space.embedded.forge.checks import CheckRuns
from sre_space.embedded.forge.identities import Identity
from sre_space.embedded.forge.pull_store import CLOSED, OPEN, Intent, PullRow, PullStore, StoredPull
from sre_space.embedded.forge.refs import Refs


@dataclass(frozen=True)
class Pulls:
    """Pull requests of one repository, every one as its branches are at this moment."""

    store: PullStore
    refs: Refs
    checks: CheckRuns

    def get(self, number: int) -> PullRow:
        """One; `Refusal` 404 when there is none."""
        pull = self.store.pull(number)
        if pull is None:
            raise Refusal("get pull request", 404, "Not Found")
        return self._followed(pull)

    def all(self) -> Iterator[PullRow]:
        """Newest first."""
        return map(self.get, self.store.numbers())

    def create(self, asked: StoredPull, who: Identity) -> int:
        """The number; GitHub's reasons to refuse are kept."""
        doing, head, base = "create pull request", asked.head, asked.base
        head_sha, base_sha = self._sha(head, "head", doing), self._sha(base, "base", doing)
        if any((one.head, one.base) == (head, base) for one in self.all() if one.open):
            raise Refusal(doing, 422, f"A pull request already exists for {head}.")
        if str(self._fork(head_sha, base_sha, doing).id) == head_sha:
            raise Refusal(doing, 422, f"No commits between {base} and {head}")
        number = self.store.create(asked, who.login, head_sha, base_sha)
        self.get(number)
        return number

    def set_state(self, number: int, state: str) -> None:
        """Close or reopen."""
        self.turning(number, state)
        self.store.issues.set_state(number, state, None)

    def turning(self, number: int, state: str) -> None:
        """Before an issue's state changes: a pull request that is merged or has no branch cannot be opened again."""
        pull = self.store.pull(number)
        if pull is None:
            return
        pull = self._followed(pull)
        if state == OPEN and not pull.open and (pull.merge_sha or self.refs.head(pull.head) is None):
            raise Refusal("update pull request", 422, "state cannot be changed. The pull request cannot be reopened.")

    def retarget(self, number: int, base: str) -> None:
        """Onto another branch."""
        self._sha(base, "base", "update pull request")
        self.store.retarget(number, base)

    def left(self, branch: str) -> None:
        """A branch goes: its pull requests are closed, their heads stay known."""
        for pull in self.all():
            if pull.open and branch in (pull.head, pull.base):
                self.store.issues.set_state(pull.number, CLOSED, None)

    def fork(self, pull: PullRow) -> pygit2.Commit:
        """Where its branch left the base: what it changes, it changes since then."""
        return self._fork(pull.head_sha, pull.base_sha, "get pull request")

    def _fork(self, head_sha: str, base_sha: str, doing: str) -> pygit2.Commit:
        found = self.refs.repository.merge_base(base_sha, head_sha)
        if found is None:
            raise Refusal(doing, 422, "The branches have entirely different commit histories")
        return self.refs.repository[found].peel(pygit2.Commit)

    def _followed(self, pull: PullRow) -> PullRow:
        """As long as it is open, its head is its branch's; without a branch, or without a commit, it is closed."""
        if not pull.open:
            return pull
        head, base = self.refs.head(pull.head), self.refs.head(pull.base)
        if head is None or base is None:
            self.store.issues.set_state(pull.number, CLOSED, None)
        elif (head, base) != (pull.head_sha, pull.base_sha):
            self.store.follow(pull.number, head, base)
            if self.refs.repository.merge_base(base, head) == pygit2.Oid(hex=head):
                self._nothing_left(pull, head)
        now = self._again(pull)
        if now.open:
            self.refs.keep(now.number, now.head_sha)
            self.checks.perform(now)
        return now

    def _nothing_left(self, before: PullRow, head: str) -> None:
        """The base holds the head: a person merged it with git, or else took the branch's commits away."""
        if before.head_sha == head:
            self.store.merged(Intent(before.number, before.base, head, ""))
        else:
            self.store.issues.set_state(before.number, CLOSED, None)

    def _again(self, pull: PullRow) -> PullRow:
        found = self.store.pull(pull.number)
        assert found is not None
        return found

    def _sha(self, branch: str, field: str, doing: str) -> str:
        found = self.refs.head(branch)
        if found is None:
            raise Refusal(doing, 422, f"Validation Failed: {field} {branch} is no branch")
        return found
