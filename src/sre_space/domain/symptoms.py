"""Scout's observations: symptoms and counts of journey visits. Frozen; times are Unix nanoseconds."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from sre_space.domain.omitted import OMITTED_AT_DEFAULT


class SymptomKind(StrEnum):
    """The kinds of symptoms, the gravest first, as in the issue title `[INCIDENT] <kind> Alert`."""

    INFRASTRUCTURE = "Infrastructure"
    SATURATION = "Saturation"
    ERROR = "Error"
    LATENCY = "Latency"
    CONVERSION = "Conversion"
    SLO = "SLO"

    @property
    def gravity(self) -> int:
        """Return the place of the kind among all, 0 for the gravest."""
        return list(SymptomKind).index(self)

    @property
    def is_seen_by_probes(self) -> bool:
        """Return True for what anybody may see who probes the service: it needs neither telemetry nor the bus."""
        return self is SymptomKind.INFRASTRUCTURE

    @property
    def is_saturation(self) -> bool:
        """Return True for a resource of the service itself that is used up or soon will be."""
        return self is SymptomKind.SATURATION

    @property
    def is_of_unit(self) -> bool:
        """Return True when the unit itself shows the symptom, and not only those who call it."""
        return self.is_seen_by_probes or self.is_saturation

    @property
    def shows_in_durations(self) -> bool:
        """Return True when customers feel it as waiting, and not by what fails."""
        return self is SymptomKind.LATENCY

    @property
    def is_dated_early(self) -> bool:
        """Return True when its `since` lies in healthy time: a window of attempts, of which only the last were bad."""
        return self is SymptomKind.SLO

    def of(self, subject: str, operation: str = "") -> str:
        """Return what identifies a detector of this kind: `infrastructure/checkout`, `saturation/checkout/memory`."""
        return "/".join(filter(None, (self.value.lower(), subject, operation)))


@dataclass(frozen=True)
class UsualRequests:
    """What the requests of an operation are compared with: durations in seconds, shares 0 to 1, `busiest` a second."""

    median: float
    mean: float
    slow: float
    slow_tolerated: float
    error_share: float
    errors_tolerated: float
    busiest: float
    slow_share: float


@dataclass(frozen=True)
class Symptom:
    """A detector that fired: the measured value, its threshold (`limit`), and since when.

    `detector` identifies the detector; "" in facts of 0.1.0, and for one that `key` identifies. `service` is whom it
    accuses: that may change while the symptom stays the same. `usual` is what requests were compared with, in the
    symptoms that an incident is titled by: a Scout that is started anew compares with the same.
    """

    kind: SymptomKind
    service: str
    detail: str
    value: float
    limit: float
    since: int
    detector: str = field(default="", metadata=OMITTED_AT_DEFAULT)
    usual: UsualRequests | None = field(default=None, metadata=OMITTED_AT_DEFAULT)

    @property
    def key(self) -> str:
        """Return the kind and the accused service, as in `infrastructure/checkout`."""
        return self.kind.of(self.service)

    @property
    def identity(self) -> str:
        """Return what identifies the symptom: its detector, as in `error/checkout/client POST to stock:80`."""
        return self.detector or self.key

    def is_of(self, detector: str, accused: Collection[str]) -> bool:
        """Return True when a detector that has `accused` these keys reports this symptom, or one that joins it.

        A symptom without a detector is of every one that watches its service.
        """
        watches = not self.detector and f"{detector}/".startswith(f"{self.key}/")
        return watches or self.key in accused or detector == self.identity


@dataclass(frozen=True)
class JourneyCount:
    """Attempts of the critical user journey that began in [since, until) Unix ns: how many succeeded and failed."""

    good: int
    bad: int
    since: int
    until: int
