"""Scout's observations: symptoms and counts of journey visits. Frozen; times are Unix nanoseconds."""

from dataclasses import dataclass
from enum import StrEnum


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
    def is_outage(self) -> bool:
        """Return True for a service that does not answer its probes, which need neither telemetry nor the bus."""
        return self is SymptomKind.INFRASTRUCTURE

    @property
    def is_saturation(self) -> bool:
        """Return True for a resource of the service itself that is used up or soon will be."""
        return self is SymptomKind.SATURATION

    @property
    def is_of_unit(self) -> bool:
        """Return True when the unit itself shows the symptom, and not only those who call it."""
        return self.is_outage or self.is_saturation

    @property
    def is_error(self) -> bool:
        """Return True for requests that fail."""
        return self is SymptomKind.ERROR

    def of(self, service: str) -> str:
        """Return the key of a symptom of this kind, as in `infrastructure/policy-service`."""
        return f"{self.value.lower()}/{service}"


@dataclass(frozen=True)
class Symptom:
    """A detector that fired: the measured value, its threshold (`limit`), and since when."""

    kind: SymptomKind
    service: str
    detail: str
    value: float
    limit: float
    since: int

    @property
    def key(self) -> str:
        """Return the symptom's identity, as in `infrastructure/policy-service`."""
        return self.kind.of(self.service)


@dataclass(frozen=True)
class JourneyCount:
    """Attempts of the critical user journey that began in [since, until) Unix ns: how many succeeded and failed."""

    good: int
    bad: int
    since: int
    until: int
