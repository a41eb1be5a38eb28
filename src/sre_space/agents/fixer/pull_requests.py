"""Changing desired state by a pull request, one small step at a time. Used by `fixer.py`.

The forge remembers how far it got: each call looks there first and goes on from what it finds, so a Fixer that was
killed anywhere makes nothing twice. A conflict means a new branch on the new base under the same name with a number;
nothing is ever pushed by force.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sre_space.domain.configuration import FOLDER, applied, made
from sre_space.domain.errors import Conflict, Malformed, Refused
from sre_space.domain.facts import ActionResult
from sre_space.ports.clock import Clock
from sre_space.ports.deployments import Deployments
from sre_space.ports.gitops import GitOps, PullRequest
from sre_space.text.proposal import Proposal

TRIES = 3
MAIN = "main"
APPLIED_WITHIN_NS = 120 * 10**9  # of the merge, while Fixer runs; after that Scout judges what came of it


@dataclass(frozen=True)
class Ended:
    """Why a change is not carried out: FAILED (the same again would not help), REFUSED (desired state has moved: decide
    anew) or ALREADY_CHANGED (it says so already, by somebody else)."""

    result: ActionResult
    detail: str


@dataclass(frozen=True)
class PullRequests:
    """One change from branch to deployment."""

    gitops: GitOps
    deployments: Deployments
    clock: Clock

    async def newest(self, proposal: Proposal) -> PullRequest | None:
        """The pull request of the latest try, in whatever state."""
        tries = await self._tries(proposal)
        return tries[-1] if tries else None

    async def ready(self, proposal: Proposal) -> PullRequest | Ended | None:
        """An open pull request whose checks have passed and that holds what was decided; None while checks run."""
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
        """Squash it with the head that was compared; None when it conflicted and the next try was opened."""
        try:
            await self.gitops.squash(pull.number, pull.head_sha, proposal.title, proposal.body)
        except Conflict as conflict:
            return await self._next_try(pull, proposal, conflict)
        except Refused as refused:
            return _failed(pull, f"may not be merged: {refused}")
        return await self.gitops.pull(pull.number)

    async def applied(self, pull: PullRequest, proposal: Proposal) -> bool | None:
        """True once what was merged is in force, False when that took too long, None while it is on its way."""
        files = await self.gitops.read_files(FOLDER, MAIN)
        paths = {edit.file for edit in proposal.remedy.edits}
        if all([await self.deployments.in_force(path, files.get(path, b"")) for path in sorted(paths)]):
            return True
        merged = await self.gitops.commit(pull.merge_sha)
        return False if self.clock.pauses().ran(merged.at, self.clock.now()) > APPLIED_WITHIN_NS else None

    async def withdraw(self, prefix: str) -> None:
        """Close what is open on branches that begin so, and delete these branches."""
        for pull in await self.gitops.pulls("open"):
            if pull.head.startswith(prefix):
                await self.gitops.close_pull(pull.number)
        merged = {pull.head for pull in await self.gitops.pulls("all") if pull.merged}
        for branch in await self.gitops.branches():
            if branch.name.startswith(prefix) and branch.name not in merged:
                await self.gitops.delete_branch(branch.name)

    async def _tries(self, proposal: Proposal) -> list[PullRequest]:
        """The pull requests of this change by try."""
        names = [_name(proposal, number) for number in range(1, TRIES + 1)]
        found = {pull.head: pull for pull in await self.gitops.pulls("all") if pull.head in names}
        return [found[name] for name in names if name in found]

    async def _next_try(self, pull: PullRequest, proposal: Proposal, conflict: Conflict) -> Ended | None:
        """A new branch on the new base first, then the old one goes: a closed newest one was closed by somebody."""
        tries = await self._tries(proposal)
        if len(tries) >= TRIES:
            return _failed(pull, f"conflicted as {TRIES - 1} before it: {conflict}")
        proposed = await self._propose(proposal, len(tries) + 1)
        if isinstance(proposed, Ended):
            return proposed
        for old in tries:
            await self.gitops.close_pull(old.number)
        return None

    async def _propose(self, proposal: Proposal, number: int) -> PullRequest | Ended:
        """Branch, commit, pull request: each unless it is there."""
        branch = _name(proposal, number)
        heads = {one.name: one.sha for one in await self.gitops.branches()}
        try:
            files, edits = await self._texts(heads[MAIN]), proposal.remedy.edits
            if made(files, edits):
                return Ended(ActionResult.ALREADY_CHANGED, f"main {heads[MAIN][:12]} says so already")
            applied(files, edits)
            if branch not in heads:
                await self.gitops.create_branch(branch, heads[MAIN])
            await self._commit(branch, heads.get(branch, heads[MAIN]), proposal)
        except Conflict as moved:
            return Ended(ActionResult.REFUSED, f"desired state has moved: {moved}")
        except Malformed as broken:
            return Ended(ActionResult.FAILED, str(broken))
        return await self.gitops.pull(await self.gitops.open_pull(proposal.title, proposal.body, branch, MAIN))

    async def _commit(self, branch: str, head: str, proposal: Proposal) -> None:
        files, edits = await self._texts(head), proposal.remedy.edits
        if not made(files, edits):
            await self.gitops.commit_files(branch, applied(files, edits), proposal.title, head)

    async def _exact(self, pull: PullRequest, proposal: Proposal) -> bool:
        """True when the diff is the decided edits, byte for byte, in the files that they name and no other."""
        edits = proposal.remedy.edits
        head = await self.gitops.commit(pull.head_sha)
        if len(head.parents) != 1 or set(await self.gitops.pull_files(pull.number)) - {edit.file for edit in edits}:
            return False
        try:
            before, after = await self._texts(head.parents[0]), await self._texts(pull.head_sha)
            return {**before, **applied(before, edits)} == dict(after)
        except (Conflict, Malformed):
            return False

    async def _texts(self, ref: str) -> Mapping[str, str]:
        try:
            files = await self.gitops.read_files(FOLDER, ref)
            return {path: content.decode() for path, content in files.items()}
        except UnicodeDecodeError as error:
            raise Malformed(f"{FOLDER} at {ref[:12]} holds a file that is not UTF-8: {error}") from error


def _failed(pull: PullRequest, why: str) -> Ended:
    return Ended(ActionResult.FAILED, f"pull request {pull.number} {why}")


def _name(proposal: Proposal, number: int) -> str:
    """The branch of a try: the first has the plain name."""
    return proposal.branch if number == 1 else f"{proposal.branch}-{number}"
