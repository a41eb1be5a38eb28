"""A case: the chain of accepted facts of one incident's issue. `domain/chain.py` builds it."""

from dataclasses import dataclass, replace
from typing import TypeVar

from sre_space.domain.facts import (
    Action,
    ActionResult,
    Decision,
    Detection,
    Fact,
    Outcome,
    Payload,
    Step,
    Undo,
    Verification,
)

P = TypeVar("P", bound=Payload)
PLAN_DIGITS = 12  # hex digits of the decision's digest that name a plan: a person types them


@dataclass(frozen=True)
class FoundFact:
    """A fact as it was read from an issue.

    `place` is the id of its comment (0: the issue's body), `digest` the hash of its signed bytes, and `signer` the
    owner of the key whose signature verified (None: no valid signature).
    """

    place: int
    fact: Fact
    digest: str
    signer: str | None


@dataclass(frozen=True)
class VoidFact:
    """A fact on the issue that is not accepted into the chain, and the reason."""

    place: int
    reason: str


@dataclass(frozen=True)
class Trial:
    """An action with Scout's newest verdict on it (None: none yet) and its undo (None: it was not undone).

    `anew`: the service served again after the action, and then failed again.
    """

    action: Action
    outcome: Outcome | None = None
    undo: Undo | None = None
    anew: bool = False

    @property
    def in_force(self) -> bool:
        """Return True while the change that the action made is in force."""
        return self.action.changed and (self.undo is None or self.undo.result is ActionResult.FAILED)

    @property
    def helped(self) -> bool:
        """Return True when the change is in force and Scout measured a recovery or an improvement after it."""
        return self.in_force and self.outcome in (Outcome.RECOVERED, Outcome.IMPROVED)


@dataclass(frozen=True)
class Case:
    """One incident: its issue, its accepted facts and its void ones.

    `frozen_reason` is "" unless a link of the chain is missing or was altered.
    """

    issue: int
    is_open: bool
    chain: tuple[FoundFact, ...]
    void: tuple[VoidFact, ...] = ()
    frozen_reason: str = ""
    labels: tuple[str, ...] = ()

    @property
    def incident(self) -> str:
        """Return the incident's ULID."""
        return self.chain[0].fact.incident

    @property
    def opened(self) -> int:
        """Return when Scout signed the opening fact (Unix ns)."""
        return self.chain[0].fact.at

    @property
    def escalated(self) -> int:
        """Return the comment id of the first escalation to a person; 0 when the incident was never escalated."""
        for entry in self.chain:
            if isinstance(entry.fact.payload, Action) and entry.fact.payload.result is ActionResult.ESCALATED:
                return entry.place
        return 0

    @property
    def last(self) -> Fact:
        """Return the newest accepted fact."""
        return self.chain[-1].fact

    @property
    def newest(self) -> int:
        """Return the id of the newest signed comment, accepted or void; 0 when there is none."""
        return max([entry.place for entry in self.chain] + [void.place for void in self.void])

    @property
    def detection(self) -> Detection:
        """Return the opening fact's payload."""
        payload = self.chain[0].fact.payload
        assert isinstance(payload, Detection)
        return payload

    @property
    def services(self) -> frozenset[str]:
        """Return the services (or journeys) with symptoms, and those that the newest diagnosis names."""
        decision = self.latest(Decision)
        suspected = [cause.service for cause in decision.diagnosis.causes] if decision else []
        return frozenset({*suspected, *(symptom.service for symptom in self.detection.symptoms)})

    def latest(self, kind: type[P]) -> P | None:
        """Return the newest accepted payload of a kind; None when there is none."""
        payloads = (entry.fact.payload for entry in reversed(self.chain))
        return next((payload for payload in payloads if isinstance(payload, kind)), None)

    @property
    def payloads(self) -> tuple[Payload, ...]:
        """Return the payloads of all accepted facts, in the order of the chain."""
        return tuple(entry.fact.payload for entry in self.chain)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Return the actions in the order of the chain, each with Scout's newest verdict on it and its undo."""
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
    def verdict_decided_on(self) -> Verification | None:
        """Return the newest verdict before the newest decision; None when that is the first decision."""
        payloads = (entry.fact.payload for entry in reversed(self.chain[: self._decided]))
        return next((payload for payload in payloads if isinstance(payload, Verification)), None)

    @property
    def change_in_force_at(self) -> int:
        """Return when the change that was in force at the newest decision was made (Unix ns); 0 when none was.

        An improvement that this change caused must not be credited to the remedy that was decided after it.
        """
        changed_at = 0
        for entry in self.chain[: self._decided]:
            match entry.fact.payload:
                case Action(changed=True):
                    changed_at = entry.fact.at
                case Undo(result=ActionResult.DONE | ActionResult.ALREADY_CHANGED):
                    changed_at = 0
        return changed_at

    @property
    def _decided(self) -> int:
        """Return the index of the newest decision in the chain; 0 when there is none."""
        return max((place for place, entry in enumerate(self.chain) if entry.fact.step is Step.DECIDE), default=0)

    @property
    def plan(self) -> str:
        """Return the id by which a person approves or rejects the newest decision; "" before the first decision."""
        newest = next((entry for entry in reversed(self.chain) if entry.fact.step is Step.DECIDE), None)
        return newest.digest[:PLAN_DIGITS] if newest else ""

    @property
    def recovered(self) -> bool:
        """Return True when the newest verification measured a recovery: the same symptom is then a new incident."""
        verdict = self.latest(Verification)
        return verdict is not None and verdict.outcome is Outcome.RECOVERED

    def fact_of(self, step: Step) -> Fact | None:
        """Return the newest fact of a step; None when there is none."""
        return next((entry.fact for entry in reversed(self.chain) if entry.fact.step is step), None)
