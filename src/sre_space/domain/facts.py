"""The facts of an incident: what each step of the chain says. Frozen; times are Unix nanoseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sre_space.domain.diagnosis import Diagnosis
from sre_space.domain.remedies import ConfigChange, Remedy
from sre_space.domain.snapshot import Snapshot
from sre_space.domain.symptoms import JourneyCount, Symptom

UNSAID = {"unsaid": True}  # metadata of a field that is not written while it holds its default, as before it existed
UNKNOWN_CAUSE = "unknown"  # of a remembered incident whose diagnosis found none


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


@dataclass(frozen=True)
class Detection:
    """Scout's snapshot; `key` de-duplicates: one open incident per key.

    `unseen`: from when on Scout saw nothing before the first symptom (Unix ns), so that the fault may have begun any
    time since; 0 when it was looking. `snapshot` is how the services were, None in facts of 0.1.0.
    """

    key: str
    symptoms: tuple[Symptom, ...]
    health: Mapping[str, str]
    journey: JourneyCount
    traces: tuple[str, ...] = ()
    unseen: int = 0
    snapshot: Snapshot | None = field(default=None, metadata=UNSAID)

    @property
    def since(self) -> int:
        """When the first symptom began (Unix ns)."""
        return min(symptom.since for symptom in self.symptoms)

    @property
    def begun(self) -> int:
        """From when on its fault may have been there (Unix ns)."""
        return min(self.since, self.unseen or self.since)


@dataclass(frozen=True)
class PastCase:
    """A remedy of a remembered incident whose facts verified, with the incident's cosine similarity to this one.

    `recurrence`: the issue in which the same came back while the lesson was provisional, so that the remedy counts as
    failed; 0: none. `provisional`: this very incident was opened in that time, so that the remedy has failed if the
    cause is the same. `said`: what a person said ended it when it was left to one, and who (`said_by`); for people
    only: no remedy comes of it.
    """

    incident: str
    issue: int
    similarity: float
    cause: str
    remedy: str
    worked: bool
    recurrence: int = 0
    provisional: bool = False
    said: str = ""
    said_by: str = ""

    @property
    def told_cause(self) -> str:
        """The cause for people: that none was found is said so."""
        return "cause not found" if self.cause == UNKNOWN_CAUSE else self.cause

    @property
    def told_outcome(self) -> str:
        """What came of the remedy, for people; not scrubbed yet."""
        outcome = "helped" if self.worked else "did not help"
        if self.recurrence:
            outcome = f"helped and did not last: it came back in issue {self.recurrence}"
        elif self.provisional:
            outcome = "helped, but this incident came soon after it: if the cause is the same, it did not last"
        return f"{self.remedy} {outcome}"


@dataclass(frozen=True)
class Recall:
    """What Memory found; no cases is an answer too."""

    cases: tuple[PastCase, ...]


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
    """The journey after the effect: counts, 95 % Wilson interval of success; `failed` since the first symptom.

    `anew`: the service served after the action and then went out again, which says nothing of the action (UNDECIDED).
    """

    outcome: Outcome
    journey: JourneyCount
    low: float
    high: float
    failed: int
    serving_since: int
    detail: str
    anew: bool = False


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
    """Memory's lesson; a recurrence before `provisional_until` counts as a failure of its remedy (`lessons.py`)."""

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


def judges(payload: Payload) -> bool:
    """True for what says how things are, so that it is worth what was seen; False for what tells of a deed."""
    unchanged = isinstance(payload, Action) and not payload.changed
    return unchanged or isinstance(payload, Recall | Decision | Verification)


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
