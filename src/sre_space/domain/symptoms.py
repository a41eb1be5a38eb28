"""What Scout sees: symptoms and counts of the journey. Frozen; times are Unix nanoseconds."""

from dataclasses import dataclass
from enum import StrEnum


class SymptomKind(StrEnum):
    """The word in the title `[INCIDENT] <kind> Alert`."""

    INFRASTRUCTURE = "Infrastructure"
    SATURATION = "Saturation"
    ERROR = "Error"
    LATENCY = "Latency"
    CONVERSION = "Conversion"
    SLO = "SLO"

    def of(self, service: str) -> str:
        """The key of such a symptom, as in `infrastructure/policy-service`."""
        return f"{self.value.lower()}/{service}"


@dataclass(frozen=True)
class Symptom:
    """One detector that fired: what it measured against its limit, and since when."""

    kind: SymptomKind
    service: str
    detail: str
    value: float
    limit: float
    since: int

    @property
    def key(self) -> str:
        """What it is the same symptom by."""
        return self.kind.of(self.service)


@dataclass(frozen=True)
class JourneyCount:
    """Attempts of the critical user journey that began in [since, until)."""

    good: int
    bad: int
    since: int
    until: int
