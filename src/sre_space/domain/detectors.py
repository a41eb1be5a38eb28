"""What each detector says of itself: Scout's report, which status, metrics and an incident's snapshot read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sre_space.domain.symptoms import SymptomKind


class DetectorState(StrEnum):
    """What can be said of what a detector watches, the most urgent first."""

    FIRING = "FIRING"
    BLIND = "BLIND"
    UNKNOWN = "UNKNOWN"
    INHIBITED = "INHIBITED"
    LEARNING = "LEARNING"
    OK = "OK"


class MeasureUnit(StrEnum):
    """Of value, threshold and baseline."""

    SHARE = "1"
    SECONDS = "s"
    TIMES = "x"  # so many times as fast as the error budget lasts


@dataclass(frozen=True)
class DetectorReport:
    """One detector, identified by kind, service or journey, and operation; times in Unix ns.

    `why` explains the state. `since` is when it began, `until` when it is expected to end (0: not known). A value, a
    threshold or a baseline that is not known, or that the kind does not have, is None.
    """

    kind: SymptomKind
    subject: str
    state: DetectorState
    operation: str = ""
    since: int = 0
    value: float | None = None
    threshold: float | None = None
    baseline: float | None = None
    unit: MeasureUnit = MeasureUnit.SHARE
    why: str = ""
    until: int = 0

    @property
    def identity(self) -> tuple[SymptomKind, str, str]:
        """What it is the same detector by."""
        return self.kind, self.subject, self.operation


@dataclass(frozen=True)
class ReportedInhibition:
    """Why some services are not judged in [since, until) Unix ns; `until` is 0 while nobody knows when it ends."""

    since: int
    until: int
    services: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class DetectorsReport:
    """All detectors as they were `at` (Unix ns), the most urgent first.

    `left_out` counts by state those that a record had no room for. `budgets` is the spent share of each journey's error
    budget.
    """

    at: int
    detectors: tuple[DetectorReport, ...]
    inhibitions: tuple[ReportedInhibition, ...] = ()
    budgets: Mapping[str, float] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> Mapping[DetectorState, int]:
        """Return how many detectors are in each state, those that were left out with them."""
        listed = [one.state for one in self.detectors]
        return {state: listed.count(state) + self.left_out.get(state, 0) for state in DetectorState}

    def of(self, kind: SymptomKind, subject: str, operation: str = "") -> DetectorReport | None:
        """Return one detector's report; None when it is not listed."""
        return next((one for one in self.detectors if one.identity == (kind, subject, operation)), None)


def by_urgency(report: DetectorReport) -> tuple[int, SymptomKind, str, str]:
    """Return what to sort by: the states in their order, then the identity."""
    return list(DetectorState).index(report.state), *report.identity
