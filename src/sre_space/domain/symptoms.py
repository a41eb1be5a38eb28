"""Scout's observations: symptoms and counts of journey visits. Frozen; times are Unix nanoseconds."""

from dataclasses import dataclass
from enum import StrEnum


class SymptomKind(StrEnum):
    """The kinds of symptoms, as in the issue title `[INCIDENT] <kind> Alert`."""

    INFRASTRUCTURE = "Infrastructure"
    SATURATION = "Saturation"
    ERROR = "Error"
    LATENCY = "Latency"
    CONVERSION = "Conversion"
    SLO = "SLO"

    def of(self, service: str) -> str:
        """Return the key of a symptom of this kind, as in `infrastructure/checkout`."""
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
        """Return the symptom's identity, as in `infrastructure/checkout`."""
        return self.kind.of(self.service)


@dataclass(frozen=True)
class JourneyCount:
    """Attempts of the critical user journey that began in [since, until) Unix ns: how many succeeded and failed."""

    good: int
    bad: int
    since: int
    until: int
