"""Pull requests: opened, updated while their branches move, retargeted, closed. The merge is in `merges.py`."""

from collections.abc import Iterator
from dataclasses import dataclass

import pygit2

from sre_embedded.servers.forge.answers import Refusal
from sre_embedded.servers.forge.checks import CheckRuns
from sre_embedded.servers.forge.pull_store import CLOSED, OPEN, Intent, NewPull, PullRow, PullStore
from sre_embedded.servers.forge.refs import Refs
from sre_space.identities import Identity


@dataclass(frozen=True)
class Pulls:
    """The pull requests of one repository, each brought up to date with its branches when it is read."""

    store: PullStore
    refs: Refs
    checks: CheckRuns

    def get(self, number: int) -> PullRow:
        """Return one pull request; `Refusal` 404 when there is none."""
        pull = self.store.pull(number)
        if pull is None:
            raise Refusal("get pull request", 404, "Not Found")
        return self._update(pull)

    def all(self) -> Iterator[PullRow]:
        """Return all pull requests, newest first."""
        return map(self.get, self.store.numbers())

    def create(self, requested: NewPull, caller: Identity) -> int:
        """Open a pull request and return its number; `Refusal` for the reasons that GitHub has."""
        action, head, base = "create pull request", requested.head, requested.base
        head_sha, base_sha = self._sha(head, "head", action), self._sha(base, "base", action)
        if any((pull.head, pull.base) == (head, base) for pull in self.all() if pull.open):
            raise Refusal(action, 422, f"A pull request already exists for {head}.")
        if str(self._fork(head_sha, base_sha, action).id) == head_sha:
            raise Refusal(action, 422, f"No commits between {base} and {head}")
        number = self.store.create(requested, caller.login, head_sha, base_sha)
        self.get(number)
        return number

    def set_state(self, number: int, state: str) -> None:
        """Close or reopen a pull request."""
        self.check_reopen(number, state)
        self.store.issues.set_state(number, state, None)

    def check_reopen(self, number: int, state: str) -> None:
        """Raise `Refusal` when a pull request that is merged or has no branch is to be reopened.

        Called before the state of an issue changes; ignores numbers of plain issues.
        """
        pull = self.store.pull(number)
        if pull is None:
            return
        pull = self._update(pull)
        if state == OPEN and not pull.open and (pull.merge_sha or self.refs.head(pull.head) is None):
            raise Refusal("update pull request", 422, "state cannot be changed. The pull request cannot be reopened.")

    def retarget(self, number: int, base: str) -> None:
        """Change the base to another branch."""
        self._sha(base, "base", "update pull request")
        self.store.retarget(number, base)

    def close_pulls_of(self, branch: str) -> None:
        """Close the open pull requests of a branch that is about to be deleted; their heads stay stored."""
        for pull in self.all():
            if pull.open and branch in (pull.head, pull.base):
                self.store.issues.set_state(pull.number, CLOSED, None)

    def fork(self, pull: PullRow) -> pygit2.Commit:
        """Return the merge base: the commit where the branch was forked from the base."""
        return self._fork(pull.head_sha, pull.base_sha, "get pull request")

    def _fork(self, head_sha: str, base_sha: str, action: str) -> pygit2.Commit:
        base = self.refs.repository.merge_base(base_sha, head_sha)
        if base is None:
            raise Refusal(action, 422, "The branches have entirely different commit histories")
        return self.refs.repository[base].peel(pygit2.Commit)

    def _update(self, pull: PullRow) -> PullRow:
        """Return the pull request with the current heads of its branches.

        An open one is closed when a branch is missing or no commit is left to merge, and checked when its head is new.
        """
        if not pull.open:
            return pull
        head, base = self.refs.head(pull.head), self.refs.head(pull.base)
        if head is None or base is None:
            self.store.issues.set_state(pull.number, CLOSED, None)
        elif (head, base) != (pull.head_sha, pull.base_sha):
            self.store.update_heads(pull.number, head, base)
            if self.refs.repository.merge_base(base, head) == pygit2.Oid(hex=head):
                self._close_empty(pull, head)
        current = self._reload(pull)
        if current.open:
            self.refs.keep_pull_head(current.number, current.head_sha)
            self.checks.perform(current)
        return current

    def _close_empty(self, before: PullRow, head: str) -> None:
        """Handle a base that contains the head: merged by a person with git, or the branch's commits were removed."""
        if before.head_sha == head:
            self.store.mark_merged(Intent(before.number, before.base, head, ""))
        else:
            self.store.issues.set_state(before.number, CLOSED, None)

    def _reload(self, pull: PullRow) -> PullRow:
        current = self.store.pull(pull.number)
        assert current is not None
        return current

    def _sha(self, branch: str, field: str, action: str) -> str:
        sha = self.refs.head(branch)
        if sha is None:
            raise Refusal(action, 422, f"Validation Failed: {field} {branch} is no branch")
        return sha
