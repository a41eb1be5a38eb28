"""What a case has tried already, and what that disproves: for the next diagnosis."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sre_space.domain.case import Case, Trial
from sre_space.domain.clocks import apart
from sre_space.domain.diagnosis import CauseKind, Diagnosis
from sre_space.domain.facts import Action, ActionResult, Decision, Outcome, Undo, Verification
from sre_space.domain.remedies import Restart, RevertChange, SetConfig

RESTART_CURES = (CauseKind.CRASH, CauseKind.HANG, CauseKind.SATURATION)


@dataclass(frozen=True)
class FailedAttempt:
    """A remedy that was carried out at a time (Unix ns), the diagnosis it rested on, and what was measured then."""

    diagnosis: Diagnosis
    action: Action
    at: int
    outcome: Outcome

    @property
    def failed(self) -> bool:
        """True when it was measured that it did not help; undecided is no answer."""
        return self.outcome in (Outcome.NOT_RECOVERED, Outcome.WORSE)


def _tried(case: Case) -> Iterator[FailedAttempt]:
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
            yield FailedAttempt(decision.diagnosis, *action, payload.outcome)


def exhausted(case: Case, most: int) -> str:
    """Why nothing more is tried; "" while something may be: `most` attempts, or as many decisions that came to nothing.

    An attempt is what was carried out and measured. What helped until a new end is none, nor what was refused, had
    expired or was done already; but to decide the same again and again helps nobody.
    """
    done = [one for one in case.trials if one.action.result is ActionResult.DONE and not one.anew]
    attempts = [one for one in done if one.outcome is not None]
    if len(attempts) >= most:
        return f"{len(attempts)} attempts did not help"
    idle = [one for one in case.trials if one.action.result not in (ActionResult.DONE, ActionResult.ESCALATED)]
    return _idle(case, idle) if len(idle) >= most else ""


def _idle(case: Case, idle: Sequence[Trial]) -> str:
    """What came of decisions that changed nothing, each with how often, and whether clocks are the cause."""
    said = Counter(f"{one.action.result}: {one.action.detail}" for one in idle)
    told = "; ".join(f"{what} ({count} times)" if count > 1 else what for what, count in said.items())
    return "; ".join(filter(None, (f"{len(idle)} decisions came to nothing: {told}", apart(case))))


def last_attempt_at(case: Case) -> int:
    """When the last remedy that did not end it was carried out or taken back (Unix ns); what was before is no news.

    What the patient did under a remedy that was taken back says what that remedy did, not what the cause does.
    """
    undone = [entry.fact.at for entry in case.chain if isinstance(entry.fact.payload, Undo)]
    return max([*undone, *(one.at for one in _tried(case))], default=0)


def reconfigured_services(case: Case) -> frozenset[str]:
    """Services that live with another configuration since: what they do otherwise may be the remedy's doing."""
    standing = (trial.action.remedy for trial in case.trials if trial.stands)
    return frozenset(remedy.service for remedy in standing if isinstance(remedy, SetConfig))


def ruled_out_causes(case: Case, ended: Collection[str]) -> tuple[tuple[str, CauseKind], ...]:
    """A restart cures what died, hangs or ran full by itself; where it did not help, it was none of these.

    What has `ended` since, by the runtime's word, lived another life: its end is a fact, and no restart disproves it.
    """
    remedies = [one.action.remedy for one in _tried(case) if one.failed]
    restarted = sorted({one.service for one in remedies if isinstance(one, Restart)} - set(ended))
    return tuple((service, kind) for service in restarted for kind in RESTART_CURES)


def ruled_out_commits(case: Case) -> tuple[str, ...]:
    """Commits whose revert did not help: they are innocent."""
    failed = (one.action.remedy for one in _tried(case) if one.failed)
    return tuple(remedy.commit for remedy in failed if isinstance(remedy, RevertChange))
