"""Merging a pull request, so that a crash at any point leaves it either merged or open.

1. Its head is read again; it must be the expected one, checked, and free of conflicts.
2. The commit is made; no branch names it yet.
3. The intent is written.
4. The base moves from the commit that was merged with to the new one, or not at all.
5. The pull request is marked merged, and the intent is gone.

At start, and before each call (a full disk may have cut it off), `reconcile` looks at each intent: did the base move,
step 5 is done, else the intent is dropped.
"""

from dataclasses import dataclass
from typing import Literal

from sre_space.embedded.forge.answers import Refusal, must_write
from sre_space.embedded.forge.identities import Identity
from sre_space.embedded.forge.merging import committed, merged
from sre_space.embedded.forge.pull_store import Intent, PullRow
from sre_space.embedded.forge.pulls import Pulls
from sre_space.embedded.forge.refs import Moved

DOING = "merge pull request"
NOT_ALLOWED = 405
Method = Literal["merge", "squash", "rebase"]


@dataclass(frozen=True)
class Wish:
    """How to merge: `expected` is the head that was reviewed; "" takes any (the MCP tool cannot say)."""

    method: Method = "merge"
    title: str = ""
    message: str = ""
    expected: str = ""


@dataclass(frozen=True)
class Merges:
    """Merges of one repository's pull requests."""

    pulls: Pulls

    def merge(self, number: int, wish: Wish, author: Identity, who: Identity) -> str:
        """The new commit of the base; `author` is whoever opened the pull request, `who` merges it."""
        must_write(who, DOING)
        self.reconcile()
        pull = self.pulls.get(number)
        self._must_be_ready(pull, wish)
        intent = Intent(number, pull.base, self._commit(pull, wish, author, who), who.login)
        self.pulls.store.intend(intent)
        try:
            self.pulls.refs.move(pull.base, pull.base_sha, intent.after)
        except Moved as error:
            self.pulls.store.drop(intent)
            raise Refusal(DOING, 405, "Base branch was modified. Review and try the merge again.") from error
        self.pulls.store.merged(intent)
        return intent.after

    def reconcile(self) -> None:
        """Finish or forget what a crash cut off."""
        for intent in self.pulls.store.intents():
            (self.pulls.store.merged if self._happened(intent) else self.pulls.store.drop)(intent)

    def _happened(self, intent: Intent) -> bool:
        """True when the base holds the commit that was to be merged; git may have pruned one that it does not."""
        repository, head = self.pulls.refs.repository, self.pulls.refs.head(intent.base)
        if head is None or intent.after not in repository:
            return False
        return head == intent.after or repository.descendant_of(head, intent.after)

    def conflicts(self, pull: PullRow) -> bool:
        """True when its head and its base cannot be merged by git alone."""
        refs = self.pulls.refs
        return merged(refs.repository, refs.commit(pull.base_sha), refs.commit(pull.head_sha)) is None

    def _must_be_ready(self, pull: PullRow, wish: Wish) -> None:
        if not pull.open:
            raise Refusal(DOING, NOT_ALLOWED, "Pull Request is not mergeable")
        if wish.expected and wish.expected != pull.head_sha:
            raise Refusal(DOING, 409, "Head branch was modified. Review and try the merge again.")
        if pull.draft:
            raise Refusal(DOING, NOT_ALLOWED, "Pull Request is still a draft")
        if wish.method == "rebase":
            raise Refusal(DOING, NOT_ALLOWED, "Rebase merges are not allowed on this repository.")
        blocked = self.pulls.checks.blocking(pull)
        if blocked is not None:
            raise Refusal(DOING, NOT_ALLOWED, blocked)

    def _commit(self, pull: PullRow, wish: Wish, author: Identity, who: Identity) -> str:
        refs, squash = self.pulls.refs, wish.method == "squash"
        tree = merged(refs.repository, refs.commit(pull.base_sha), refs.commit(pull.head_sha))
        if tree is None:
            raise Refusal(DOING, NOT_ALLOWED, "Pull Request is not mergeable")
        usual = (
            f"{pull.issue.title} (#{pull.number})" if squash else f"Merge pull request #{pull.number} from {pull.head}"
        )
        text = "\n\n".join(part for part in (wish.title or usual, wish.message) if part)
        parents = [pull.base_sha] if squash else [pull.base_sha, pull.head_sha]
        return committed(refs.repository, tree, text, parents, author=author if squash else who, by=who)
