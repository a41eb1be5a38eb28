"""Everything that the answers are composed from, at one moment; frozen, so that an answer never mixes two moments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.codec.symptom_report import SymptomReport
from sre_space.dashboard.answers.base import Source, SourceState
from sre_space.dashboard.reading.words import SECOND, clock, duration
from sre_space.domain.case import Case
from sre_space.domain.detectors import DetectorsReport
from sre_space.domain.holds import Hold
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.orders import Order
from sre_space.ports.runtime import Unit

FRESH_NS = 5 * SECOND  # the age up to which Fixer takes Scout's report as evidence
RECORD_FRESH_NS = 15 * SECOND


@dataclass(frozen=True)
class Heard:
    """When a source last answered (Unix ns, 0: never), and its last error since ("": none)."""

    at: int = 0
    error: str = ""
    configured: bool = True

    def source(self, now: int, fresh_ns: int) -> Source:
        """Return the source's state at `now` (Unix ns)."""
        if not self.configured:
            return Source(state=SourceState.NONE, why=self.error or "it is not configured")
        if not self.at:
            state = SourceState.AWAY if self.error else SourceState.NEVER
            return Source(state=state, why=self.error or "it has not answered yet")
        age = max(0.0, (now - self.at) / SECOND)
        if self.error:
            return Source(state=SourceState.AWAY, age_s=round(age, 1), why=self.error)
        if now - self.at > fresh_ns:
            why = f"nothing was heard for {duration(age)}; below is {clock(self.at)}"
            return Source(state=SourceState.STALE, age_s=round(age, 1), why=why)
        return Source(state=SourceState.LIVE, age_s=round(age, 1))


@dataclass(frozen=True)
class Counted:
    """Counts of a journey over [since, until) (Unix ns), from increments of Scout's reports."""

    since: int
    until: int
    good: int = 0
    bad: int = 0
    asked: int = 0
    bought: int = 0


@dataclass(frozen=True)
class Known:
    """What is known at `now` (Unix ns).

    `report` is Scout's newest verified report, None when none was received. `cases` are all verified incidents, oldest
    first; `orders` the orders of people on open ones. `halted` is None when it cannot be known. `units` are the
    runtime's, by name. `minute` and `hour` are the counts of each journey.
    """

    now: int
    config: SpaceConfig
    repository: str
    report: SymptomReport | None = None
    report_error: str = ""
    cases: Sequence[Case] = ()
    orders: Mapping[int, Sequence[Order]] = field(default_factory=dict)
    record: Heard = Heard()
    traces: Heard = Heard()
    runtime: Heard = Heard()
    memory: Heard = Heard()
    holds: Sequence[Hold] = ()
    halted: bool | None = None
    dry_run: bool = False
    units: Mapping[str, Unit] = field(default_factory=dict)
    agents: Mapping[str, Unit] = field(default_factory=dict)
    minute: Mapping[str, Counted] = field(default_factory=dict)
    hour: Mapping[str, Counted] = field(default_factory=dict)
    issues_url: str = ""
    jaeger_url: str = ""

    @property
    def heard(self) -> Heard:
        """Return when Scout's report is of."""
        return Heard(self.report.at if self.report else 0, self.report_error)

    @property
    def fresh(self) -> bool:
        """Return True while Scout's report is recent enough to say how things are now."""
        return self.report is not None and abs(self.now - self.report.at) <= FRESH_NS

    @property
    def detectors(self) -> DetectorsReport | None:
        """Return the detectors' report while it is fresh; None otherwise: what was is not shown as what is."""
        return self.report.report if self.report is not None and self.fresh else None

    @property
    def blind(self) -> bool:
        """Return True while Scout itself cannot see the application's telemetry."""
        return self.report is not None and self.fresh and self.report.blind

    @property
    def open(self) -> Sequence[Case]:
        """Return the open incidents, oldest first."""
        return [case for case in self.cases if case.is_open]

    def case(self, number: int) -> Case | None:
        """Return the incident of an issue; None when there is none."""
        return next((case for case in self.cases if case.issue == number), None)
