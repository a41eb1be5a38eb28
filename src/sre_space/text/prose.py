"""Facts in words, for people; no agent ever reads them back.

Text that came from the patient is fenced and scrubbed: no mentions, no issue references,
no closing keywords, no e-mail addresses, no tokens.
"""

import re

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

TELL = (
    "\n\nWhen it is ended, say how, for the next time: a comment `/sre resolved <what you did>`, or "
    '`sre-space resolved <issue> "<what you did>"`.'
)
MAX_TITLE, MAX_PROSE = 256, 20_000  # characters: what GitHub takes in a title, and a third of what in a body
_SECRET = re.compile(r"\b(?:gh[pousr]_\w{16,}|github_pat_\w+|sre_otlp_\w{16,}|sk-[\w-]{16,})\b")
_BEARER = re.compile(r"\b(bearer)(?:%20|\s){1,4}(?=\S{0,99}\d)[\w.~+/%-]{16,}", re.IGNORECASE)
# Each begins where a run of its characters begins, and nowhere else: what does not match is looked at once.
_JWT = re.compile(r"(?<![\w-])((?:(?!\beyJ)[\w-])*+)eyJ[\w-]{10,}\.[\w-]+\.[\w-]+\b")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")


def title(detection: Detection) -> str:
    """`[INCIDENT] Infrastructure Alert: policy-service`."""
    symptom = detection.symptoms[0]
    return scrub(f"[INCIDENT] {symptom.kind} Alert: {symptom.service}")[:MAX_TITLE]


def prose(payload: Payload) -> str:
    """The words above the footer, at most 20,000 characters."""
    return scrub(_words(payload)[:MAX_PROSE])[:MAX_PROSE]


def invitation(plan: str, why: str = "") -> str:
    """How a person answers a plan, and `why` it waits where that is not the service's autonomy."""
    because = f" It {why}." if why else ""
    return f"\n\nThis plan waits for a person: `/sre approve {plan}` or `sre-space approve {plan}`.{because}"


def ended(past: PastCase) -> str:
    """What a person said ended a case, for whoever has the next one like it; not scrubbed yet."""
    return f". What helped, as {quiet(past.said_by)} said: `{quiet(past.said)}`" if past.said else ""


def scrub(text: str) -> str:
    """Neutralise what a forge would act on and what must not leave."""
    text = _SECRET.sub("[token removed]", text)
    text = _BEARER.sub(r"\1 [token removed]", text)
    text = _JWT.sub(r"\1[token removed]", text)
    text = _EMAIL.sub("[address removed]", text)
    return re.sub(r"#(\d)", r"no. \1", text).replace("@", "(at)")


def symptoms(detection: Detection) -> list[str]:
    """A line for each, with what was measured; not scrubbed yet."""
    return [f"- {one.kind}: **{one.service}**: {one.detail}{_measured(one)}" for one in detection.symptoms]


def diff(remedy: Remedy) -> list[str]:
    """What a pull request would change; not scrubbed yet."""
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
            back = f" The way back: {payload.way_back.command}." if payload.way_back else ""
            asked = TELL if payload.result is ActionResult.ESCALATED else ""
            return f"**Fixer**: {payload.remedy.command}: {payload.result}. {payload.detail}.{back}{asked}"
        case Undo():
            return f"**Fixer** takes back: {payload.remedy.command}: {payload.result}. {payload.detail}."
        case Verification():
            return _verification(payload)
        case Confirmation():
            return f"**Fixer**: the label `{payload.label}` is set."
        case Conclusion():
            return payload.postmortem
        case Learnt():
            return f"**Memory**: learnt: {payload.lesson}"


def _detection(detection: Detection) -> str:
    traces = ", ".join(f"`{trace}`" for trace in detection.traces) or "none yet"
    journey = detection.journey
    seconds = (journey.until - journey.since) / 1e9
    return "\n".join(
        [
            "**Scout** sees:", *symptoms(detection), "", *_services(detection), "",
            f"Journey in the last {seconds:g} s: {journey.good} good, {journey.bad} bad attempts.",
            f"Failed traces: {traces}", *_unseen(detection),
        ]
    )  # fmt: skip


def _services(detection: Detection) -> list[str]:
    """How they were: a table of the snapshot, or of their health alone."""
    if detection.snapshot:
        return snapshot_lines(detection.snapshot)
    return ["| service | health |", "|---|---|", *(f"| {name} | {word} |" for name, word in detection.health.items())]


def _unseen(detection: Detection) -> list[str]:
    """Since when it may have been so, where that was not seen."""
    if detection.begun == detection.since:
        return []
    seconds = (detection.since - detection.begun) / 1e9
    return [f"Scout could not see for {seconds:.0f} s before the first symptom; it may have begun any time in them."]


def _measured(symptom: Symptom) -> str:
    """The value against its limit, in the unit of its kind."""
    if symptom.kind is SymptomKind.INFRASTRUCTURE:
        return f", for {symptom.value:g} s ({symptom.limit:g} s are tolerated)"
    if symptom.kind is SymptomKind.SLO:
        return ""
    return f" ({symptom.value:.1%}; the limit is {symptom.limit:.1%})"


def _recall(recall: Recall) -> str:
    if not recall.cases:
        return "**Memory**: nothing like this is remembered."
    lines = [
        f"- issue {past.issue} (similarity {past.similarity:.2f}): {past.told_cause}; {past.told_outcome}{ended(past)}"
        for past in recall.cases
    ]
    return "\n".join(["**Memory** recalls:", *lines])


def _decision(decision: Decision) -> str:
    told = {item.id: item.statement for item in decision.diagnosis.evidence}
    lines = [f"**Brain**: {decision.diagnosis.verdict}. {decision.remedy.reason}.", ""]
    if decision.diagnosis.report:
        lines += ["```text", *map(quiet, decision.diagnosis.report.splitlines()), "```", ""]
    if decision.diagnosis.causes and decision.diagnosis.cause is None:
        lines += ["The cause was not found. Suspected:", ""]
    for rank, cause in enumerate(decision.diagnosis.causes, 1):
        lines.append(f"{rank}. **{cause.service}** {cause.kind} (score {cause.score:.2f})")
        lines += [f"   - {quiet(told[id])} `{quiet(id)}`" for id in cause.evidence]
    lines += ["", "Guardrails:"]
    lines += [f"- {'allowed' if a.allowed else 'REFUSED'} by {a.rule}: {a.reason}" for a in decision.guardrails]
    return "\n".join([*lines, *diff(decision.remedy), "", decision.remedy.command])


def quiet(text: str) -> str:
    """One line of what the patient said, which cannot end the quotation that it stands in."""
    return " ".join(text.splitlines()).replace("`", "'")


def _verification(verdict: Verification) -> str:
    journey = verdict.journey
    return (
        f"**Scout**: {verdict.outcome}. {verdict.detail}: {journey.good} good and {journey.bad} bad attempts, "
        f"success {verdict.low:.1%} to {verdict.high:.1%} (95 %). {verdict.failed} attempts failed in all."
    )
