"""What a person is told when the doctor needs one, away from the issue. Used by the loop, which decides when.

The answer comes first: why a person is asked and where to look. Text that came from the patient is fenced, as on the
issue.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from sre_space.domain.case import Case, Trial
from sre_space.domain.facts import OWNER, Action, ActionResult, Decision, Detection, Payload, Recall, Step
from sre_space.domain.grounds import why_it_waits
from sre_space.domain.labels import FROZEN
from sre_space.domain.remedies import Escalate
from sre_space.ports.notifier import Note
from sre_space.text.prose import diff, invitation, quiet, scrub, symptoms

MAX_TITLE, MAX_TEXT = 120, 4000  # what most services take in one piece


def asks(payload: Payload) -> bool:
    """True for a fact after which nothing moves without a person."""
    plan = isinstance(payload, Decision) and payload.plan
    return plan or (isinstance(payload, Action) and payload.result is ActionResult.ESCALATED)


def asking(case: Case, payload: Payload, page: str) -> Note:
    """For a fact of the case that `asks`; `page` is the repository's ("": it has none)."""
    match payload:
        case Decision():
            until = datetime.fromtimestamp(payload.expires // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S")
            invited = invitation(case.plan, why_it_waits(payload.guardrails))
            why = [f"{payload.remedy.command}{invited} It expires at {until} UTC.", *diff(payload.remedy)]
            return _of_case(case, "a plan waits for approval", why, page)
        case Action():
            return _of_case(case, "a person is needed", [f"{payload.detail}.", *_helped_before(case)], page)
        case _:
            raise ValueError(f"{type(payload).__name__} asks nobody")


def frozen(case: Case, page: str) -> Note:
    """For a case whose record is broken."""
    why = (
        f"Its record cannot be trusted any more: {case.frozen_reason}. The doctor does nothing more with it. When "
        f"it is in order again, take the label `{FROZEN}` away and restart the agents."
    )
    return _of_case(case, "frozen", [why], page)


def stalled(case: Case, step: Step, reason: str, page: str) -> Note:
    """For a step that is not done in time, and what it waits for ("": the caller does not know)."""
    why = f"It waits: {quiet(reason)}." if reason else "It has said nothing of why."
    told = f"The step `{step}` is owed by the agent {OWNER[step]} and was not done in time. {why}"
    return _of_case(case, f"nothing moves at the step {step}", [told], page)


def clock(reason: str) -> Note:
    """For an agent whose clock is wrong."""
    lines = [
        f"{quiet(reason)}. The agent opens, decides, does and verifies nothing until it is right again: deadlines and "
        "the age of evidence are told by the clock. Set the clock of its machine, and let NTP keep it.",
    ]
    return _note(f"A wrong clock: {reason}", lines)


def unrecorded(detection: Detection, reason: str) -> Note:
    """For what Scout sees and cannot write down."""
    lines = [
        f"The forge does not take the incident: {quiet(reason)}. Without a record nothing is done to the patient; it "
        "is opened as soon as the forge answers, if it is still there.",
        *_section("Symptoms", symptoms(detection)),
    ]
    return _note(f"No record: {detection.symptoms[0].kind} on {detection.symptoms[0].service}", lines)


def unstartable(unit: str, starts: int, said: str) -> Note:
    """For a process of the space that ends soon after each of its starts."""
    lines = [
        f"It has started {starts} times. While it does not run, its part of the work is not done; it is tried again, "
        "at most every 30 s.",
        *_section("What it said last", ["```text", quiet(said or "nothing"), "```"]),
        "",
        f"Where to look: `sre-space status`, `sre-space logs {unit}`",
    ]
    return _note(f"{unit} cannot start", lines)


def damaged(what: str, then: str) -> Note:
    """For a file of the space that was damaged and set aside, and what that means."""
    return _note("A damaged file was set aside", [f"{quiet(what)}.", "", then])


def unreadable(issue: int, key: str, reason: str) -> Note:
    """For an issue that Scout opened and that does not count as an incident."""
    lines = [
        f"Issue {issue} was opened for {quiet(key)} and is no incident: {quiet(reason)}. Nothing is done about it, and "
        "no other issue is opened for it.",
        "",
        "What may be wrong: the clock of the forge or of this machine, the trust store (Scout's key is not in it), the "
        "name of the repository (REPO_OWNER, REPO_NAME), or a forge that alters text.",
        "When it is mended, restart Scout.",
    ]
    return _note(f"Issue {issue} cannot be read back: {key}", lines)


def _of_case(case: Case, what: str, why: Sequence[str], page: str) -> Note:
    first = case.detection.symptoms[0]
    link = f"{page}/issues/{case.issue} or " if page else ""
    lines = [
        *why,
        "",
        f"The incident: {link}`sre-space show {case.issue}`",
        *_section("Symptoms", symptoms(case.detection)),
        *_section("Diagnosis", _diagnosis(case.latest(Decision))),
        *_section("What was tried", _tried(case.trials)),
    ]
    return _note(f"Incident {case.issue}: {what}: {first.kind} on {first.service}", lines)


def _note(title: str, lines: Sequence[str]) -> Note:
    return Note(scrub(" ".join(title.split()))[:MAX_TITLE], scrub("\n".join(lines))[:MAX_TEXT])


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", f"**{title}**", "", *lines]


def _helped_before(case: Case) -> list[str]:
    """What people said ended the like before."""
    recall = case.latest(Recall)
    told = [one for one in recall.cases if one.said] if recall else []
    lines = [f"- issue {one.issue}, as {quiet(one.said_by)} said: `{quiet(one.said)}`" for one in told]
    return _section("What helped last time", lines) if lines else []


def _diagnosis(decision: Decision | None) -> list[str]:
    """The first sentence of the report, or what stands for it."""
    if decision is None:
        return ["None yet."]
    sentence = decision.diagnosis.report.partition("\n")[0]
    return ["```text", quiet(sentence or f"{decision.diagnosis.verdict}: {decision.remedy.reason}"), "```"]


def _tried(trials: Sequence[Trial]) -> list[str]:
    """Each with what came of it; that a person was asked is no try."""
    tried = [one for one in trials if not isinstance(one.action.remedy, Escalate)]
    return [f"- {_trial(one)}" for one in tried] or ["Nothing."]


def _trial(trial: Trial) -> str:
    told = [f"{trial.action.remedy.command}: {trial.action.result}", trial.action.detail]
    told += [f"Scout: {trial.outcome}"] if trial.outcome else []
    told += [f"taken back: {trial.undo.result} ({trial.undo.detail})"] if trial.undo else []
    return "; ".join(filter(None, told))
