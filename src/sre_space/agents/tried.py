"""What a case has tried already, and what that disproves: for the next diagnosis."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind, Diagnosis
from sre_space.domain.facts import Action, Decision, Outcome, Undo, Verification
from sre_space.domain.remedies import Restart, RevertChange, SetConfig

RESTART_CURES = (CauseKind.CRASH, CauseKind.HANG, CauseKind.SATURATION)


@dataclass(frozen=True)
class Tried:
    """A remedy that was carried out at a time (Unix ns), the diagnosis it rested on, and what was measured then."""

    diagnosis: Diagnosis
    action: Action
    at: int
    outcome: Outcome

    @property
    def failed(self) -> bool:
        """True when it was measured that it did not help; undecided is no answer."""
        return self.outcome in (Outcome.NOT_RECOVERED, Outcome.WORSE)


def _tried(case: Case) -> Iterator[Tried]:
    """The remedies that did not end the incident, oldest first."""
    decision: Decision | None = None
    action: tuple[Action, int] | None = None
    for entry in case.chain:
        payload = entry.fact.payload
        if isinstance(payload, Decision):
            decision, action = payload, None
        elif isinstance(payload, Action) and payload.changed:
            action = payload, entry.fact.at
        elif isinstance(payload, Verification) and payload.outcome is not Outcome.RECOVERED and decision and action:
            yield Tried(decision.diagnosis, *action, payload.outcome)


def last_tried(case: Case) -> int:
    """When the last remedy that did not end it was carried out or taken back (Unix ns); what was before is no news.

    What the patient did under a remedy that was taken back says what that remedy did, not what the cause does.
    """
    undone = [entry.fact.at for entry in case.chain if isinstance(entry.fact.payload, Undo)]
    return max([*undone, *(one.at for one in _tried(case))], default=0)


def tuned(case: Case) -> frozenset[str]:
    """Services that live with another configuration since: what they do otherwise may be the remedy's doing."""
    standing = (trial.action.remedy for trial in case.trials if trial.stands)
    return frozenset(remedy.service for remedy in standing if isinstance(remedy, SetConfig))


def disproved(case: Case, ended: Collection[str]) -> tuple[tuple[str, CauseKind], ...]:
    """A restart cures what died, hangs or ran full by itself; where it did not help, it was none of these.

    What has `ended` since, by the runtime's word, lived another life: its end is a fact, and no restart disproves it.
    """
    remedies = [one.action.remedy for one in _tried(case) if one.failed]
    restarted = sorted({one.service for one in remedies if isinstance(one, Restart)} - set(ended))
    return tuple((service, kind) for service in restarted for kind in RESTART_CURES)


def reverted(case: Case) -> tuple[str, ...]:
    """Commits whose revert did not help: they are innocent."""
    failed = (one.action.remedy for one in _tried(case) if one.failed)
    return tuple(remedy.commit for remedy in failed if isinstance(remedy, RevertChange))
