"""Changes of the desired state, from decision to record, and their undo. Used by `fixer.py`."""

from dataclasses import dataclass

from sre_space.agents.fixer.permission import NOTHING_TO_UNDO, PermissionCheck
from sre_space.agents.fixer.pruning import prune
from sre_space.agents.fixer.pull_requests import Ended, PullRequests
from sre_space.agents.fixer.restart import Restarts
from sre_space.domain.case import Case
from sre_space.domain.facts import Action, ActionResult, Decision, RuleAnswer, Undo
from sre_space.domain.remedies import ConfigChange, inverse
from sre_space.ports.clock import Clock
from sre_space.ports.gitops import PullRequest
from sre_space.ports.kill_switch import KillSwitch
from sre_space.text.proposal import Proposal, branches_of, proposal_of, undoing_of

MAX_CHECKS, CHECK_EVERY_S = 5, 0.2


@dataclass(frozen=True)
class Changes:
    """Carries out and undoes changes by pull requests, and follows each until its deployment is in force."""

    pulls: PullRequests
    restarts: Restarts
    kill_switch: KillSwitch
    clock: Clock

    async def begun(self, case: Case, remedy: ConfigChange) -> bool:
        """Return True once the change is merged: from then on it is finished, and the decision cannot expire."""
        pull = await self.pulls.newest(proposal_of(case, remedy))
        return pull is not None and pull.merged

    async def carry_out(
        self, case: Case, remedy: ConfigChange, answers: tuple[RuleAnswer, ...], check: PermissionCheck
    ) -> Action | None:
        """Propose, merge and follow the change; return the record of it, or of why it ended.

        Return None while checks or the deployment are in progress, and while the agents are halted.
        """
        pull = await self._merged(proposal_of(case, remedy), check)
        if isinstance(pull, Ended):
            return Action(pull.result, remedy, "", "", NOTHING_TO_UNDO, answers, pull.detail)
        return await self.finish(case, remedy, answers) if pull else None

    async def finish(self, case: Case, remedy: ConfigChange, answers: tuple[RuleAnswer, ...]) -> Action | None:
        """Follow the deployment of the merged change and return its record, or None while it is in progress."""
        proposal = proposal_of(case, remedy)
        pull = await self.pulls.newest(proposal)
        assert pull is not None
        after = await self._in_force(pull, proposal)
        if after is None:
            return None
        before = "; ".join(f"{edit.key}={edit.old}" for edit in remedy.edits)
        way_back = inverse(remedy, pull.merge_sha)
        undo_command = way_back.command if way_back else NOTHING_TO_UNDO
        detail = f"pull request {pull.number} merged as {pull.merge_sha[:12]}"
        return Action(ActionResult.DONE, remedy, before, after, undo_command, answers, detail, way_back)

    async def undo(self, case: Case, check: PermissionCheck) -> Undo | None:
        """Undo the newest action and return the record; None while it is in progress or the agents are halted."""
        remedy = case.trials[-1].action.way_back
        assert remedy is not None
        proposal = undoing_of(case, remedy)
        before = "; ".join(f"{edit.key}={edit.old}" for edit in remedy.edits)
        pull = await self._merged(proposal, check)
        if isinstance(pull, Ended):
            undone_already = pull.result is ActionResult.ALREADY_CHANGED
            return Undo(pull.result if undone_already else ActionResult.FAILED, remedy, before, "", pull.detail)
        after = await self._in_force(pull, proposal) if pull else None
        if pull is None or after is None:
            return None
        detail = f"pull request {pull.number} merged as {pull.merge_sha[:12]}"
        return Undo(ActionResult.DONE, remedy, before, after, detail)

    async def clear_away(self, case: Case) -> None:
        """Close the pull requests of this incident that were not merged, and delete their branches.

        Of all remediation branches only the newest are kept.
        """
        if any(isinstance(payload, Decision) and payload.remedy.edits for payload in case.payloads):
            await self.pulls.withdraw(branches_of(case))
            await prune(self.pulls.gitops, {case.issue})

    async def _merged(self, proposal: Proposal, check: PermissionCheck) -> PullRequest | Ended | None:
        """Return the merged pull request, or an `Ended` that says why there is none.

        Return None while checks run, after a conflict or a pause of this process, and while the agents are halted.
        """
        pull = await self.pulls.newest(proposal)
        if pull is not None and pull.merged:
            return pull
        for _ in range(MAX_CHECKS):
            ready = await self.pulls.ready(proposal)
            if isinstance(ready, Ended):
                return ready
            if self.kill_switch.halted() or check.outdated:
                return None
            if ready is not None and (merged := await self.pulls.merge(ready, proposal)) is not None:
                return merged
            await self.clock.sleep(CHECK_EVERY_S)
        return None

    async def _in_force(self, pull: PullRequest, proposal: Proposal) -> str | None:
        """Return the state after the deployment in words; None while the deployment is in progress.

        A unit of the service that has ended is started again.
        """
        for _ in range(MAX_CHECKS):
            applied = await self.pulls.applied(pull, proposal)
            if applied is not None:
                values = "; ".join(f"{edit.key}={edit.new}" for edit in proposal.remedy.edits)
                state = "in force" if applied else "not in force yet"
                return f"{values}, {state}; {await self.restarts.revive(proposal.remedy.service)}"
            await self.clock.sleep(CHECK_EVERY_S)
        return None
