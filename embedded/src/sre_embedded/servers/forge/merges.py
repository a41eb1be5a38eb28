"""Merges of pull requests, recorded so that a crash at any point leaves each either merged or open.

1. Read the head again: it must be the expected one, its checks must have succeeded, and it must not conflict.
2. Create the merge commit; no branch points to it yet.
3. Write the intent.
4. Move the base from its old head to the new commit, unless it has moved meanwhile (compare and swap).
5. Mark the pull request as merged, and delete the intent.

At start, and before each call (a full disk may have interrupted a merge), `reconcile` reads each intent: if the base
moved, it does step 5, else it deletes the intent.
"""

from dataclasses import dataclass
from typing import Literal

from sre_embedded.servers.forge.answers import Refusal, require_write
from sre_embedded.servers.forge.merging import create_commit, merge_trees
from sre_embedded.servers.forge.pull_store import Intent, PullRow
from sre_embedded.servers.forge.pulls import Pulls
from sre_embedded.servers.forge.refs import Moved
from sre_space.identities import Identity

DOING = "merge pull request"
NOT_ALLOWED = 405
Method = Literal["merge", "squash", "rebase"]


@dataclass(frozen=True)
class MergeOptions:
    """How to merge: `expected` is the head that was reviewed, "" for any head (the MCP tool has no such argument)."""

    method: Method = "merge"
    title: str = ""
    message: str = ""
    expected: str = ""


@dataclass(frozen=True)
class Merges:
    """Merges the pull requests of one repository."""

    pulls: Pulls

    def merge(self, number: int, options: MergeOptions, author: Identity, caller: Identity) -> str:
        """Merge a pull request; return the new commit of the base.

        `author` is the account that opened the pull request, `caller` merges it. `Refusal` when that is not allowed.
        """
        require_write(caller, DOING)
        self.reconcile()
        pull = self.pulls.get(number)
        self._require_ready(pull, options)
        intent = Intent(number, pull.base, self._commit(pull, options, author, caller), caller.login)
        self.pulls.store.record_intent(intent)
        try:
            self.pulls.refs.move(pull.base, pull.base_sha, intent.after)
        except Moved as error:
            self.pulls.store.drop_intent(intent)
            raise Refusal(DOING, 405, "Base branch was modified. Review and try the merge again.") from error
        self.pulls.store.mark_merged(intent)
        return intent.after

    def reconcile(self) -> None:
        """Complete or discard each merge that was interrupted."""
        for intent in self.pulls.store.intents():
            (self.pulls.store.mark_merged if self._is_applied(intent) else self.pulls.store.drop_intent)(intent)

    def _is_applied(self, intent: Intent) -> bool:
        """Return True when the base contains the merge commit; git may have pruned a commit that no branch has."""
        repository, head = self.pulls.refs.repository, self.pulls.refs.head(intent.base)
        if head is None or intent.after not in repository:
            return False
        return head == intent.after or repository.descendant_of(head, intent.after)

    def conflicts(self, pull: PullRow) -> bool:
        """Return True when head and base cannot be merged without conflicts."""
        refs = self.pulls.refs
        return merge_trees(refs.repository, refs.commit(pull.base_sha), refs.commit(pull.head_sha)) is None

    def _require_ready(self, pull: PullRow, options: MergeOptions) -> None:
        if not pull.open:
            raise Refusal(DOING, NOT_ALLOWED, "Pull Request is not mergeable")
        if options.expected and options.expected != pull.head_sha:
            raise Refusal(DOING, 409, "Head branch was modified. Review and try the merge again.")
        if pull.draft:
            raise Refusal(DOING, NOT_ALLOWED, "Pull Request is still a draft")
        if options.method == "rebase":
            raise Refusal(DOING, NOT_ALLOWED, "Rebase merges are not allowed on this repository.")
        blocked = self.pulls.checks.blocking(pull)
        if blocked is not None:
            raise Refusal(DOING, NOT_ALLOWED, blocked)

    def _commit(self, pull: PullRow, options: MergeOptions, author: Identity, caller: Identity) -> str:
        refs, squash = self.pulls.refs, options.method == "squash"
        tree = merge_trees(refs.repository, refs.commit(pull.base_sha), refs.commit(pull.head_sha))
        if tree is None:
            raise Refusal(DOING, NOT_ALLOWED, "Pull Request is not mergeable")
        default_title = (
            f"{pull.issue.title} (#{pull.number})" if squash else f"Merge pull request #{pull.number} from {pull.head}"
        )
        text = "\n\n".join(part for part in (options.title or default_title, options.message) if part)
        parents = [pull.base_sha] if squash else [pull.base_sha, pull.head_sha]
        return create_commit(refs.repository, tree, text, parents, author=author if squash else caller, by=caller)
