"""What one run came to when the doctor was free to act, and the table that many runs make. Pure."""

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
ASK = "escalate"  # the word of the truth for: a person is asked


@dataclass(frozen=True)
class Cure:
    """A round, seen as what was done about it."""

    round: Round

    @property
    def experiment(self) -> Experiment:
        """What was wrong."""
        return self.round.experiment

    @property
    def cases(self) -> tuple[Case, ...]:
        """All incidents that came of it."""
        return (*self.round.cases, *self.round.later)

    @property
    def remedies(self) -> frozenset[str]:
        """What really helps, in the words of the truth."""
        return frozenset(self.experiment.truth.remedies)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """What was carried out, in order."""
        return tuple(trial for case in self.cases for trial in case.trials if trial.action.changed)

    @property
    def escalated(self) -> bool:
        """A person was asked."""
        return any(trial.action.remedy.kind is RemedyKind.ESCALATE for case in self.cases for trial in case.trials)

    @property
    def recovered(self) -> bool:
        """By the doctor: the incident has ended, or what stays open is eased and hurts no customer any more.

        Where only a person can help: asked, nothing else touched, and the end of it seen.
        """
        if self.remedies <= {ASK}:
            return self.escalated and not self.trials and self.round.closed
        return bool(self.round.cases) and all(_over(case) for case in self.round.cases) and self.round.well

    @property
    def seconds(self) -> float | None:
        """From the effect to the last measured recovery by the doctor (MTTR); None when there was none."""
        ends = [at for case in self.round.cases for at in _relieved(case)[-1:]]
        return (max(ends) - self.round.at) / 1e9 if ends and self.recovered and self.trials else None

    @property
    def right_service(self) -> bool:
        """The first diagnosis accuses whom the truth names."""
        decisions = (one for case in self.cases for one in case.payloads if isinstance(one, Decision))
        decision = next(decisions, None)
        causes = decision.diagnosis.causes if decision else ()
        return bool(causes) and causes[0].service == self.experiment.truth_of(self.round.service).service

    @property
    def right_first(self) -> bool:
        """The first thing that was done helps; where only a person can help: nothing was done."""
        words = [_word(trial) for trial in self.trials] or ([ASK] if self.escalated else [])
        return bool(words) and words[0] in self.remedies

    @property
    def wrong(self) -> int:
        """What was done and does not help, or made it worse."""
        return sum(_word(one) not in self.remedies or one.outcome is Outcome.WORSE for one in self.trials)

    @property
    def undone(self) -> int:
        """What was taken back."""
        return sum(trial.undo is not None and not trial.stands for trial in self.trials)


def _over(case: Case) -> bool:
    return case.recovered or any(trial.helped for trial in case.trials)


def _relieved(case: Case) -> list[int]:
    """When Scout measured that things were well or better (Unix ns)."""
    good = (Outcome.RECOVERED, Outcome.IMPROVED)
    verdicts = [(entry.fact.at, entry.fact.payload) for entry in case.chain]
    return [at for at, payload in verdicts if isinstance(payload, Verification) and payload.outcome in good]


def _word(trial: Trial) -> str:
    return trial.action.remedy.kind.value.lower()


@dataclass(frozen=True)
class Score:
    """The last line, and what the exit code depends on."""

    recovered: int
    faults: int
    wrong: int
    on_controls: int

    @property
    def good(self) -> bool:
        """Nearly all are recovered from, and nobody was hurt."""
        return self.recovered >= ENOUGH * self.faults and not self.wrong and not self.on_controls

    def __str__(self) -> str:
        return f"recovered {self.recovered}/{self.faults}, wrong {self.wrong}, on controls {self.on_controls}"


def score(cures: Sequence[Cure]) -> Score:
    """Count over all runs."""
    faults = [cure for cure in cures if not cure.experiment.is_control]
    return Score(
        recovered=sum(cure.recovered for cure in faults),
        faults=len(faults),
        wrong=sum(cure.wrong for cure in faults),
        on_controls=sum(len(cure.trials) for cure in cures if cure.experiment.is_control),
    )


def row(name: str, cures: Sequence[Cure]) -> Mapping[str, str]:
    """One line of the table: an experiment over its repeats."""
    total = len(cures)
    if cures[0].experiment.is_control:
        return {"experiment": name, "recovered": "control", "done": str(sum(len(cure.trials) for cure in cures))}
    recovered = sum(cure.recovered for cure in cures)
    low, high = wilson(recovered, total)
    seconds = sorted(cure.seconds for cure in cures if cure.seconds is not None)
    return {
        "experiment": name,
        "recovered": f"{recovered}/{total}",
        "95 %": f"{low:.0%} to {high:.0%}",
        "right service": f"{sum(cure.right_service for cure in cures)}/{total}",
        "right first": f"{sum(cure.right_first for cure in cures)}/{total}",
        "wrong": str(sum(cure.wrong for cure in cures)),
        "undone": str(sum(cure.undone for cure in cures)),
        "escalated": f"{sum(cure.escalated for cure in cures)}/{total}",
        "median MTTR s": f"{statistics.median(seconds):.1f}" if seconds else "",
        "p95 MTTR s": f"{seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))]:.1f}" if seconds else "",
        "journeys failed": f"{statistics.median(cure.round.failed for cure in cures):g}",
        "done": ", ".join(sorted({_word(trial) for cure in cures for trial in cure.trials})),
    }
