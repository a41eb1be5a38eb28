"""What one run of an experiment came to, and the table that many runs make. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sre_chaos.run import Experiment
from sre_space.domain.intervals import wilson
from sre_space.domain.symptoms import SymptomKind

JOURNEY = (SymptomKind.CONVERSION, SymptomKind.SLO)  # these accuse no service


@dataclass(frozen=True)
class Opened:
    """An incident that the doctor opened: when (Unix ns), what its title says."""

    issue: int
    at: int
    kind: SymptomKind
    service: str


@dataclass(frozen=True)
class Trial:
    """One run: when it took effect (Unix ns), whom it hit, and the incidents that came of it, oldest first."""

    experiment: Experiment
    service: str
    at: int
    incidents: tuple[Opened, ...]

    @property
    def detected(self) -> bool:
        """A fault without an incident is missed."""
        return bool(self.incidents) and not self.experiment.is_control

    @property
    def seconds(self) -> float | None:
        """From the effect to the first incident."""
        return (self.incidents[0].at - self.at) / 1e9 if self.incidents else None

    @property
    def right_service(self) -> bool:
        """The first incident accuses whom the truth names, or the journey and nobody."""
        first = self.incidents[0] if self.incidents else None
        named = self.experiment.truth_of(self.service).service
        return first is not None and (first.service == named or first.kind in JOURNEY)


@dataclass(frozen=True)
class Score:
    """The last line, and what the exit code depends on."""

    detected: int
    faults: int
    duplicates: int
    false: int

    @property
    def good(self) -> bool:
        """Every fault seen, once, and nothing else."""
        return self.detected == self.faults and not self.duplicates and not self.false

    def __str__(self) -> str:
        return f"detected {self.detected}/{self.faults}, duplicates {self.duplicates}, false {self.false}"


def score(trials: Sequence[Trial], quiet: Sequence[Opened]) -> Score:
    """Count over all trials; `quiet` are the incidents of the time in which nothing was wrong."""
    faults = [trial for trial in trials if not trial.experiment.is_control]
    controls = [trial for trial in trials if trial.experiment.is_control]
    return Score(
        detected=sum(trial.detected for trial in faults),
        faults=len(faults),
        duplicates=sum(max(0, len(trial.incidents) - 1) for trial in faults),
        false=sum(len(trial.incidents) for trial in controls) + len(quiet),
    )


def row(name: str, trials: Sequence[Trial]) -> Mapping[str, str]:
    """One line of the table: an experiment over its repeats."""
    delays = sorted(trial.seconds for trial in trials if trial.seconds is not None)
    found, total = sum(bool(trial.incidents) for trial in trials), len(trials)
    low, high = wilson(found, total)
    return {
        "experiment": name,
        "incidents in runs": f"{found}/{total}",
        "95 %": f"{low:.0%} to {high:.0%}",
        "median s": f"{statistics.median(delays):.1f}" if delays else "",
        "p95 s": f"{delays[min(len(delays) - 1, int(0.95 * len(delays)))]:.1f}" if delays else "",
        "incidents a run": f"{sum(len(trial.incidents) for trial in trials) / total:.1f}",
        "right service": f"{sum(trial.right_service for trial in trials)}/{found}" if found else "",
        "titles": ", ".join(sorted({f"{one.kind} {one.service}" for trial in trials for one in trial.incidents})),
    }
