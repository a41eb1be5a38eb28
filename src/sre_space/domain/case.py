"""A case: the accepted chain of one issue. `domain/chain.py` builds it."""

from dataclasses import dataclass, replace
from typing import TypeVar

from sre_space.domain.facts import Action, ActionResult, Detection, Fact, Outcome, Payload, Step, Undo, Verification

P = TypeVar("P", bound=Payload)
PLAN_DIGITS = 12  # of the decision's digest: what a person types


@dataclass(frozen=True)
class Found:
    """A fact as found: `place` is the comment's id (0: the issue's body), `digest` of its signed bytes."""

    place: int
    fact: Fact
    digest: str
    signer: str | None


@dataclass(frozen=True)
class Void:
    """A fact that does not count, and why."""

    place: int
    reason: str


@dataclass(frozen=True)
class Trial:
    """An action, Scout's last word on it (None: none yet), and how it was taken back (None: it was not).

    `anew`: the service served after it, and went out again.
    """

    action: Action
    outcome: Outcome | None = None
    undo: Undo | None = None
    anew: bool = False

    @property
    def stands(self) -> bool:
        """True while what it changed is in force."""
        return self.action.changed and (self.undo is None or self.undo.result is ActionResult.FAILED)

    @property
    def helped(self) -> bool:
        """True when the patient was better for it."""
        return self.stands and self.outcome in (Outcome.RECOVERED, Outcome.IMPROVED)


@dataclass(frozen=True)
class Case:
    """One incident. `frozen_reason` is "" unless an accepted link went missing or was altered."""

    issue: int
    is_open: bool
    chain: tuple[Found, ...]
    void: tuple[Void, ...] = ()
    frozen_reason: str = ""
    labels: tuple[str, ...] = ()

    @property
    def incident(self) -> str:
        """The incident's ULID."""
        return self.chain[0].fact.incident

    @property
    def opened(self) -> int:
        """When Scout signed the opening (Unix ns)."""
        return self.chain[0].fact.at

    @property
    def escalated(self) -> int:
        """The place of the first fact by which it was left to a person; 0 when it never was."""
        for entry in self.chain:
            if isinstance(entry.fact.payload, Action) and entry.fact.payload.result is ActionResult.ESCALATED:
                return entry.place
        return 0

    @property
    def last(self) -> Fact:
        """The newest accepted fact."""
        return self.chain[-1].fact

    @property
    def newest(self) -> int:
        """The id of the newest signed comment seen, accepted or not; 0 when there is none."""
        return max([entry.place for entry in self.chain] + [void.place for void in self.void])

    @property
    def detection(self) -> Detection:
        """The opening fact's payload."""
        payload = self.chain[0].fact.payload
        assert isinstance(payload, Detection)
        return payload

    def latest(self, kind: type[P]) -> P | None:
        """The newest payload of a kind."""
        found = (entry.fact.payload for entry in reversed(self.chain))
        return next((payload for payload in found if isinstance(payload, kind)), None)

    @property
    def payloads(self) -> tuple[Payload, ...]:
        """All accepted payloads, in order."""
        return tuple(entry.fact.payload for entry in self.chain)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The actions in order, each with the verdict on it and its undoing."""
        trials: list[Trial] = []
        for payload in self.payloads:
            match payload:
                case Action():
                    trials.append(Trial(payload))
                case Verification() if trials and trials[-1].undo is None:
                    trials[-1] = replace(trials[-1], outcome=payload.outcome, anew=payload.anew)
                case Undo() if trials:
                    trials[-1] = replace(trials[-1], undo=payload)
        return tuple(trials)

    @property
    def eased_at(self) -> int:
        """When the last change was made that stood as the newest decision was taken (Unix ns); 0 when none did.

        What it eased is no merit of what was decided after it.
        """
        stood = 0
        for entry in self.chain[: self._decided]:
            match entry.fact.payload:
                case Action(changed=True):
                    stood = entry.fact.at
                case Undo(result=ActionResult.DONE | ActionResult.ALREADY_CHANGED):
                    stood = 0
        return stood

    @property
    def _decided(self) -> int:
        """The place of the newest decision in the chain."""
        return max((place for place, entry in enumerate(self.chain) if entry.fact.step is Step.DECIDE), default=0)

    @property
    def plan(self) -> str:
        """Names the newest decision where it waits for a person; approving another one approves nothing."""
        newest = next((entry for entry in reversed(self.chain) if entry.fact.step is Step.DECIDE), None)
        return newest.digest[:PLAN_DIGITS] if newest else ""

    @property
    def recovered(self) -> bool:
        """True from a measured recovery on: the same symptom is then a new incident."""
        verdict = self.latest(Verification)
        return verdict is not None and verdict.outcome is Outcome.RECOVERED

    def fact_of(self, step: Step) -> Fact | None:
        """The newest fact of a step."""
        return next((entry.fact for entry in reversed(self.chain) if entry.fact.step is step), None)
