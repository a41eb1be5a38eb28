"""The facts of an incident: what each step of the chain says. Frozen; times are Unix nanoseconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sre_space.domain.remedies import ConfigChange, Remedy


class Agent(StrEnum):
    """Who signs."""

    SCOUT = "scout"
    BRAIN = "brain"
    FIXER = "fixer"
    MEMORY = "memory"


class Step(StrEnum):
    """The steps of one incident, in the order of the usual story."""

    DETECT = "detect"
    RECALL = "recall"
    DECIDE = "decide"
    ACT = "act"
    VERIFY = "verify"
    UNDO = "undo"
    CONFIRM = "confirm"
    CONCLUDE = "conclude"
    REMEMBER = "remember"


OWNER: Mapping[Step, Agent] = {
    Step.DETECT: Agent.SCOUT,
    Step.RECALL: Agent.MEMORY,
    Step.DECIDE: Agent.BRAIN,
    Step.ACT: Agent.FIXER,
    Step.VERIFY: Agent.SCOUT,
    Step.UNDO: Agent.FIXER,
    Step.CONFIRM: Agent.FIXER,
    Step.CONCLUDE: Agent.BRAIN,
    Step.REMEMBER: Agent.MEMORY,
}


class SymptomKind(StrEnum):
    """The word in the title `[INCIDENT] <kind> Alert`."""

    INFRASTRUCTURE = "Infrastructure"
    SATURATION = "Saturation"
    ERROR = "Error"
    LATENCY = "Latency"
    CONVERSION = "Conversion"
    SLO = "SLO"

    def of(self, service: str) -> str:
        """The key of such a symptom, as in `infrastructure/policy-service`."""
        return f"{self.value.lower()}/{service}"


@dataclass(frozen=True)
class Symptom:
    """One detector that fired: what it measured against its limit, and since when."""

    kind: SymptomKind
    service: str
    detail: str
    value: float
    limit: float
    since: int

    @property
    def key(self) -> str:
        """What it is the same symptom by."""
        return self.kind.of(self.service)


@dataclass(frozen=True)
class JourneyCount:
    """Attempts of the critical user journey that began in [since, until)."""

    good: int
    bad: int
    since: int
    until: int


@dataclass(frozen=True)
class Detection:
    """Scout's snapshot; `key` de-duplicates: one open incident per key."""

    key: str
    symptoms: tuple[Symptom, ...]
    health: Mapping[str, str]
    journey: JourneyCount
    traces: tuple[str, ...] = ()


@dataclass(frozen=True)
class PastCase:
    """A remembered incident whose facts verified, with its cosine similarity to this one."""

    incident: str
    issue: int
    similarity: float
    cause: str
    remedy: str
    worked: bool


@dataclass(frozen=True)
class Recall:
    """What Memory found; no cases is an answer too."""

    cases: tuple[PastCase, ...]


class CauseKind(StrEnum):
    """Kinds of root cause that a diagnosis can name."""

    CRASH = "crash"
    HANG = "hang"
    SATURATION = "saturation"
    SLOW_CODE = "slow-code"
    SLOW_QUERY = "slow-query"
    SLOW_NETWORK = "slow-network"
    ERROR = "error"
    DEPENDENCY_ERROR = "dependency-error"
    MISCONFIGURATION = "misconfiguration"
    BAD_CHANGE = "bad-change"
    TRAFFIC = "traffic"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How sure a diagnosis is; INCONCLUSIVE never leads to an action."""

    CONFIRMED = "CONFIRMED"
    LIKELY = "LIKELY"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class Evidence:
    """One observation; `id` names it where it came from (`trace:`, `runtime:`, `health:`)."""

    id: str
    statement: str


@dataclass(frozen=True)
class Cause:
    """A suspected root cause. `score` is the share of the observed failures it explains, 0 to 1."""

    service: str
    operation: str
    kind: CauseKind
    score: float
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Diagnosis:
    """Ranked causes, best first; every id a cause cites is in `evidence`.

    `change` is the commit that explains them ("": none does), `bundle` the SHA-256 of what was looked at ("": nothing).
    `report` is the whole of it in plain lines, for people; no agent reads it.
    """

    verdict: Confidence
    causes: tuple[Cause, ...]
    evidence: tuple[Evidence, ...]
    change: str = ""
    bundle: str = ""
    report: str = ""

    def __post_init__(self) -> None:
        """A cause that cites what nobody observed is a bug, not a diagnosis."""
        known = {item.id for item in self.evidence}
        invented = {id for cause in self.causes for id in cause.evidence} - known
        if invented:
            raise ValueError(f"causes cite evidence that does not exist: {sorted(invented)}")


@dataclass(frozen=True)
class RuleAnswer:
    """One guardrail, asked: did it allow the remedy, and why."""

    rule: str
    allowed: bool
    reason: str


@dataclass(frozen=True)
class Decision:
    """Brain's diagnosis and command. Nothing starts after `expires`. A `plan` waits for a person's approval."""

    diagnosis: Diagnosis
    remedy: Remedy
    guardrails: tuple[RuleAnswer, ...]
    expires: int
    plan: bool = False


class ActionResult(StrEnum):
    """What came of a decision."""

    DONE = "done"
    ALREADY_CHANGED = "already changed"
    CLEARED = "cleared"
    REFUSED = "refused"
    FAILED = "failed"
    ESCALATED = "escalated"


@dataclass(frozen=True)
class Action:
    """What Fixer did: the state before and after, and the way back in words ("none": a restart has no inverse).

    `way_back` is the inverse as it can be carried out, None where there is none or nothing was changed.
    """

    result: ActionResult
    remedy: Remedy
    before: str
    after: str
    inverse: str
    guardrails: tuple[RuleAnswer, ...]
    detail: str
    way_back: ConfigChange | None = None

    @property
    def changed(self) -> bool:
        """True when the patient was changed by this decision (by this try or an interrupted one)."""
        return self.result in (ActionResult.DONE, ActionResult.ALREADY_CHANGED)


@dataclass(frozen=True)
class Undo:
    """How Fixer took an action back: FAILED when it could not, and a person has to."""

    result: ActionResult
    remedy: ConfigChange
    before: str
    after: str
    detail: str


class Outcome(StrEnum):
    """Scout's verdict on an action. IMPROVED: it is kept, and what is left is diagnosed anew."""

    RECOVERED = "RECOVERED"
    IMPROVED = "IMPROVED"
    NOT_RECOVERED = "NOT RECOVERED"
    WORSE = "WORSE"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True)
class Verification:
    """The journey after the effect: counts, 95 % Wilson interval of success; `failed` since the first symptom."""

    outcome: Outcome
    journey: JourneyCount
    low: float
    high: float
    failed: int
    serving_since: int
    detail: str


@dataclass(frozen=True)
class Confirmation:
    """Fixer's label on a measured recovery."""

    label: str


@dataclass(frozen=True)
class Conclusion:
    """Brain's post-mortem. MTTD and MTTR count from the first symptom, in seconds."""

    mttd_s: float
    mttr_s: float
    postmortem: str


@dataclass(frozen=True)
class Learnt:
    """Memory's lesson; a recurrence before `provisional_until` counts as a failure of its remedy."""

    lesson: str
    provisional_until: int


Payload = Detection | Recall | Decision | Action | Verification | Undo | Confirmation | Conclusion | Learnt

PAYLOAD: Mapping[Step, type[Payload]] = {
    Step.DETECT: Detection,
    Step.RECALL: Recall,
    Step.DECIDE: Decision,
    Step.ACT: Action,
    Step.VERIFY: Verification,
    Step.UNDO: Undo,
    Step.CONFIRM: Confirmation,
    Step.CONCLUDE: Conclusion,
    Step.REMEMBER: Learnt,
}

STEP_OF: Mapping[type[Payload], Step] = {kind: step for step, kind in PAYLOAD.items()}


@dataclass(frozen=True)
class Fact:
    """One link of the chain. `issue` is 0 in the opening fact: the number is not known yet."""

    incident: str
    repository: str
    issue: int
    seq: int
    prev: str
    step: Step
    attempt: int
    at: int
    payload: Payload
