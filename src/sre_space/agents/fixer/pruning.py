"""Prunes after remediations: deletes old branches of the agents and closes their abandoned pull requests.

A remediation's branch is named `sre/inc-<issue>-<utc of the decision>`, with a suffix for further decisions, attempts
and the undo: the name says its age, so no commit is read. Fixer prunes after each success. An interrupted run needs no
repair: the next one finds the same branches.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sre_space.domain.errors import Refused
from sre_space.ports.gitops import Branch, GitOps, PullRequest
from sre_space.text.proposal import PREFIX, TIME

MAX_BRANCHES = 5


@dataclass(frozen=True, order=True)
class Remediation:
    """What the name of a branch says: when the remedy was decided (`utc`), and for which issue. Ordered by age."""

    utc: str
    issue: int


def remediation_of(branch: str) -> Remediation | None:
    """Return what the branch name says; None for a branch that is not the agents' and is never pruned."""
    issue, dash, rest = branch.removeprefix(PREFIX).partition("-")
    utc = rest.partition("-")[0]
    if not branch.startswith(PREFIX) or not (issue.isascii() and issue.isdecimal() and dash):
        return None
    try:
        exact = datetime.strptime(utc, TIME).replace(tzinfo=UTC).strftime(TIME) == utc
    except ValueError:
        return None
    return Remediation(utc, int(issue)) if exact else None


def stale_branches(
    branches: Sequence[Branch], pulls: Sequence[PullRequest], kept: int = MAX_BRANCHES
) -> tuple[str, ...]:
    """Return the remediation branches to delete, oldest first.

    The `kept` newest stay, and so do the branches of open pull requests.
    """
    needed = {pull.head for pull in pulls if pull.state == "open"}
    known = {
        branch.name: remediation for branch in branches if (remediation := remediation_of(branch.name)) is not None
    }
    by_age = sorted(known, key=lambda name: (known[name], name))
    return tuple(name for name in by_age[: max(0, len(by_age) - kept)] if name not in needed)


def stale_pulls(pulls: Sequence[PullRequest], finished: Collection[int]) -> tuple[int, ...]:
    """Return the numbers of open pull requests whose incident (an issue number in `finished`) is over."""
    return tuple(
        pull.number
        for pull in pulls
        if pull.state == "open"
        and (remediation := remediation_of(pull.head)) is not None
        and remediation.issue in finished
    )


async def prune(gitops: GitOps, finished: Collection[int], kept: int = MAX_BRANCHES) -> tuple[str, ...]:
    """Close abandoned pull requests, delete old branches, and return the names of the deleted ones.

    A branch that the forge refuses to delete is tried again the next time.
    """
    for number in stale_pulls(await gitops.pulls(), finished):
        await gitops.close_pull(number)
    deleted = []
    for name in stale_branches(await gitops.branches(), await gitops.pulls(), kept):
        try:
            await gitops.delete_branch(name)
        except Refused:
            continue
        deleted.append(name)
    return tuple(deleted)
