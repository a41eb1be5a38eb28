"""A diagnosis as plain text for the terminal and for a block on the issue, as JSON for machines, and as a fact.

Texts from telemetry are data: control characters are replaced, long texts are cut.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace

from sre_space.analysis.diagnosis.result import CaseDiagnosis, MapEdge, WaterfallRow
from sre_space.analysis.diagnosis.tables import SkippedInput
from sre_space.domain.diagnosis import Cause, CauseKind, Confidence, Diagnosis, Evidence

WIDTH = 100
BAR = 34  # characters of a waterfall's time axis
NAME = 44  # characters of a waterfall's names
REPEATED = "/calls"  # how the id of evidence of repeated calls ends
OUTGOING = " sends to "  # in a statement on a call whose other end left no span
SUSPICION = 0.05  # of the requests that suffer: who explains less is no suspect
ALSO = 0.5  # a second cause with at least this share of the first one's score is named too
MS = 1e6
FACT_CAUSES, FACT_EVIDENCE, FACT_STATEMENT, FACT_ID = 3, 4, 240, 120  # limits of a fact, which must stay small
FACT_HURT = 10  # the number of affected services in a fact
LISTED = 100  # inputs that could not be read, in the JSON
FACT_ROWS = 14  # the number of rows of its waterfall
FACT_REPORT, FACT_BYTES = 6000, 13_000  # bytes of its report, and of the whole fact, as JSON

_SENTENCES: Mapping[CauseKind, str] = {
    CauseKind.CRASH: "{service} is down: it left no trace of calls that were made to it",
    CauseKind.HANG: "{service} does not answer in time",
    CauseKind.SATURATION: "{service} has run out of a resource",
    CauseKind.SLOW_CODE: "{service} takes too long by its own work",
    CauseKind.SLOW_QUERY: "{service} waits for a slow statement",
    CauseKind.SLOW_NETWORK: "calls at {service} lose their time on the way",
    CauseKind.ERROR: "{service} fails",
    CauseKind.DEPENDENCY_ERROR: "{service} fails because something it depends on does",
    CauseKind.MISCONFIGURATION: "{service} is configured wrongly",
    CauseKind.BAD_CHANGE: "{service} was broken by a change",
    CauseKind.TRAFFIC: "more requests come in at {service} than it can serve",
    CauseKind.UNKNOWN: "{service} behaves unlike before",
}

_SHORT: Mapping[CauseKind, str] = {
    CauseKind.CRASH: "{service} crashed",
    CauseKind.HANG: "{service} does not answer in time",
    CauseKind.SATURATION: "{service} has run out of a resource",
    CauseKind.SLOW_CODE: "{service} takes too long by its own work",
    CauseKind.SLOW_QUERY: "{service} waits for a slow statement",
    CauseKind.SLOW_NETWORK: "calls at {service} lose their time on the way",
    CauseKind.ERROR: "{service} fails",
    CauseKind.DEPENDENCY_ERROR: "something that {service} depends on fails",
    CauseKind.MISCONFIGURATION: "{service} is configured wrongly",
    CauseKind.BAD_CHANGE: "a change broke {service}",
    CauseKind.TRAFFIC: "{service} gets more requests than it can serve",
    CauseKind.UNKNOWN: "{service} behaves unlike before",
}


def short_cause(kind: CauseKind, service: str) -> str:
    """Return a cause in a few words, as in `checkout crashed`."""
    return _SHORT[kind].format(service=_plain(service, WIDTH))


def document(
    case: str, diagnosis: CaseDiagnosis, seconds: float, unread: Sequence[SkippedInput] = ()
) -> dict[str, object]:
    """Return the JSON object of one case; `seconds` is the duration of the diagnosis.

    `unread`, what could not be read, is left out when there is nothing of it.
    """
    skipped = [{"place": item.place, "reason": item.reason, "count": item.count} for item in unread[:LISTED]]
    return {
        "case": case,
        "verdict": diagnosis.verdict.value,
        "causes": [_cause(cause) for cause in diagnosis.causes],
        "change": diagnosis.change,
        "chain": [{"told": step.statement, "evidence": list(step.evidence)} for step in diagnosis.chain],
        "evidence": [{"id": item.id, "statement": item.statement} for item in diagnosis.evidence],
        "notes": list(diagnosis.notes),
        **({"unread": skipped} if skipped else {}),
        "seconds": round(seconds, 3),
    }


def _cause(cause: Cause) -> dict[str, object]:
    return {
        "service": cause.service,
        "operation": cause.operation,
        "kind": cause.kind.value,
        "score": cause.score,
        "evidence": list(cause.evidence),
    }


def report(diagnosis: CaseDiagnosis) -> str:
    """Return the report that a person reads in ten seconds, the answer first."""
    parts = [sentence(diagnosis)]
    if _suspects(diagnosis):
        parts += [*_section("Why", _chain(diagnosis)), *_section("Evidence", _evidence(diagnosis))]
    parts += _section("Services", service_map(diagnosis.map, {cause.service for cause in named(diagnosis)}))
    parts += _section("Slowest affected trace", waterfall(diagnosis.waterfall))
    parts += _section("Limits", _notes(diagnosis))
    return "\n".join(parts) + "\n"


def fact_of(diagnosis: CaseDiagnosis, bundle: str) -> Diagnosis:
    """Return the part that is signed: the first causes with what they cite, each cut to a length, and the report.

    The report has what they leave of FACT_BYTES.
    """
    chosen = [replace(cause, evidence=cause.evidence[:FACT_EVIDENCE]) for cause in diagnosis.causes[:FACT_CAUSES]]
    cited = list(dict.fromkeys(id for cause in chosen for id in cause.evidence))
    short = {id: f"{_cut(id, FACT_ID)}{'' if len(id.encode()) <= FACT_ID else f'~{n}'}" for n, id in enumerate(cited)}
    causes = tuple(
        replace(cause, operation=_cut(cause.operation, FACT_ID), evidence=tuple(short[id] for id in cause.evidence))
        for cause in chosen
    )
    evidence = tuple(
        Evidence(short[item.id], _cut(item.statement, FACT_STATEMENT))
        for item in diagnosis.evidence
        if item.id in cited
    )
    signed = Diagnosis(diagnosis.verdict, causes, evidence, diagnosis.change or "", bundle, hurt=_hurt(diagnosis))
    return replace(signed, report=brief(diagnosis, min(FACT_REPORT, FACT_BYTES - _bytes(asdict(signed)))))


def _hurt(diagnosis: CaseDiagnosis) -> tuple[str, ...] | None:
    return None if diagnosis.hurt is None else tuple(_cut(service, FACT_ID) for service in diagnosis.hurt[:FACT_HURT])


def brief(diagnosis: CaseDiagnosis, max_bytes: int) -> str:
    """Return the report of a fact (sentence, chain, limits, most telling trace), as JSON at most `max_bytes` bytes."""
    parts = [sentence(diagnosis), *_section("Why", _chain(diagnosis)), *_section("Limits", _notes(diagnosis))]
    parts += _section("Slowest affected trace", waterfall(_telling(diagnosis.waterfall)))
    kept = 1
    while kept < len(parts) and _bytes("\n".join(parts[: kept + 1])) <= max_bytes:
        kept += 1
    return "\n".join(parts[:kept])


def _notes(diagnosis: CaseDiagnosis) -> list[str]:
    return [f"- {_plain(note, 2 * WIDTH)}" for note in diagnosis.notes]


def _cut(text: str, max_bytes: int) -> str:
    """Return one printable line of at most `max_bytes` bytes of UTF-8."""
    return _plain(text, max_bytes).encode()[:max_bytes].decode(errors="ignore")


def _bytes(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def _telling(rows: Sequence[WaterfallRow]) -> Sequence[WaterfallRow]:
    """Return the culprits, then failures, then the longest of the rest; in the trace's order."""
    ranked = sorted(range(len(rows)), key=lambda n: (not rows[n].culprit, not rows[n].failed, -rows[n].duration))
    return [rows[n] for n in sorted(ranked[:FACT_ROWS])]


def named(diagnosis: CaseDiagnosis) -> Sequence[Cause]:
    """Return the first cause, and the second when its score comes close to the first one's."""
    if not diagnosis.causes:
        return ()
    threshold = ALSO * diagnosis.causes[0].score
    return [cause for cause in diagnosis.causes[:2] if cause.score >= threshold]


def sentence(diagnosis: CaseDiagnosis) -> str:
    """Return the verdict in one sentence."""
    causes = named(diagnosis)
    if not causes:
        return f"{diagnosis.verdict}: {diagnosis.unread or 'nothing here differs from health by more than chance'}."
    statements = {item.id: item.statement for item in diagnosis.evidence}
    suspicions = "; and ".join(_named(cause, statements.get(cause.evidence[0], "")) for cause in causes)
    if not _suspects(diagnosis):
        return f"INCONCLUSIVE: {diagnosis.unread or 'nothing here that requests suffer from differs from health'}."
    if diagnosis.verdict is Confidence.INCONCLUSIVE:
        return f"INCONCLUSIVE: the evidence names no cause. First suspicion: {suspicions}."
    change = (
        f" The change {_plain(diagnosis.change, NAME)} explains it."
        if diagnosis.change
        else f" {_plain(diagnosis.near, WIDTH)}."
        if diagnosis.near
        else " No recent change explains it."
    )
    return f"{diagnosis.verdict}: {suspicions}.{change}"


def _suspects(diagnosis: CaseDiagnosis) -> bool:
    """Return True when somebody is accused, or at least explains a noticeable part of what requests suffer."""
    accused = diagnosis.verdict is not Confidence.INCONCLUSIVE
    return bool(diagnosis.causes) and (accused or diagnosis.causes[0].score >= SUSPICION)


def _named(cause: Cause, statement: str) -> str:
    """Return who, what and how much; `statement` is what its first evidence says."""
    where = f" (`{_plain(cause.operation, 60)}`)" if cause.operation else ""
    said = _SENTENCES[cause.kind].format(service=_plain(cause.service, WIDTH))
    if cause.evidence[0].endswith(REPEATED):
        said, where = f"{_plain(cause.service, WIDTH)} repeats a call: {_plain(statement, WIDTH)}", ""
    elif cause.kind is CauseKind.SLOW_NETWORK and OUTGOING in statement:
        said = f"{_plain(cause.service, WIDTH)} waits for a slow peer, or for the network to it"
    return f"{said}{where} [{cause.kind}, {cause.score:.0%}]"


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *lines] if lines else []


def _chain(diagnosis: CaseDiagnosis) -> list[str]:
    numbers = {item.id: number for number, item in enumerate(diagnosis.evidence, 1)}
    return [
        f"{'  ' * depth}{'└ ' if depth else ''}{_plain(step.statement, WIDTH + 40)} {_cites(step.evidence, numbers)}"
        for depth, step in enumerate(diagnosis.chain)
    ]


def _cites(ids: Sequence[str], numbers: Mapping[str, int]) -> str:
    return "".join(f"[{numbers[id]}]" for id in ids)


def _evidence(diagnosis: CaseDiagnosis) -> list[str]:
    """Return the evidence that the named causes and the chain cite."""
    cited = {id for cause in named(diagnosis) for id in cause.evidence}
    cited |= {id for step in diagnosis.chain for id in step.evidence}
    numbered = enumerate(diagnosis.evidence, 1)
    return [
        f"[{n}] {_plain(item.statement, 2 * WIDTH)}  ({_plain(item.id, 2 * WIDTH)})"
        for n, item in numbered
        if item.id in cited
    ]


def service_map(edges: Sequence[MapEdge], culprits: set[str]) -> list[str]:
    """Return a line for each caller with its callees; the causes are marked."""
    callers: dict[str, list[MapEdge]] = {}
    for edge in edges:
        callers.setdefault(edge.caller, []).append(edge)
    return [f"{_marked(caller, culprits)} → {_callees(calls, culprits)}" for caller, calls in callers.items()]


def _callees(edges: Sequence[MapEdge], culprits: set[str]) -> str:
    return ", ".join(f"{_marked(edge.callee, culprits)} ×{edge.calls}" for edge in edges)


def _marked(service: str, culprits: set[str]) -> str:
    name = _plain(service, WIDTH)
    return f"◀{name}▶" if service in culprits else name


def waterfall(rows: Sequence[WaterfallRow]) -> list[str]:
    """Return one line a span: name, when it ran, its duration and its self time."""
    if not rows:
        return []
    first = min(row.start for row in rows)
    whole = max(1, max(row.start + row.duration for row in rows) - first)
    return list(_bars(rows, first, whole))


def _bars(rows: Sequence[WaterfallRow], first: int, whole: int) -> Iterator[str]:
    for row in rows:
        begin = min(BAR - 1, (row.start - first) * BAR // whole)
        length = max(1, min(BAR - begin, round(row.duration * BAR / whole)))
        name = _plain("  " * min(row.depth, 8) + f"{row.service} {row.operation}", NAME)
        bar = " " * begin + "█" * length
        marks = (" FAILED" if row.failed else "") + ("  ◀ culprit" if row.culprit else "")
        yield f"{name:{NAME}} |{bar:{BAR}}| {row.duration / MS:9.1f} ms, own {row.own / MS:9.1f} ms{marks}"


def _plain(text: str, max_length: int) -> str:
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean if len(clean) <= max_length else clean[: max_length - 1] + "…"
