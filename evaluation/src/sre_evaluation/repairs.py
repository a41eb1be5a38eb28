"""The result of a round in which the agents could act, and the table and score of many rounds. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sre_chaos.run import Experiment
from sre_evaluation.rounds import Round
from sre_space.domain.case import Case, Trial
from sre_space.domain.facts import Decision, Outcome, Verification
from sre_space.domain.intervals import wilson
from sre_space.domain.remedies import RemedyKind

ENOUGH = 0.95  # of the faults must be recovered from
ASK = "escalate"  # the ground truth's word for an escalation


@dataclass(frozen=True)
class Repair:
    """The repair in one round: what the agents did about the fault, and its outcome."""

    round: Round

    @property
    def experiment(self) -> Experiment:
        """Return the experiment of the round."""
        return self.round.experiment

    @property
    def cases(self) -> tuple[Case, ...]:
        """Return all incidents of the round."""
        return (*self.round.cases, *self.round.later)

    @property
    def remedies(self) -> frozenset[str]:
        """Return the remedies that help by the ground truth."""
        return frozenset(self.experiment.truth.remedies)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Return the actions that changed something, in their order."""
        return tuple(trial for case in self.cases for trial in case.trials if trial.action.changed)

    @property
    def escalated(self) -> bool:
        """Return True when the agents escalated to a person."""
        return any(trial.action.remedy.kind is RemedyKind.ESCALATE for case in self.cases for trial in case.trials)

    @property
    def recovered(self) -> bool:
        """Return True when every incident recovered or was mitigated, and the journeys succeeded before the recovery.

        Where only a person can help: when the agents escalated, changed nothing, and the incident was closed.
        """
        if self.remedies <= {ASK}:
            return self.escalated and not self.trials and self.round.closed
        return bool(self.round.cases) and all(_over(case) for case in self.round.cases) and self.round.healthy

    @property
    def seconds(self) -> float | None:
        """Return the seconds from the fault to the last recovery measured by Scout (MTTR); None without one."""
        ends = [at for case in self.round.cases for at in _relieved(case)[-1:]]
        return (max(ends) - self.round.at) / 1e9 if ends and self.recovered and self.trials else None

    @property
    def right_service(self) -> bool:
        """Return True when the first diagnosis accuses the true service."""
        decisions = (payload for case in self.cases for payload in case.payloads if isinstance(payload, Decision))
        decision = next(decisions, None)
        causes = decision.diagnosis.causes if decision else ()
        return bool(causes) and causes[0].service == self.experiment.truth_of(self.round.service).service

    @property
    def right_first(self) -> bool:
        """Return True when the first action helps; where only a person can help, when nothing was changed."""
        words = [_word(trial) for trial in self.trials] or ([ASK] if self.escalated else [])
        return bool(words) and words[0] in self.remedies

    @property
    def wrong(self) -> int:
        """Return the number of actions that do not help by the ground truth, or that made it worse."""
        return sum(_word(trial) not in self.remedies or trial.outcome is Outcome.WORSE for trial in self.trials)

    @property
    def undone(self) -> int:
        """Return the number of actions that were undone."""
        return sum(trial.undo is not None and not trial.in_force for trial in self.trials)


def _over(case: Case) -> bool:
    return case.recovered or any(trial.helped for trial in case.trials)


def _relieved(case: Case) -> list[int]:
    """Return when Scout measured a recovery or an improvement (Unix ns)."""
    good = (Outcome.RECOVERED, Outcome.IMPROVED)
    verdicts = [(entry.fact.at, entry.fact.payload) for entry in case.chain]
    return [at for at, payload in verdicts if isinstance(payload, Verification) and payload.outcome in good]


def _word(trial: Trial) -> str:
    return trial.action.remedy.kind.value.lower()


@dataclass(frozen=True)
class Score:
    """The score of the repairs: the last line of the output, which decides the exit status."""

    recovered: int
    faults: int
    wrong: int
    on_controls: int

    @property
    def good(self) -> bool:
        """Return True when enough faults were recovered from, without a wrong action and without any on a control."""
        return self.recovered >= ENOUGH * self.faults and not self.wrong and not self.on_controls

    def __str__(self) -> str:
        return f"recovered {self.recovered}/{self.faults}, wrong {self.wrong}, on controls {self.on_controls}"


def score(repairs: Sequence[Repair]) -> Score:
    """Return the counts over all rounds."""
    faults = [repair for repair in repairs if not repair.experiment.is_control]
    return Score(
        recovered=sum(repair.recovered for repair in faults),
        faults=len(faults),
        wrong=sum(repair.wrong for repair in faults),
        on_controls=sum(len(repair.trials) for repair in repairs if repair.experiment.is_control),
    )


def row(name: str, repairs: Sequence[Repair]) -> Mapping[str, str]:
    """Return the table's row of an experiment over its repeats."""
    total = len(repairs)
    if repairs[0].experiment.is_control:
        return {"experiment": name, "recovered": "control", "done": str(sum(len(repair.trials) for repair in repairs))}
    recovered = sum(repair.recovered for repair in repairs)
    low, high = wilson(recovered, total)
    seconds = sorted(repair.seconds for repair in repairs if repair.seconds is not None)
    return {
        "experiment": name,
        "recovered": f"{recovered}/{total}",
        "95 %": f"{low:.0%} to {high:.0%}",
        "right service": f"{sum(repair.right_service for repair in repairs)}/{total}",
        "right first": f"{sum(repair.right_first for repair in repairs)}/{total}",
        "wrong": str(sum(repair.wrong for repair in repairs)),
        "undone": str(sum(repair.undone for repair in repairs)),
        "escalated": f"{sum(repair.escalated for repair in repairs)}/{total}",
        "median MTTR s": f"{statistics.median(seconds):.1f}" if seconds else "",
        "p95 MTTR s": f"{seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))]:.1f}" if seconds else "",
        "journeys failed": f"{statistics.median(repair.round.failed for repair in repairs):g}",
        "done": ", ".join(sorted({_word(trial) for repair in repairs for trial in repair.trials})),
    }
