"""The view of one incident: answer, before and after, chain, evidence, decision, doubts, past, facts."""

from pydantic import Field

from sre_space.dashboard.answers.base import Answer, Model, State
from sre_space.dashboard.answers.now import Loop, Mark


class Question(Model):
    """One of the four answers: WHAT IS WRONG, WHY, WHAT WAS DONE, IS IT OVER."""

    text: str
    detail: str = ""
    state: State


class FourAnswers(Model):
    """The answer first."""

    wrong: Question
    why: Question
    done: Question
    over: Question


class Moment(Model):
    """A marked moment of the story; `after_s` from the first symptom."""

    name: str = Field(
        description="`first symptom`, `detected`, `decided`, `acted`, `serving`, `verified`, `undone` ..."
    )
    at: int
    after_s: float
    agent: str = ""
    seq: int | None = None


class Lane(Model):
    """A bar of the lanes below the chart: who worked on which step from when to when."""

    who: str
    step: str
    since: int
    until: int | None
    seq: int | None


class BeforeAfter(Model):
    """The chart of the first concerned journey around the incident; empty columns with `why` when nothing is kept."""

    of: str
    shows: str
    since: int
    until: int
    resolution_s: float
    times: tuple[int, ...]
    lines: dict[str, tuple[float | None, ...]]
    why: str = ""


class EvidenceItem(Model):
    """One observation; `opens` says which viewer shows it: trace, log, metric, probe, runtime, change or "" (text)."""

    id: str
    statement: str
    opens: str
    trace_id: str = ""
    span_id: str = ""


class ChainLink(Model):
    """One step of the causal chain, the cause first. `checked`: every evidence id that it cites exists."""

    claim: str
    checked: bool
    evidence: tuple[str, ...]


class Edit(Model):
    """One key of desired state that is changed; `old` or `new` null: the key was, or will be, absent."""

    file: str
    key: str
    old: str | None
    new: str | None


class Rule(Model):
    """The answer of one guardrail."""

    rule: str
    allowed: bool
    reason: str


class You(Model):
    """Whether the person with this request's token may do it, said before the click."""

    name: str | None = Field(description="null: no token, or none that is known")
    may: bool
    why: str = Field(description='"you are ada: you may approve", "no token was given", "it expired 3 min ago"')


class DecisionNow(Model):
    """The newest decision: the exact change, every rule, the way back, its expiry, and whether you may."""

    seq: int
    at: int
    attempt: int
    verdict: str
    remedy: str = Field(description="RESTART SET-CONFIG REVERT SCALE ESCALATE")
    command: str
    service: str
    reason: str
    edits: tuple[Edit, ...]
    rules: tuple[Rule, ...]
    refused: int
    way_back: str = Field(description='in words; "none, because a restart cannot be undone"')
    expires: int
    waits: bool = Field(description="true while it waits for a person")
    plan: str
    incarnation: str = ""
    deed: str = Field("", description='the remedy in words: "Restart checkout"')
    you: You


class TrialRow(Model):
    """One action with its verdict and its undo."""

    command: str
    result: str
    detail: str
    before: str
    after: str
    outcome: str | None
    undone: str = ""
    in_force: bool
    at: int


class OtherCause(Model):
    """Why not another cause: its score, and what would settle it."""

    service: str
    kind: str
    operation: str
    score: float
    evidence: tuple[str, ...]
    why_not: str
    settles: str


class SeenBefore(Model):
    """A remembered incident, its remedy, and whether that helped."""

    issue: int
    similarity: float
    cause: str
    remedy: str
    helped: bool
    text: str
    said: str = ""
    said_by: str = ""


class FactRow(Model):
    """One accepted fact with the check of its signature; `html` is sanitized, `markdown` is what `copy` copies."""

    seq: int
    step: str
    agent: str
    at: int
    after_s: float
    attempt: int
    text: str
    html: str
    markdown: str
    signature_ok: bool
    chained: bool = Field(description="it names the hash of the fact before it")
    key: str
    digest: str


class VoidRow(Model):
    """A comment that claims to be a fact or a command, and does not count."""

    place: int
    reason: str


class OrderRow(Model):
    """An order of a person on this incident."""

    verb: str
    plan: str
    by: str
    place: int


class Contact(Model):
    """The people of a service."""

    service: str
    owner: str
    runbook: str


class Postmortem(Model):
    """The post-mortem, as sanitized HTML and as Markdown."""

    html: str
    markdown: str
    mttd_s: float
    mttr_s: float


class ServiceThen(Model):
    """A service when the incident was opened; null is not known."""

    service: str
    state: str
    since: int | None
    restarts: int | None
    memory: float | None
    memory_limit: float | None
    cpu: float | None
    rate: float | None
    errors: float | None
    p95_s: float | None
    commit: str
    lines: tuple[str, ...]


class Kept(Model):
    """What is kept of the examined data: its bundle, or why it is gone."""

    bundle: str
    kept: bool
    why: str = ""


class IncidentAnswer(Answer):
    """The whole view of one incident."""

    number: int
    ulid: str
    title: str
    kind: str
    services: tuple[str, ...]
    state: State
    is_open: bool
    phase: str = Field(description='in a word: detected, deciding, "waits for a person", acting, verifying, healed ...')
    since: int
    opened: int
    ended: int | None
    url: str
    labels: tuple[str, ...]
    answers: FourAnswers
    loop: Loop
    moments: tuple[Moment, ...]
    lanes: tuple[Lane, ...]
    chart: BeforeAfter
    chain: tuple[ChainLink, ...]
    chain_why: str = Field("", description="why the chain is missing or short")
    evidence: tuple[EvidenceItem, ...]
    decision: DecisionNow | None
    trials: tuple[TrialRow, ...]
    others: tuple[OtherCause, ...]
    others_why: str = ""
    seen_before: tuple[SeenBefore, ...]
    seen_before_why: str = ""
    changes: tuple[Mark, ...]
    changes_why: str = ""
    snapshot: tuple[ServiceThen, ...]
    facts: tuple[FactRow, ...]
    void: tuple[VoidRow, ...]
    orders: tuple[OrderRow, ...]
    frozen: str
    contacts: tuple[Contact, ...]
    postmortem: Postmortem | None
    kept: Kept
    markdown: str = Field(description="the whole story as Markdown, for Copy as Markdown")
