"""The pull request of a change of desired state: branch name, title and body. Used by Fixer.

Everything is derived from the facts of the case and their times, so that a retry writes the same.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sre_space.domain.case import Case
from sre_space.domain.facts import Decision, Step
from sre_space.domain.remedies import ConfigChange, SetConfig
from sre_space.text.prose import scrub

PREFIX, TIME = "sre/inc-", "%Y%m%dT%H%M%SZ"
MAX_TITLE, MAX_BODY = 120, 60_000  # characters; GitHub takes 65,536 in a body


@dataclass(frozen=True)
class Proposal:
    """One change of desired state: the remedy, and the branch, title and body of its pull request."""

    branch: str
    remedy: ConfigChange
    title: str
    body: str


def proposal_of(case: Case, remedy: ConfigChange) -> Proposal:
    """Return the pull request of the newest decision's remedy."""
    return Proposal(_branch(case), remedy, _title(case, remedy.name.removeprefix("PR ")), _body(case, remedy))


def undoing_of(case: Case, remedy: ConfigChange) -> Proposal:
    """Return the pull request that undoes the newest decision's remedy; `remedy` is the inverse."""
    title = _title(case, f"undo: {remedy.name.removeprefix('PR ')}")
    return Proposal(f"{_branch(case)}-undo", remedy, title, _undo_body(case, remedy))


def follow_up_title(case: Case, remedy: SetConfig) -> str:
    """Return the title of the follow-up issue; it is unique per incident and key, so that a retry finds it."""
    return scrub(f"[FOLLOW-UP] {remedy.service} {remedy.key}: incident {case.incident}")[:MAX_TITLE]


def follow_up_body(case: Case, remedy: SetConfig) -> str:
    """Return the body of the follow-up issue: what is left to do, why, and what was changed meanwhile."""
    lines = [
        remedy.follow_up,
        "",
        f"In incident `{case.incident}` (issue {case.issue}) {remedy.reason}.",
        f"Meanwhile {remedy.key} was set from {remedy.old} to {remedy.new} in `{remedy.file}`; "
        "this mitigates the fault and does not fix it.",
    ]
    return scrub("\n".join(lines))[:MAX_BODY]


def branch_name(issue: int, decided: int) -> str:
    """Return the branch of a remediation; `decided` is the time of the decision in Unix ns.

    >>> branch_name(7, 1_764_064_800 * 10**9)
    'sre/inc-7-20251125T100000Z'
    """
    return f"{PREFIX}{issue}-{datetime.fromtimestamp(decided // 10**9, UTC).strftime(TIME)}"


def branches_of(case: Case) -> str:
    """Return the prefix of all branches of an incident."""
    return f"{PREFIX}{case.issue}-"


def _branch(case: Case) -> str:
    """Return the branch of the newest decision; the second decision of a case ends in `-d2`."""
    decided = case.fact_of(Step.DECIDE)
    assert decided is not None
    return branch_name(case.issue, decided.at) + (f"-d{decided.attempt}" if decided.attempt > 1 else "")


def _title(case: Case, what: str) -> str:
    return scrub(f"Incident {case.issue}: {what}")[:MAX_TITLE]


def _body(case: Case, remedy: ConfigChange) -> str:
    decision = case.latest(Decision)
    assert decision is not None
    statements = {item.id: item.statement for item in decision.diagnosis.evidence}
    lines = [f"Remediation of incident `{case.incident}` (issue {case.issue}).", "", "## Diagnosis"]
    for cause in decision.diagnosis.causes[:1]:
        lines.append(f"{decision.diagnosis.verdict}: **{cause.service}**, {cause.kind}.")
        lines += [f"- {statements[id]} (`{id}`)" for id in cause.evidence]
    lines += ["", "## Change", *_diff(remedy)]
    lines += ["", "## Expected effect", f"{_effect(remedy)}. Scout verifies it on the journey."]
    lines += ["", "## Rollback", f"The inverse change: {_inverse(remedy)}. Fixer makes it when this does not help."]
    return scrub("\n".join(lines))[:MAX_BODY]


def _undo_body(case: Case, remedy: ConfigChange) -> str:
    lines = [f"Undoes a change that did not help in incident `{case.incident}` (issue {case.issue}).", ""]
    return scrub("\n".join([*lines, "## Change", *_diff(remedy), "", "## Rollback", "A new decision."]))[:MAX_BODY]


def _diff(remedy: ConfigChange) -> list[str]:
    return ["```diff", *(f"-{e.file}: {e.key}={e.old}\n+{e.file}: {e.key}={e.new}" for e in remedy.edits), "```"]


def _effect(remedy: ConfigChange) -> str:
    return remedy.purpose if isinstance(remedy, SetConfig) and remedy.purpose else remedy.reason


def _inverse(remedy: ConfigChange) -> str:
    return ", ".join(str(edit.inverse) for edit in remedy.edits)
