"""Brain's diagnosis of an incident: ranked causes, each of which cites evidence that exists."""

from dataclasses import dataclass
from enum import StrEnum


class CauseKind(StrEnum):
    """Kinds of root cause that a diagnosis can name."""

    CRASH = "crash"
    HANG = "hang"
    SATURATION = "saturation"
    SLOW_CODE = "slow-code"
    SLOW_QUERY = "slow-query"
    SLOW_NETWORK = "slow-network"
    ERROR = "error"
    DEPENDENCY_ERROR = "dependency-error"
    MISCONFIGURATION = "misconfiguration"
    BAD_CHANGE = "bad-change"
    TRAFFIC = "traffic"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How certain a diagnosis is; INCONCLUSIVE never leads to an action."""

    CONFIRMED = "CONFIRMED"
    LIKELY = "LIKELY"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class Evidence:
    """One observation; `id` names its source (`trace:`, `runtime:`, `health:`) and identifies it there."""

    id: str
    statement: str


@dataclass(frozen=True)
class Cause:
    """A suspected root cause. `score` is the share of the observed failures it explains, 0 to 1."""

    service: str
    operation: str
    kind: CauseKind
    score: float
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Diagnosis:
    """Ranked causes, best first; every id a cause cites is in `evidence`.

    `change` is the commit that explains them ("": none does), `bundle` the SHA-256 of the examined data ("": none is
    kept). `report` is the diagnosis as plain text for people; no agent reads it. `hurt` are the other services that the
    first cause affects, by their own spans; None where there are no such spans, and in facts older than this field.
    """

    verdict: Confidence
    causes: tuple[Cause, ...]
    evidence: tuple[Evidence, ...]
    change: str = ""
    bundle: str = ""
    report: str = ""
    hurt: tuple[str, ...] | None = None

    @property
    def cause(self) -> Cause | None:
        """Return the first cause; None when the verdict is INCONCLUSIVE or there is no cause."""
        return self.causes[0] if self.causes and self.verdict is not Confidence.INCONCLUSIVE else None

    def __post_init__(self) -> None:
        """Raise `ValueError` when a cause cites evidence that the diagnosis does not hold: that is a bug."""
        known = {item.id for item in self.evidence}
        missing = {id for cause in self.causes for id in cause.evidence} - known
        if missing:
            raise ValueError(f"causes cite evidence that does not exist: {sorted(missing)}")
