"""The facts of an incident: the payload of each step of the chain. Frozen; times are Unix nanoseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sre_space.domain.contacts import Contact
from sre_space.domain.diagnosis import Diagnosis
from sre_space.domain.omitted import OMITTED_AT_DEFAULT
from sre_space.domain.remedies import ConfigChange, Remedy
from sre_space.domain.snapshot import Snapshot
from sre_space.domain.symptoms import JourneyCount, Symptom

UNKNOWN_CAUSE = "unknown"  # the cause of a remembered incident whose diagnosis found none


class Agent(StrEnum):
    """The four agents, as signers of facts."""

    SCOUT = "scout"
    BRAIN = "brain"
    FIXER = "fixer"
    MEMORY = "memory"


class Step(StrEnum):
    """The steps of one incident, in their usual order."""

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
class JourneyNumbers:
    """What a verdict compares of the journey: its visits and, by step, how many attempts were quick and how many not.

    An attempt that failed is not quick. `quick` is empty where durations do not matter.
    """

    visits: JourneyCount
    quick: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Detection:
    """Scout's opening fact: symptoms, health and journey; `key` de-duplicates: one open incident per key.

    `unseen` is since when Scout could not observe the application before the first symptom (Unix ns), so that the fault
    may have begun at any time after it; 0 when there was no such gap. `snapshot` is the state of every service, None in
    facts of 0.1.0. `contacts` are the people of the services, those with a symptom first. `affected` is the journey
    since the first symptom, and `usual` the duration (ns) that was usual for each step before it, where durations
    matter: later verdicts compare with them. `page` is the incident's address on the dashboard, "" without one.
    """

    key: str
    symptoms: tuple[Symptom, ...]
    health: Mapping[str, str]
    journey: JourneyCount
    traces: tuple[str, ...] = ()
    unseen: int = 0
    snapshot: Snapshot | None = field(default=None, metadata=OMITTED_AT_DEFAULT)
    contacts: tuple[Contact, ...] = field(default=(), metadata=OMITTED_AT_DEFAULT)
    affected: JourneyNumbers | None = field(default=None, metadata=OMITTED_AT_DEFAULT)
    usual: Mapping[str, int] | None = field(default=None, metadata=OMITTED_AT_DEFAULT)
    page: str = field(default="", metadata=OMITTED_AT_DEFAULT)

    @property
    def titled(self) -> tuple[Symptom, ...]:
        """Return the symptoms of the kind and the service in the title, the first one first: the incident is theirs."""
        return tuple(symptom for symptom in self.symptoms if symptom.key == self.symptoms[0].key)

    @property
    def since(self) -> int:
        """Return when the first symptom began (Unix ns)."""
        return min(symptom.since for symptom in self.symptoms)

    @property
    def begun(self) -> int:
        """Return the earliest time at which the fault may have begun (Unix ns)."""
        return min(self.since, self.unseen or self.since)


@dataclass(frozen=True)
class PastCase:
    """A remedy of a remembered incident whose facts verified, with the cosine similarity (0 to 1) to this incident.

    `recurrence` is the issue in which the same cause came back while the lesson was provisional, so that the remedy
    counts as failed; 0 for none. `provisional`: the present incident was opened in that time, so that the remedy has
    failed if the cause is the same. `said` is a person's description of what resolved an escalated incident, `said_by`
    its author; both are for people only: no remedy is derived from them.
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
    def cause_text(self) -> str:
        """Return the cause as text for people: "cause not found" when the diagnosis found none."""
        return "cause not found" if self.cause == UNKNOWN_CAUSE else self.cause

    @property
    def outcome_text(self) -> str:
        """Return the remedy and its outcome as text for people; secrets are not removed from it yet."""
        outcome = "helped" if self.worked else "did not help"
        if self.recurrence:
            outcome = f"helped and did not last: it came back in issue {self.recurrence}"
        elif self.provisional:
            outcome = "helped, but this incident came soon after it: if the cause is the same, it did not last"
        return f"{self.remedy} {outcome}"


@dataclass(frozen=True)
class Recall:
    """Memory's answer: the similar past incidents; an answer without any is valid."""

    cases: tuple[PastCase, ...]


@dataclass(frozen=True)
class RuleAnswer:
    """The answer of one guardrail: whether it allows the remedy, and why."""

    rule: str
    allowed: bool
    reason: str


@dataclass(frozen=True)
class Decision:
    """Brain's diagnosis and chosen remedy.

    No action starts after `expires` (Unix ns). A `plan` waits for a person's approval.
    """

    diagnosis: Diagnosis
    remedy: Remedy
    guardrails: tuple[RuleAnswer, ...]
    expires: int
    plan: bool = False


class ActionResult(StrEnum):
    """The result of carrying out a decision."""

    DONE = "done"
    ALREADY_CHANGED = "already changed"
    CLEARED = "cleared"
    REFUSED = "refused"
    FAILED = "failed"
    ESCALATED = "escalated"


@dataclass(frozen=True)
class Action:
    """What Fixer did: the unit's state before and after, and in words how it is undone.

    `inverse` says "none" where nothing undoes it (a restart). `way_back` is the inverse remedy, which Fixer can carry
    out; None where there is none or nothing was changed.
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
        """Return True when the decision changed the application, in this attempt or in an interrupted one before it."""
        return self.result in (ActionResult.DONE, ActionResult.ALREADY_CHANGED)


@dataclass(frozen=True)
class Undo:
    """How Fixer undid an action; `result` is FAILED when it could not, and a person has to."""

    result: ActionResult
    remedy: ConfigChange
    before: str
    after: str
    detail: str


class Outcome(StrEnum):
    """Scout's verdict on an action. After IMPROVED the action is kept, and what remains is diagnosed again."""

    RECOVERED = "RECOVERED"
    IMPROVED = "IMPROVED"
    NOT_RECOVERED = "NOT RECOVERED"
    WORSE = "WORSE"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True)
class Verification:
    """Scout's verdict on an action, measured on the journey after it.

    `journey` counts the attempts, `low` and `high` are the 95 % Wilson interval of their success rate (0 to 1), and
    `failed` is the number of failed attempts since the first symptom. `anew`: the service served after the action and
    then failed again, which says nothing about the action (UNDECIDED). `strength` is how strong the symptom still was,
    and `affected` the journey since the action: a verdict on the next action compares with them.
    """

    outcome: Outcome
    journey: JourneyCount
    low: float
    high: float
    failed: int
    serving_since: int
    detail: str
    anew: bool = False
    strength: float | None = field(default=None, metadata=OMITTED_AT_DEFAULT)
    affected: JourneyNumbers | None = field(default=None, metadata=OMITTED_AT_DEFAULT)


@dataclass(frozen=True)
class Confirmation:
    """The label that Fixer sets after a measured recovery."""

    label: str


@dataclass(frozen=True)
class Conclusion:
    """Brain's post-mortem, as Markdown. MTTD and MTTR count from the first symptom, in seconds."""

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


@dataclass(frozen=True)
class Fact:
    """One signed link of an incident's chain. `issue` is 0 in the opening fact: its number is not known yet."""

    incident: str
    repository: str
    issue: int
    seq: int
    prev: str
    step: Step
    attempt: int
    at: int
    payload: Payload
