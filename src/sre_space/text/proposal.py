"""A change of desired state as a pull request says it: names, title and body. Used by Fixer.

Everything comes from the facts of the case and their times, so that a second try writes the same.
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
    """One change: the name of its branch, and what people read."""

    branch: str
    remedy: ConfigChange
    title: str
    body: str


def proposal_of(case: Case, remedy: ConfigChange) -> Proposal:
    """What the newest decision proposes."""
    return Proposal(_branch(case), remedy, _title(case, remedy.name.removeprefix("PR ")), _body(case, remedy))


def undoing_of(case: Case, remedy: ConfigChange) -> Proposal:
    """How the newest decision is taken back."""
    title = _title(case, f"take back: {remedy.name.removeprefix('PR ')}")
    return Proposal(f"{_branch(case)}-undo", remedy, title, _undo_body(case, remedy))


def follow_up_title(case: Case, remedy: SetConfig) -> str:
    """One for each incident and key: who opens it twice finds the first."""
    return scrub(f"[FOLLOW-UP] {remedy.service} {remedy.key}: incident {case.incident}")[:MAX_TITLE]


def follow_up_body(case: Case, remedy: SetConfig) -> str:
    """What is left to do, why, and what was changed meanwhile."""
    lines = [
        remedy.follow_up,
        "",
        f"In incident `{case.incident}` (issue {case.issue}) {remedy.reason}.",
        f"Meanwhile {remedy.key} was set from {remedy.old} to {remedy.new} in `{remedy.file}`; "
        "this eases the fault and does not repair it.",
    ]
    return scrub("\n".join(lines))[:MAX_BODY]


def branch_name(issue: int, decided: int) -> str:
    """The branch of a remediation; `decided` in Unix ns.

    >>> branch_name(7, 1_764_064_800 * 10**9)
    'sre/inc-7-20251125T100000Z'
    """
    return f"{PREFIX}{issue}-{datetime.fromtimestamp(decided // 10**9, UTC).strftime(TIME)}"


def branches_of(case: Case) -> str:
    """What all branches of an incident begin with."""
    return f"{PREFIX}{case.issue}-"


def _branch(case: Case) -> str:
    """Named by the newest decision; `-d2` is the second one of a case."""
    decided = case.fact_of(Step.DECIDE)
    assert decided is not None
    return branch_name(case.issue, decided.at) + (f"-d{decided.attempt}" if decided.attempt > 1 else "")


def _title(case: Case, what: str) -> str:
    return scrub(f"Incident {case.issue}: {what}")[:MAX_TITLE]


def _body(case: Case, remedy: ConfigChange) -> str:
    decision = case.latest(Decision)
    assert decision is not None
    told = {item.id: item.statement for item in decision.diagnosis.evidence}
    lines = [f"Remediation of incident `{case.incident}` (issue {case.issue}).", "", "## Diagnosis"]
    for cause in decision.diagnosis.causes[:1]:
        lines.append(f"{decision.diagnosis.verdict}: **{cause.service}**, {cause.kind}.")
        lines += [f"- {told[id]} (`{id}`)" for id in cause.evidence]
    lines += ["", "## Change", *_diff(remedy)]
    lines += ["", "## Expected effect", f"{_effect(remedy)}. Scout verifies it on the journey."]
    lines += ["", "## The way back", f"The inverse change: {_inverse(remedy)}. Fixer makes it when this does not help."]
    return scrub("\n".join(lines))[:MAX_BODY]


def _undo_body(case: Case, remedy: ConfigChange) -> str:
    lines = [f"Takes back what did not help in incident `{case.incident}` (issue {case.issue}).", ""]
    return scrub("\n".join([*lines, "## Change", *_diff(remedy), "", "## The way back", "A new decision."]))[:MAX_BODY]


def _diff(remedy: ConfigChange) -> list[str]:
    return ["```diff", *(f"-{e.file}: {e.key}={e.old}\n+{e.file}: {e.key}={e.new}" for e in remedy.edits), "```"]


def _effect(remedy: ConfigChange) -> str:
    return remedy.purpose if isinstance(remedy, SetConfig) and remedy.purpose else remedy.reason


def _inverse(remedy: ConfigChange) -> str:
    return ", ".join(str(edit.inverse) for edit in remedy.edits)
