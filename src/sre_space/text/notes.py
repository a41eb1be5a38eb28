"""The text of notifications: why the agents need a person. Used by the loop, which decides when to send one.

Each note begins with the reason and with where to look. Text that came from the application is fenced, as on the
issue.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sre_space.domain.case import Case, Trial
from sre_space.domain.contacts import Contact
from sre_space.domain.facts import OWNER, Action, ActionResult, Decision, Detection, Payload, Recall, Step
from sre_space.domain.grounds import why_it_waits
from sre_space.domain.labels import FROZEN
from sre_space.domain.remedies import Escalate
from sre_space.ports.notifier import Note
from sre_space.text.prose import contact_lines, diff, invitation, quotable, scrub, symptoms

MAX_TITLE, MAX_TEXT = 120, 4000  # characters: what most notification services accept in one message


def needs_person(payload: Payload) -> bool:
    """Return True for a fact after which the incident waits for a person: an escalation or a plan."""
    plan = isinstance(payload, Decision) and payload.plan
    return plan or (isinstance(payload, Action) and payload.result is ActionResult.ESCALATED)


def needs_person_note(case: Case, payload: Payload, page: str) -> Note:
    """Return the note for a fact that `needs_person`; `page` is the repository's URL ("": it has none)."""
    match payload:
        case Decision():
            until = datetime.fromtimestamp(payload.expires // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S")
            invited = invitation(case.plan, why_it_waits(payload.guardrails))
            why = [f"{payload.remedy.command}{invited} It expires at {until} UTC.", *diff(payload.remedy)]
            return _of_case(case, "a plan waits for approval", why, page)
        case Action():
            return _of_case(case, "a person is needed", [f"{payload.detail}.", *_helped_before(case)], page)
        case _:
            raise ValueError(f"{type(payload).__name__} does not ask for a person")


def frozen_note(case: Case, page: str) -> Note:
    """Return the note for an incident whose chain is missing a fact or was altered."""
    why = (
        f"The record of this incident cannot be trusted any more: {case.frozen_reason}. The agents do nothing more "
        f"about it. When the record is in order again, remove the label `{FROZEN}` and restart the agents."
    )
    return _of_case(case, "frozen", [why], page)


def stalled_note(case: Case, step: Step, reason: str, page: str) -> Note:
    """Return the note for a step that missed its deadline; `reason` is what its owner waits for ("": not known)."""
    why = f"The agent waits: {quotable(reason)}." if reason else "The agent has not reported why."
    text = f"The step `{step}` is due, and the agent {OWNER[step]} has not done it in time. {why}"
    return _of_case(case, f"no progress at the step {step}", [text], page)


def clock_note(reason: str) -> Note:
    """Return the note for an agent whose clock is wrong."""
    lines = [
        f"{quotable(reason)}. Until the clock is right again, the agent opens, decides, does and verifies nothing: "
        "deadlines and the age of evidence depend on the clock. Set the clock of its machine, and synchronise it by "
        "NTP.",
    ]
    return _note(f"A wrong clock: {reason}", lines)


def unrecorded_note(detection: Detection, reason: str) -> Note:
    """Return the note for an incident that Scout cannot open on the forge."""
    lines = [
        f"The forge does not accept the incident: {quotable(reason)}. Without a record nothing is done to the "
        "application; the incident is opened as soon as the forge answers, if the symptoms are still there.",
        *_section("Symptoms", symptoms(detection)),
    ]
    return _note(f"No record: {detection.symptoms[0].kind} on {detection.symptoms[0].service}", lines)


def unstartable_note(unit: str, starts: int, output: str) -> Note:
    """Return the note for a process of the space that ends soon after each start; `output` is what it wrote last."""
    lines = [
        f"{unit} has started {starts} times and ended soon after each start. Its work is not done while it is down; "
        "it is restarted at most every 30 s.",
        *_section("Its last output", ["```text", quotable(output or "nothing"), "```"]),
        "",
        f"Where to look: `sre-space status`, `sre-space logs {unit}`",
    ]
    return _note(f"{unit} cannot start", lines)


def damaged_note(what: str, then: str) -> Note:
    """Return the note for a damaged file that was set aside; `then` is the consequence."""
    return _note("A damaged file was set aside", [f"{quotable(what)}.", "", then])


def unreadable_note(issue: int, key: str, reason: str) -> Note:
    """Return the note for an issue that Scout opened and that does not count as an incident."""
    lines = [
        f"Issue {issue} was opened for {quotable(key)} and does not count as an incident: {quotable(reason)}. "
        "Nothing is done about it, and no other issue is opened for it.",
        "",
        "Possible causes: the clock of the forge or of this machine, the trust store (Scout's key is not in it), the "
        "name of the repository (REPO_OWNER, REPO_NAME), or a forge that alters text.",
        "When the cause is fixed, restart Scout.",
    ]
    return _note(f"Issue {issue} cannot be read back: {key}", lines)


def _of_case(case: Case, what: str, why: Sequence[str], page: str) -> Note:
    first = case.detection.symptoms[0]
    links = [f"{page}/issues/{case.issue}" if page else "", case.detection.page]
    link = "".join(f"{one} or " for one in links if one)
    lines = [
        *why,
        "",
        f"The incident: {link}`sre-space show {case.issue}`",
        *_section("Symptoms", symptoms(case.detection)),
        *_section("Diagnosis", _diagnosis(case.latest(Decision))),
        *_section("What was tried", _tried(case.trials)),
    ]
    concerned = _concerned(case)
    lines += _section("Whom to ask", contact_lines(concerned)) if concerned else []
    note = _note(f"Incident {case.issue}: {what}: {first.kind} on {first.service}", lines)
    return replace(note, to=tuple(dict.fromkeys(contact.notify for contact in concerned if contact.notify)))


def _concerned(case: Case) -> Sequence[Contact]:
    """Return the contacts of the services with a symptom and of the diagnosed one."""
    decision = case.latest(Decision)
    causes = decision.diagnosis.causes[:1] if decision else ()
    services = {symptom.service for symptom in case.detection.symptoms} | {cause.service for cause in causes}
    return [contact for contact in case.detection.contacts if contact.service in services]


def _note(title: str, lines: Sequence[str]) -> Note:
    return Note(scrub(" ".join(title.split()))[:MAX_TITLE], scrub("\n".join(lines))[:MAX_TEXT])


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", f"**{title}**", "", *lines]


def _helped_before(case: Case) -> list[str]:
    """Return a section with what people reported to have resolved similar incidents; empty without a report."""
    recall = case.latest(Recall)
    resolved = [past for past in recall.cases if past.said] if recall else []
    lines = [
        f"- issue {past.issue}, reported by {quotable(past.said_by)}: `{quotable(past.said)}`" for past in resolved
    ]
    return _section("What helped last time", lines) if lines else []


def _diagnosis(decision: Decision | None) -> list[str]:
    """Return the first line of the diagnosis' report, or its verdict and reason without a report."""
    if decision is None:
        return ["None yet."]
    sentence = decision.diagnosis.report.partition("\n")[0]
    return ["```text", quotable(sentence or f"{decision.diagnosis.verdict}: {decision.remedy.reason}"), "```"]


def _tried(trials: Sequence[Trial]) -> list[str]:
    """Return one line per attempted remedy with its outcome; escalations are left out."""
    attempts = [trial for trial in trials if not isinstance(trial.action.remedy, Escalate)]
    return [f"- {_trial(trial)}" for trial in attempts] or ["Nothing."]


def _trial(trial: Trial) -> str:
    parts = [f"{trial.action.remedy.command}: {trial.action.result}", trial.action.detail]
    parts += [f"Scout: {trial.outcome}"] if trial.outcome else []
    parts += [f"undo: {trial.undo.result} ({trial.undo.detail})"] if trial.undo else []
    return "; ".join(filter(None, parts))
