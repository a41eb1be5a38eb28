"""The detection in one run of an experiment, and the table and score of many runs. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sre_chaos.run import Experiment
from sre_space.domain.intervals import wilson
from sre_space.domain.symptoms import SymptomKind

JOURNEY = (SymptomKind.CONVERSION, SymptomKind.SLO)  # symptoms of the journey, which accuse no service


@dataclass(frozen=True)
class Opened:
    """An incident that Scout opened `at` (Unix ns), with the kind and service of its title."""

    issue: int
    at: int
    kind: SymptomKind
    service: str


@dataclass(frozen=True)
class Trial:
    """One run of an experiment on `service`, which took effect `at` (Unix ns), and its incidents, oldest first."""

    experiment: Experiment
    service: str
    at: int
    incidents: tuple[Opened, ...]

    @property
    def detected(self) -> bool:
        """Return True when the experiment is a fault and led to an incident."""
        return bool(self.incidents) and not self.experiment.is_control

    @property
    def seconds(self) -> float | None:
        """Return the seconds from the effect to the first incident; None without an incident."""
        return (self.incidents[0].at - self.at) / 1e9 if self.incidents else None

    @property
    def right_service(self) -> bool:
        """Return True when the first incident is of the true service, or of the journey."""
        first = self.incidents[0] if self.incidents else None
        named = self.experiment.truth_of(self.service).service
        return first is not None and (first.service == named or first.kind in JOURNEY)


@dataclass(frozen=True)
class Score:
    """The score of the detection: the last line of the output, which decides the exit status."""

    detected: int
    faults: int
    duplicates: int
    false: int

    @property
    def good(self) -> bool:
        """Return True when every fault led to exactly one incident and nothing else led to any."""
        return self.detected == self.faults and not self.duplicates and not self.false

    def __str__(self) -> str:
        return f"detected {self.detected}/{self.faults}, duplicates {self.duplicates}, false {self.false}"


def score(trials: Sequence[Trial], quiet: Sequence[Opened]) -> Score:
    """Return the counts over all trials; `quiet` are the incidents of the time without any fault."""
    faults = [trial for trial in trials if not trial.experiment.is_control]
    controls = [trial for trial in trials if trial.experiment.is_control]
    return Score(
        detected=sum(trial.detected for trial in faults),
        faults=len(faults),
        duplicates=sum(max(0, len(trial.incidents) - 1) for trial in faults),
        false=sum(len(trial.incidents) for trial in controls) + len(quiet),
    )


def row(name: str, trials: Sequence[Trial]) -> Mapping[str, str]:
    """Return the table's row of an experiment over its repeats."""
    delays = sorted(trial.seconds for trial in trials if trial.seconds is not None)
    detected, total = sum(bool(trial.incidents) for trial in trials), len(trials)
    low, high = wilson(detected, total)
    return {
        "experiment": name,
        "incidents in runs": f"{detected}/{total}",
        "95 %": f"{low:.0%} to {high:.0%}",
        "median s": f"{statistics.median(delays):.1f}" if delays else "",
        "p95 s": f"{delays[min(len(delays) - 1, int(0.95 * len(delays)))]:.1f}" if delays else "",
        "incidents a run": f"{sum(len(trial.incidents) for trial in trials) / total:.1f}",
        "right service": f"{sum(trial.right_service for trial in trials)}/{detected}" if detected else "",
        "titles": ", ".join(sorted({f"{item.kind} {item.service}" for trial in trials for item in trial.incidents})),
    }
