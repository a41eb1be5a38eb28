"""The text of facts for people; no agent ever parses it.

Text that came from the application is fenced and scrubbed: no mentions, no issue references,
no closing keywords, no e-mail addresses, no tokens.
"""

import re
from collections.abc import Iterable

from sre_space.domain.contacts import Contact
from sre_space.domain.facts import (
    Action,
    ActionResult,
    Conclusion,
    Confirmation,
    Decision,
    Detection,
    Learnt,
    PastCase,
    Payload,
    Recall,
    Undo,
    Verification,
)
from sre_space.domain.remedies import Remedy
from sre_space.domain.symptoms import Symptom, SymptomKind
from sre_space.text.snapshot import snapshot_lines

RESOLUTION_REQUEST = (
    "\n\nWhen the incident is resolved, please record how, for the next time: a comment "
    '`/sre resolved <what you did>`, or `sre-space resolved <issue> "<what you did>"`.'
)
MAX_TITLE, MAX_PROSE = 256, 20_000  # characters: what GitHub accepts in a title, and a third of what in a body
_SECRET = re.compile(r"\b(?:gh[pousr]_\w{16,}|github_pat_\w+|sre_(?:otlp|op)_\w{16,}|sk-[\w-]{16,})\b")
_BEARER = re.compile(r"\b(bearer)(?:%20|\s){1,4}(?=\S{0,99}\d)[\w.~+/%-]{16,}", re.IGNORECASE)
# Each pattern can only match from the beginning of a run of its characters, so that a text is scanned in linear time.
_JWT = re.compile(r"(?<![\w-])((?:(?!\beyJ)[\w-])*+)eyJ[\w-]{10,}\.[\w-]+\.[\w-]+\b")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")


def title(detection: Detection) -> str:
    """Return the issue's title, as in `[INCIDENT] Infrastructure Alert: checkout`."""
    symptom = detection.symptoms[0]
    return scrub(f"[INCIDENT] {symptom.kind} Alert: {symptom.service}")[:MAX_TITLE]


def prose(payload: Payload) -> str:
    """Return the text above the footer, scrubbed, at most 20,000 characters."""
    return scrub(_words(payload)[:MAX_PROSE])[:MAX_PROSE]


def invitation(plan: str, why: str = "") -> str:
    """Return how a person approves a plan, and `why` it waits where that is not the service's autonomy."""
    because = f" It {why}." if why else ""
    return f"\n\nThis plan waits for a person: `/sre approve {plan}` or `sre-space approve {plan}`.{because}"


def resolution_clause(past: PastCase) -> str:
    """Return a clause with a person's description of what resolved a past incident, "" without; not scrubbed yet."""
    return f". What helped, as reported by {quotable(past.said_by)}: `{quotable(past.said)}`" if past.said else ""


def scrub(text: str) -> str:
    """Return the text without secrets and addresses, and without mentions and references that a forge would act on."""
    text = _SECRET.sub("[token removed]", text)
    text = _BEARER.sub(r"\1 [token removed]", text)
    text = _JWT.sub(r"\1[token removed]", text)
    text = _EMAIL.sub("[address removed]", text)
    return re.sub(r"#(\d)", r"no. \1", text).replace("@", "(at)")


def symptoms(detection: Detection) -> list[str]:
    """Return one line per symptom, with the measured value; not scrubbed yet."""
    return [
        f"- {symptom.kind}: **{symptom.service}**: {symptom.detail}{_measured(symptom)}"
        for symptom in detection.symptoms
    ]


def diff(remedy: Remedy) -> list[str]:
    """Return the lines of a diff block with the remedy's edits, empty without edits; not scrubbed yet."""
    lines = [f"-{e.file}: {e.key}={e.old}\n+{e.file}: {e.key}={e.new}" for e in remedy.edits]
    return ["", "```diff", *lines, "```"] if lines else []


def _words(payload: Payload) -> str:
    match payload:
        case Detection():
            return _detection(payload)
        case Recall():
            return _recall(payload)
        case Decision():
            return _decision(payload)
        case Action():
            rollback = f" Rollback: {payload.way_back.command}." if payload.way_back else ""
            request = RESOLUTION_REQUEST if payload.result is ActionResult.ESCALATED else ""
            return f"**Fixer**: {payload.remedy.command}: {payload.result}. {payload.detail}.{rollback}{request}"
        case Undo():
            return f"**Fixer** undoes: {payload.remedy.command}: {payload.result}. {payload.detail}."
        case Verification():
            return _verification(payload)
        case Confirmation():
            return f"**Fixer**: the label `{payload.label}` is set."
        case Conclusion():
            return payload.postmortem
        case Learnt():
            return f"**Memory**: lesson: {payload.lesson}"


def _detection(detection: Detection) -> str:
    traces = ", ".join(f"`{trace}`" for trace in detection.traces) or "none yet"
    journey = detection.journey
    seconds = (journey.until - journey.since) / 1e9
    return "\n".join(
        [
            "**Scout** observes:", *symptoms(detection), "", *_services(detection), "",
            f"Journey in the last {seconds:g} s: {journey.good} successful and {journey.bad} failed attempts.",
            f"Failed traces: {traces}", *_unseen(detection), *_people(detection), *_page(detection),
        ]
    )  # fmt: skip


def _services(detection: Detection) -> list[str]:
    """Return the services' state: a table of the snapshot, or of their health alone where there is no snapshot."""
    if detection.snapshot:
        return snapshot_lines(detection.snapshot)
    return ["| service | health |", "|---|---|", *(f"| {name} | {word} |" for name, word in detection.health.items())]


def contact_lines(contacts: Iterable[Contact]) -> list[str]:
    """Return one line per contact: the service, its owner and its runbook; not scrubbed yet."""
    return [f"- {contact.service}: {_contact(contact)}" for contact in contacts if contact.owner or contact.runbook]


def _contact(contact: Contact) -> str:
    parts = [contact.owner and f"owner {quotable(contact.owner)}", contact.runbook and f"runbook {contact.runbook}"]
    return ", ".join(filter(None, parts))


def _people(detection: Detection) -> list[str]:
    """Return the lines about the services' people; empty where none is known."""
    lines = contact_lines(detection.contacts)
    return ["", "Whom to ask:", *lines] if lines else []


def _page(detection: Detection) -> list[str]:
    """Return the line that leads to the dashboard; empty without one."""
    return ["", f"On the dashboard: {detection.page}"] if detection.page else []


def _unseen(detection: Detection) -> list[str]:
    """Return a line about a gap of observation before the first symptom; empty without one."""
    if detection.begun == detection.since:
        return []
    seconds = (detection.since - detection.begun) / 1e9
    return [
        f"Scout could not observe the application for {seconds:.0f} s before the first symptom; the fault may have "
        "begun at any time in that gap."
    ]


def _measured(symptom: Symptom) -> str:
    """Return the measured value and its threshold, in the unit of the symptom's kind."""
    if symptom.kind is SymptomKind.INFRASTRUCTURE and not symptom.limit:  # the runtime's word, not a measurement
        return ""
    if symptom.kind is SymptomKind.INFRASTRUCTURE:
        return f", for {symptom.value:g} s (threshold {symptom.limit:g} s)"
    if symptom.kind is SymptomKind.SLO:
        return ""
    return f" ({symptom.value:.1%}; threshold {symptom.limit:.1%})"


def _recall(recall: Recall) -> str:
    if not recall.cases:
        return "**Memory**: no similar incident is remembered."
    lines = [
        f"- issue {past.issue} (similarity {past.similarity:.2f}): {past.cause_text}; {past.outcome_text}"
        f"{resolution_clause(past)}"
        for past in recall.cases
    ]
    return "\n".join(["**Memory** recalls:", *lines])


def _decision(decision: Decision) -> str:
    statements = {item.id: item.statement for item in decision.diagnosis.evidence}
    lines = [f"**Brain**: {decision.diagnosis.verdict}. {decision.remedy.reason}.", ""]
    if decision.diagnosis.report:
        lines += ["```text", *map(quotable, decision.diagnosis.report.splitlines()), "```", ""]
    if decision.diagnosis.causes and decision.diagnosis.cause is None:
        lines += ["The cause was not found. Suspected:", ""]
    for rank, cause in enumerate(decision.diagnosis.causes, 1):
        lines.append(f"{rank}. **{cause.service}** {cause.kind} (score {cause.score:.2f})")
        lines += [f"   - {quotable(statements[id])} `{quotable(id)}`" for id in cause.evidence]
    lines += ["", "Guardrails:"]
    answers = decision.guardrails
    lines += [f"- {'allowed' if answer.allowed else 'REFUSED'} by {answer.rule}: {answer.reason}" for answer in answers]
    return "\n".join([*lines, *diff(decision.remedy), "", decision.remedy.command])


def quotable(text: str) -> str:
    """Return the text as one line that cannot end the quotation it stands in."""
    return " ".join(text.splitlines()).replace("`", "'")


def _verification(verdict: Verification) -> str:
    journey = verdict.journey
    return (
        f"**Scout**: {verdict.outcome}. {verdict.detail}: {journey.good} successful and {journey.bad} failed attempts, "
        f"success {verdict.low:.1%} to {verdict.high:.1%} (95 %). {verdict.failed} attempts failed since the first "
        "symptom."
    )
