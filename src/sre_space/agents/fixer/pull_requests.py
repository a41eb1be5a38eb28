"""Changes the desired state by a pull request, one small step at a time. Used by `fixer.py`.

The forge holds the progress: each call reads it there and continues, so that a Fixer that was killed at any point does
nothing twice. After a conflict a new branch on the new base, with a number after its name, takes over; nothing is ever
force-pushed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sre_space.codec.desired_values import already_applied, applied
from sre_space.domain.errors import Conflict, Malformed, Refused
from sre_space.domain.facts import ActionResult
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.clock import Clock
from sre_space.ports.deployments import Deployments
from sre_space.ports.gitops import GitOps, PullRequest
from sre_space.record.desired_files import desired_files
from sre_space.text.proposal import Proposal

MAX_TRIES = 3
MAIN = "main"
APPLIED_WITHIN_NS = 120 * 10**9  # from the merge on, in which Fixer ran; then Scout verifies whatever is in force


@dataclass(frozen=True)
class Ended:
    """Why a change is not carried out.

    FAILED: repeating it would not help; REFUSED: the desired state has changed, so Brain decides anew; ALREADY_CHANGED:
    someone else has made the same change.
    """

    result: ActionResult
    detail: str


@dataclass(frozen=True)
class PullRequests:
    """Follows one change of the desired state that the configuration names, from its branch to its deployment."""

    config: SpaceConfig
    gitops: GitOps
    deployments: Deployments
    clock: Clock

    async def newest(self, proposal: Proposal) -> PullRequest | None:
        """Return the pull request of the latest attempt, in any state; None before the first."""
        tries = await self._tries(proposal)
        return tries[-1] if tries else None

    async def ready(self, proposal: Proposal) -> PullRequest | Ended | None:
        """Return an open pull request that holds the decided change and has passed its checks; None while checks run.

        Create it first when there is none. Return an `Ended` when it was closed, fails a check, or holds another
        change.
        """
        pull = await self.newest(proposal) or await self._propose(proposal, 1)
        if isinstance(pull, Ended):
            return pull
        if pull.state == "closed":
            return _failed(pull, "was closed without being merged")
        checks = await self.gitops.checks(pull.number)
        if checks.state == "failure":
            return _failed(pull, f"fails a required check: {checks.detail}")
        if checks.state == "pending":
            return None
        return pull if await self._exact(pull, proposal) else _failed(pull, "holds another change than the decided one")

    async def merge(self, pull: PullRequest, proposal: Proposal) -> PullRequest | Ended | None:
        """Squash the pull request, if its head is still the one that was compared, and return it merged.

        Return None after a conflict, when the next attempt was opened, and an `Ended` when it cannot be merged.
        """
        try:
            await self.gitops.squash(pull.number, pull.head_sha, proposal.title, proposal.body)
        except Conflict as conflict:
            return await self._next_try(pull, proposal, conflict)
        except Refused as refused:
            return _failed(pull, f"may not be merged: {refused}")
        return await self.gitops.pull(pull.number)

    async def applied(self, pull: PullRequest, proposal: Proposal) -> bool | None:
        """Return True once the merged change is in force, False when that took too long, None until then."""
        files = await desired_files(self.gitops, self.config, MAIN)
        paths = {edit.file for edit in proposal.remedy.edits}
        if all([await self.deployments.in_force(path, files.get(path, b"")) for path in sorted(paths)]):
            return True
        merged = await self.gitops.commit(pull.merge_sha)
        return False if self.clock.pauses().ran(merged.at, self.clock.now()) > APPLIED_WITHIN_NS else None

    async def withdraw(self, prefix: str) -> None:
        """Close the open pull requests whose branch has this prefix; delete these branches unless merged."""
        for pull in await self.gitops.pulls("open"):
            if pull.head.startswith(prefix):
                await self.gitops.close_pull(pull.number)
        merged = {pull.head for pull in await self.gitops.pulls("all") if pull.merged}
        for branch in await self.gitops.branches():
            if branch.name.startswith(prefix) and branch.name not in merged:
                await self.gitops.delete_branch(branch.name)

    async def _tries(self, proposal: Proposal) -> list[PullRequest]:
        """Return the pull requests of this change, first attempt first."""
        names = [_name(proposal, number) for number in range(1, MAX_TRIES + 1)]
        pulls = {pull.head: pull for pull in await self.gitops.pulls("all") if pull.head in names}
        return [pulls[name] for name in names if name in pulls]

    async def _next_try(self, pull: PullRequest, proposal: Proposal, conflict: Conflict) -> Ended | None:
        """Open a pull request on the new base, then close those before it; return an `Ended` when that is not possible.

        The new one comes first, so that a newest pull request that is closed was closed by someone else.
        """
        tries = await self._tries(proposal)
        if len(tries) >= MAX_TRIES:
            return _failed(pull, f"conflicted, as did {MAX_TRIES - 1} before it: {conflict}")
        proposed = await self._propose(proposal, len(tries) + 1)
        if isinstance(proposed, Ended):
            return proposed
        for old in tries:
            await self.gitops.close_pull(old.number)
        return None

    async def _propose(self, proposal: Proposal, number: int) -> PullRequest | Ended:
        """Create the branch, the commit and the pull request, each unless it exists, and return the pull request.

        Return an `Ended` when main holds the change already, or when the change does not apply to it.
        """
        branch = _name(proposal, number)
        heads = {head.name: head.sha for head in await self.gitops.branches()}
        try:
            files, edits = await self._texts(heads[MAIN]), proposal.remedy.edits
            if already_applied(files, edits, self.config.formats):
                return Ended(ActionResult.ALREADY_CHANGED, f"main {heads[MAIN][:12]} holds these values already")
            applied(files, edits, self.config.formats)
            if branch not in heads:
                await self.gitops.create_branch(branch, heads[MAIN])
            await self._commit(branch, heads.get(branch, heads[MAIN]), proposal)
        except Conflict as conflict:
            return Ended(ActionResult.REFUSED, f"desired state has moved: {conflict}")
        except Malformed as error:
            return Ended(ActionResult.FAILED, str(error))
        return await self.gitops.pull(await self.gitops.open_pull(proposal.title, proposal.body, branch, MAIN))

    async def _commit(self, branch: str, head: str, proposal: Proposal) -> None:
        files, edits = await self._texts(head), proposal.remedy.edits
        if not already_applied(files, edits, self.config.formats):
            texts = applied(files, edits, self.config.formats)
            await self.gitops.commit_files(branch, texts, proposal.title, head)

    async def _exact(self, pull: PullRequest, proposal: Proposal) -> bool:
        """Return True when the pull request changes exactly the decided edits, byte for byte, and no other file."""
        edits = proposal.remedy.edits
        head = await self.gitops.commit(pull.head_sha)
        if len(head.parents) != 1 or set(await self.gitops.pull_files(pull.number)) - {edit.file for edit in edits}:
            return False
        try:
            before, after = await self._texts(head.parents[0]), await self._texts(pull.head_sha)
            return {**before, **applied(before, edits, self.config.formats)} == dict(after)
        except (Conflict, Malformed):
            return False

    async def _texts(self, ref: str) -> Mapping[str, str]:
        files = await desired_files(self.gitops, self.config, ref)
        try:
            return {path: content.decode() for path, content in files.items()}
        except UnicodeDecodeError as error:
            raise Malformed(f"desired state at {ref[:12]} holds a file that is not UTF-8: {error}") from error


def _failed(pull: PullRequest, why: str) -> Ended:
    return Ended(ActionResult.FAILED, f"pull request {pull.number} {why}")


def _name(proposal: Proposal, number: int) -> str:
    """Return the branch of an attempt: the first has the plain name, later ones a number."""
    return proposal.branch if number == 1 else f"{proposal.branch}-{number}"
