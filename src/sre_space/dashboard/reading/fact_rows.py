"""The facts of one incident as rows with their check, its post-mortem, and its story as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.codec.footer import prose_of
from sre_space.dashboard.answers.incident import (
    BeforeAfter,
    FactRow,
    Kept,
    Postmortem,
)
from sre_space.dashboard.reading.examined import Examined
from sre_space.dashboard.reading.feed import sentence
from sre_space.dashboard.reading.known import Counted
from sre_space.dashboard.reading.markup import html
from sre_space.dashboard.reading.words import SECOND, ms
from sre_space.domain.case import Case, FoundFact
from sre_space.domain.facts import (
    OWNER,
    Conclusion,
)
from sre_space.ports.orders import Order
from sre_space.record.reading import ReadIssue
from sre_space.text.plain_text import harmless, plain
from sre_space.text.prose import prose, title


@dataclass(frozen=True)
class Material:
    """What one incident is shown from: `bodies` are its comments by id (0: the issue)."""

    case: Case
    reading: ReadIssue | None = None
    bodies: Mapping[int, str] = field(default_factory=dict)
    orders: Sequence[Order] = ()
    examined: Examined = Examined(Kept(bundle="", kept=False, why="the diagnosis names no bundle"))
    chart: BeforeAfter | None = None
    counted: Counted | None = None


def fact_rows(material: Material) -> Sequence[FactRow]:
    """Return every accepted fact, with whether its owner signed it and it names the one before."""
    case, previous, rows = material.case, "", []
    signed = material.reading.signed if material.reading else {}
    for entry in case.chain:
        fact, key = entry.fact, signed.get(entry.place)
        text = harmless(material_text(material, entry))
        rows.append(
            FactRow(
                seq=fact.seq,
                step=fact.step.value,
                agent=OWNER[fact.step].value,
                at=ms(fact.at),
                after_s=round((fact.at - case.detection.since) / SECOND, 2),
                attempt=fact.attempt,
                text=sentence(entry),
                html=html(text),
                markdown=text,
                signature_ok=entry.signer == OWNER[fact.step].value,
                chained=fact.prev == previous,
                key=key.key_id if key else "",
                digest=entry.digest,
            )
        )
        previous = entry.digest
    return rows


def material_text(material: Material, entry: FoundFact) -> str:
    """Return a fact's text as it stands on the issue, without its footer, else as it is rendered today."""
    body = material.bodies.get(entry.place)
    return prose_of(body) if body else prose(entry.fact.payload)


def postmortem(case: Case) -> Postmortem | None:
    """Return the post-mortem; None before it was written."""
    conclusion = case.latest(Conclusion)
    if conclusion is None:
        return None
    text = harmless(conclusion.postmortem)
    return Postmortem(html=html(text), markdown=text, mttd_s=conclusion.mttd_s, mttr_s=conclusion.mttr_s)


def markdown(material: Material) -> str:
    """Return the whole story as Markdown."""
    case = material.case
    parts = [f"# Incident {case.issue}: {plain(title(case.detection))}"]
    parts += [harmless(material_text(material, entry)) for entry in case.chain]
    return "\n\n---\n\n".join(parts) + "\n"
