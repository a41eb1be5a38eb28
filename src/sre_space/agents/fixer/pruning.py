"""Tidying up after remediations: old branches of the doctor are deleted, its forgotten pull requests closed.

A remediation's branch is named `sre/inc-<issue>-<utc of the decision>`, with a suffix for further decisions, tries and
the taking back: its age is in its name, no commit is read.
Fixer asks after each success; what it finds at the next one is the same as if it had never been interrupted.
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
    """What a branch's name tells: when it was decided (`utc`), and for which issue. Ordered by age."""

    utc: str
    issue: int


def remediation_of(branch: str) -> Remediation | None:
    """What the name says; None for every other branch, which is nobody's to tidy."""
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
    """Remediation branches to delete, oldest first: all but the `kept` newest, and none that an open pull needs."""
    needed = {pull.head for pull in pulls if pull.state == "open"}
    known = {one.name: found for one in branches if (found := remediation_of(one.name)) is not None}
    by_age = sorted(known, key=lambda name: (known[name], name))
    return tuple(name for name in by_age[: max(0, len(by_age) - kept)] if name not in needed)


def stale_pulls(pulls: Sequence[PullRequest], finished: Collection[int]) -> tuple[int, ...]:
    """Open pull requests of remediations whose incident (issue number) is finished: nobody will merge them."""
    return tuple(
        pull.number
        for pull in pulls
        if pull.state == "open" and (found := remediation_of(pull.head)) is not None and found.issue in finished
    )


async def prune(gitops: GitOps, finished: Collection[int], kept: int = MAX_BRANCHES) -> tuple[str, ...]:
    """Close, then delete; the branches deleted. What the forge refuses stays for the next time."""
    for number in stale_pulls(await gitops.pulls(), finished):
        await gitops.close_pull(number)
    gone = []
    for name in stale_branches(await gitops.branches(), await gitops.pulls(), kept):
        try:
            await gitops.delete_branch(name)
        except Refused:
            continue
        gone.append(name)
    return tuple(gone)
