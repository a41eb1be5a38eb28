"""The remedies that were tried in an incident, and the causes that they rule out. Used by Brain's investigation."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sre_space.domain.case import Case, Trial
from sre_space.domain.clocks import clock_differences
from sre_space.domain.diagnosis import CauseKind, Diagnosis
from sre_space.domain.facts import Action, ActionResult, Decision, Outcome, Undo, Verification
from sre_space.domain.remedies import Restart, RevertChange, SetConfig

RESTART_CURES = (CauseKind.CRASH, CauseKind.HANG, CauseKind.SATURATION)


@dataclass(frozen=True)
class FailedAttempt:
    """A remedy that was carried out at `at` (Unix ns), the diagnosis behind it, and the outcome that Scout measured."""

    diagnosis: Diagnosis
    action: Action
    at: int
    outcome: Outcome

    @property
    def failed(self) -> bool:
        """Return True when the measured outcome shows that the remedy did not help; UNDECIDED does not show that."""
        return self.outcome in (Outcome.NOT_RECOVERED, Outcome.WORSE)


def _failed_attempts(case: Case) -> Iterator[FailedAttempt]:
    """Yield each remedy that was carried out and did not end the incident, oldest first."""
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


def exhausted(case: Case, max_attempts: int) -> str:
    """Return why no further remedy is tried, or "" while one may be tried.

    The limit is `max_attempts` attempts that did not help, or as many decisions that changed nothing. An attempt is a
    remedy that was carried out and whose outcome was measured. A remedy that helped until the service failed again is
    no failed attempt, and neither is one that was refused, had expired or was already done; those count as decisions
    that changed nothing.
    """
    done = [trial for trial in case.trials if trial.action.result is ActionResult.DONE and not trial.anew]
    attempts = [trial for trial in done if trial.outcome is not None]
    if len(attempts) >= max_attempts:
        return f"{len(attempts)} attempts did not help"
    idle = [trial for trial in case.trials if trial.action.result not in (ActionResult.DONE, ActionResult.ESCALATED)]
    return _idle_reason(case, idle) if len(idle) >= max_attempts else ""


def _idle_reason(case: Case, idle: Sequence[Trial]) -> str:
    """Return the results of the decisions that changed nothing, with counts, and a note if clocks are the cause."""
    counts = Counter(f"{trial.action.result}: {trial.action.detail}" for trial in idle)
    results = "; ".join(f"{result} ({count} times)" if count > 1 else result for result, count in counts.items())
    return "; ".join(filter(None, (f"{len(idle)} decisions had no effect: {results}", clock_differences(case))))


def last_attempt_at(case: Case) -> int:
    """Return when the last failed remedy was carried out or undone (Unix ns); 0 when there is none.

    The next diagnosis reads only telemetry from after this time: what the application did under a remedy that was
    undone shows the effect of that remedy, not of the cause.
    """
    undone = [entry.fact.at for entry in case.chain if isinstance(entry.fact.payload, Undo)]
    return max([*undone, *(attempt.at for attempt in _failed_attempts(case))], default=0)


def reconfigured_services(case: Case) -> frozenset[str]:
    """Return the services that run with a configuration that a remedy of this incident has changed.

    What such a service does differently may be an effect of the remedy.
    """
    in_force = (trial.action.remedy for trial in case.trials if trial.in_force)
    return frozenset(remedy.service for remedy in in_force if isinstance(remedy, SetConfig))


def ruled_out_causes(case: Case, ended: Collection[str]) -> tuple[tuple[str, CauseKind], ...]:
    """Return the (service, kind) pairs that a restart would have cured and did not: crash, hang and saturation.

    A service in `ended` (its unit has ended, according to the runtime) is left out: the process that the restart began
    has ended since, so the restart disproves nothing.
    """
    remedies = [attempt.action.remedy for attempt in _failed_attempts(case) if attempt.failed]
    restarted = sorted({remedy.service for remedy in remedies if isinstance(remedy, Restart)} - set(ended))
    return tuple((service, kind) for service in restarted for kind in RESTART_CURES)


def ruled_out_commits(case: Case) -> tuple[str, ...]:
    """Return the commits whose revert did not help: they are not the cause."""
    failed = (attempt.action.remedy for attempt in _failed_attempts(case) if attempt.failed)
    return tuple(remedy.commit for remedy in failed if isinstance(remedy, RevertChange))
