"""The causal chain with its evidence, from the signed diagnosis and, while it is kept, the examined data itself."""

import re
from collections.abc import Mapping, Sequence

from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.dashboard.answers.incident import ChainLink, EvidenceItem, OtherCause
from sre_space.dashboard.reading.said import said
from sre_space.dashboard.reading.words import percent
from sre_space.domain.diagnosis import Cause, Confidence, Diagnosis, Evidence
from sre_space.text.diagnosis_report import fact_of, short_cause
from sre_space.text.plain_text import plain

VIEWERS: Mapping[str, str] = {
    "trace": "trace", "span": "trace", "log": "log", "metric": "metric", "runtime": "runtime", "health": "probe",
    "probe": "probe", "change": "change", "commit": "change",
}  # fmt: skip
GONE = "the examined data is gone: what stands here is what the diagnosis signed"
ALTERED = "the engine of today finds another answer in the same data: what stands here is what was signed"
_IDS = re.compile(r"\b[0-9a-f]{32}\b")
_SPAN = re.compile(r"\b[0-9a-f]{16}\b")


def is_same(diagnosis: CaseDiagnosis, signed: Diagnosis) -> bool:
    """Return True when a repeated diagnosis comes to what was signed."""
    again = fact_of(diagnosis, signed.bundle)
    return (again.verdict, again.causes, again.change) == (signed.verdict, signed.causes, signed.change)


def chain(signed: Diagnosis, repeated: CaseDiagnosis | None) -> tuple[Sequence[ChainLink], str]:
    """Return the chain, the cause first, and why it is short where only the signed part is known."""
    if repeated is not None and is_same(repeated, signed):
        known = {item.id for item in repeated.evidence}
        links = [_link(step.statement, step.evidence, known) for step in repeated.chain]
        return links, "" if links else "the diagnosis has no chain"
    why = GONE if repeated is None else ALTERED
    cause = signed.causes[0] if signed.causes else None
    if cause is None:
        return (), "no cause was named"
    known = {item.id for item in signed.evidence}
    return [_link(short_cause(cause.kind, cause.service), cause.evidence, known)], why


def _link(claim: str, evidence: Sequence[str], known: set[str]) -> ChainLink:
    return ChainLink(claim=said(claim), checked=bool(evidence) and set(evidence) <= known, evidence=tuple(evidence))


def evidence(signed: Diagnosis, repeated: CaseDiagnosis | None) -> Sequence[EvidenceItem]:
    """Return every observation once; those of the examined data where it is kept."""
    items = {item.id: item for item in signed.evidence}
    if repeated is not None and is_same(repeated, signed):
        items = {item.id: item for item in repeated.evidence} | items
    return [_item(item) for item in items.values()]


def _item(item: Evidence) -> EvidenceItem:
    source, _, rest = item.id.partition(":")
    trace, span = _IDS.search(rest), _SPAN.search(rest)
    return EvidenceItem(
        id=plain(item.id),
        statement=said(item.statement),
        opens=VIEWERS.get(source, ""),
        trace_id=trace[0] if trace else "",
        span_id=span[0] if span else "",
    )


def others(signed: Diagnosis) -> Sequence[OtherCause]:
    """Return the causes that were not chosen, each with what would settle it."""
    chosen = signed.cause
    rest = signed.causes[1:] if chosen else signed.causes
    return [_other(cause, chosen, signed) for cause in rest]


def _other(cause: Cause, chosen: Cause | None, signed: Diagnosis) -> OtherCause:
    why_not = (
        f"explains {percent(cause.score)}; {short_cause(chosen.kind, chosen.service)} explains {percent(chosen.score)}"
        if chosen
        else f"{signed.verdict.value}: the evidence does not prove it"
    )
    return OtherCause(
        service=plain(cause.service),
        kind=cause.kind.value,
        operation=plain(cause.operation),
        score=cause.score,
        evidence=cause.evidence,
        why_not=why_not,
        settles=_settles(cause, signed),
    )


def _settles(cause: Cause, signed: Diagnosis) -> str:
    if cause.kind.value in ("crash", "hang", "saturation"):
        return f"the state of {plain(cause.service)} itself: its probe, its runtime, its resources"
    if cause.kind.value == "bad-change":
        return f"whether undoing the change of {plain(cause.service)} ends it"
    if signed.verdict is not Confidence.CONFIRMED:
        return f"spans and logs of {plain(cause.service)} in the incident and in a healthy minute before it"
    return f"whether {plain(cause.service)} stays like this once the first cause has ended"
