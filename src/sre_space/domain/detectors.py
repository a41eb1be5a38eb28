"""Scout's report of the state of every detector, which status, metrics and an incident's snapshot read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sre_space.domain.symptoms import SymptomKind


class DetectorState(StrEnum):
    """The states of a detector, the most urgent first."""

    FIRING = "FIRING"
    BLIND = "BLIND"
    UNKNOWN = "UNKNOWN"
    INHIBITED = "INHIBITED"
    LEARNING = "LEARNING"
    OK = "OK"


class MeasureUnit(StrEnum):
    """The unit of a detector's value, threshold and baseline."""

    SHARE = "1"
    SECONDS = "s"
    TIMES = "x"  # burn rate: how many times faster the error budget is spent than it lasts


@dataclass(frozen=True)
class DetectorReport:
    """The state of one detector, which kind, subject (service or journey) and operation identify; times in Unix ns.

    `why` explains the state. `since` is when the state began, `until` when it is expected to end (0: not known). A
    value, threshold or baseline that is not known, or that the kind does not have, is None; so are `usual_low` and
    `usual_high`, between which the value lies in 95 of 100 looks while nothing has changed.
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
    usual_low: float | None = None
    usual_high: float | None = None

    @property
    def identity(self) -> tuple[SymptomKind, str, str]:
        """Return what identifies the detector: kind, subject and operation."""
        return self.kind, self.subject, self.operation


@dataclass(frozen=True)
class ReportedInhibition:
    """An inhibition: `source` is why `services` are not evaluated in [since, until) Unix ns; `until` 0: open end."""

    since: int
    until: int
    services: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class BurnReport:
    """One burn-rate alert: its windows in seconds, its factor, and the lower burn rate of the two windows.

    `rate` is None without attempts in the long window; `data_s` is how much of the long window has been observed.
    """

    long_s: float
    short_s: float
    factor: float
    rate: float | None
    data_s: float


@dataclass(frozen=True)
class JourneyReport:
    """The counts of one journey since `since` (Unix ns), when Scout began to count: they only grow.

    Attempts that began since then, good and bad; and of the customers who `asked`, how many `bought`.
    """

    journey: str
    since: int
    good: int = 0
    bad: int = 0
    asked: int = 0
    bought: int = 0
    burns: tuple[BurnReport, ...] = ()


@dataclass(frozen=True)
class ServiceReport:
    """The numbers of one service, in the units of `ServiceSnapshot`; what is not known is None."""

    service: str
    rate: float | None = None
    errors: float | None = None
    p95: float | None = None
    memory: float | None = None
    memory_limit: float | None = None
    restarts: int | None = None
    restarted: int = 0
    watched: int = 0
    commit: str = ""
    deployed: int = 0


@dataclass(frozen=True)
class VerificationReport:
    """How far the verification of an incident (its ULID) is: good `visits` in a row, of `required` ones."""

    incident: str
    visits: int
    required: int


@dataclass(frozen=True)
class DetectorsReport:
    """The state of all detectors `at` a time (Unix ns), the most urgent first.

    `left_out` counts by state the detectors that a record had no space for. `budgets` is the spent share of each
    journey's error budget. `journeys` and `services` are their numbers, as far as a record had space, and `verifying`
    the incidents that are being verified; they are empty in reports of 0.1.0.
    """

    at: int
    detectors: tuple[DetectorReport, ...]
    inhibitions: tuple[ReportedInhibition, ...] = ()
    budgets: Mapping[str, float] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    journeys: tuple[JourneyReport, ...] = ()
    services: tuple[ServiceReport, ...] = ()
    verifying: tuple[VerificationReport, ...] = ()

    @property
    def counts(self) -> Mapping[DetectorState, int]:
        """Return the number of detectors in each state, including those that were left out."""
        listed = [detector.state for detector in self.detectors]
        return {state: listed.count(state) + self.left_out.get(state, 0) for state in DetectorState}

    def of(self, kind: SymptomKind, subject: str, operation: str = "") -> DetectorReport | None:
        """Return the report of one detector; None when it is not listed."""
        identity = (kind, subject, operation)
        return next((detector for detector in self.detectors if detector.identity == identity), None)

    def firing(self, subject: str) -> frozenset[SymptomKind]:
        """Return the kinds of the detectors that fire about a service or journey."""
        fires = DetectorState.FIRING
        return frozenset(
            report.kind for report in self.detectors if report.subject == subject and report.state is fires
        )


def by_urgency(report: DetectorReport) -> tuple[int, SymptomKind, str, str]:
    """Return the key that sorts reports by urgency of their state, then by identity."""
    return list(DetectorState).index(report.state), *report.identity
