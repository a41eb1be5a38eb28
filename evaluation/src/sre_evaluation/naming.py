"""The comparison of Brain's first diagnosis with the ground truth, and the table and score of many trials. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sre_chaos.run import Experiment
from sre_space.domain.diagnosis import Confidence, Diagnosis
from sre_space.domain.intervals import wilson

MIN_SERVICE, MIN_KIND = 0.95, 0.90


@dataclass(frozen=True)
class Reading:
    """The first diagnosis of one incident; `seconds` is from when Brain's step was due until it was signed."""

    issue: int
    diagnosis: Diagnosis
    seconds: float

    @property
    def line(self) -> str:
        """Return the diagnosis as one line for people."""
        first = self.diagnosis.causes[0] if self.diagnosis.causes else None
        named = f"{first.service} {first.kind}" if first else "no cause"
        return f"{self.diagnosis.verdict} {named} in {self.seconds:.2f} s (issue {self.issue})"


@dataclass(frozen=True)
class Named:
    """One trial: the service that was hit, the diagnoses in their order, and for a control the engine's own result."""

    experiment: Experiment
    service: str
    readings: tuple[Reading, ...]
    direct: Confidence | None = None
    sentence: str = ""

    @property
    def right_service(self) -> bool:
        """Return True when the first diagnosis is not INCONCLUSIVE and its first cause has the true service."""
        return self._matches("service")

    @property
    def right_kind(self) -> bool:
        """Return True when the service and the kind of the first cause are the true ones."""
        return self._matches("service") and self._matches("kind")

    def _matches(self, what: str) -> bool:
        diagnosis = self.readings[0].diagnosis if self.readings else None
        if diagnosis is None or not diagnosis.causes or diagnosis.verdict is Confidence.INCONCLUSIVE:
            return False
        return str(getattr(diagnosis.causes[0], what)) == str(getattr(self.experiment.truth_of(self.service), what))

    @property
    def inconclusive(self) -> bool:
        """Return True when no diagnosis accuses a service: neither one on an issue nor the engine's own."""
        verdicts = [reading.diagnosis.verdict for reading in self.readings] + [self.direct or Confidence.INCONCLUSIVE]
        return all(verdict is Confidence.INCONCLUSIVE for verdict in verdicts)

    @property
    def line(self) -> str:
        """Return the trial as one line for people."""
        diagnoses = "; ".join(reading.line for reading in self.readings) or "no diagnosis"
        if self.experiment.is_control:
            verdict = "right" if self.inconclusive else "WRONG"
            return f"{self.experiment.name}: {verdict}: {diagnoses}; the engine: {self.sentence}"
        verdict = "right" if self.right_kind else "RIGHT SERVICE, WRONG KIND" if self.right_service else "WRONG"
        return f"{self.experiment.name} ({self.service}): {verdict}: {diagnoses}"


@dataclass(frozen=True)
class NamingScore:
    """The score of the diagnoses: the last line of the output, which decides the exit status."""

    service: int
    kind: int
    faults: int
    inconclusive: int
    controls: int

    @property
    def good(self) -> bool:
        """Return True when services and kinds are right often enough and every control accuses no service."""
        enough = self.service >= MIN_SERVICE * self.faults and self.kind >= MIN_KIND * self.faults
        return enough and self.inconclusive == self.controls

    def __str__(self) -> str:
        faults = f"service {self.service}/{self.faults}, kind {self.kind}/{self.faults}"
        return f"{faults}, controls {self.inconclusive}/{self.controls} inconclusive"


def score(trials: Sequence[Named]) -> NamingScore:
    """Return the counts over all trials; a fault without a diagnosis counts as wrong."""
    faults = [trial for trial in trials if not trial.experiment.is_control]
    controls = [trial for trial in trials if trial.experiment.is_control]
    return NamingScore(
        service=sum(trial.right_service for trial in faults),
        kind=sum(trial.right_kind for trial in faults),
        faults=len(faults),
        inconclusive=sum(trial.inconclusive for trial in controls),
        controls=len(controls),
    )


def row(name: str, trials: Sequence[Named]) -> Mapping[str, str]:
    """Return the table's row of an experiment over its repeats."""
    seconds = [trial.readings[0].seconds for trial in trials if trial.readings]
    control = trials[0].experiment.is_control
    service = sum(trial.inconclusive if control else trial.right_service for trial in trials)
    kind = sum(trial.right_kind for trial in trials)
    return {
        "experiment": name,
        "service @1": f"{service}/{len(trials)}" + (" inconclusive" if control else ""),
        "95 %": _interval(service, len(trials)),
        "kind @1": "" if control else f"{kind}/{len(trials)}",
        "kind 95 %": "" if control else _interval(kind, len(trials)),
        "median s": f"{statistics.median(seconds):.2f}" if seconds else "",
        "named": ", ".join(sorted({reading.line.partition(" in ")[0] for t in trials for reading in t.readings[:1]})),
    }


def _interval(hits: int, total: int) -> str:
    low, high = wilson(hits, total)
    return f"{low:.0%} to {high:.0%}"
