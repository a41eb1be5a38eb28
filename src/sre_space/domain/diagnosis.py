"""What Brain says of an incident: causes, each on evidence that exists."""

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
    """How sure a diagnosis is; INCONCLUSIVE never leads to an action."""

    CONFIRMED = "CONFIRMED"
    LIKELY = "LIKELY"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class Evidence:
    """One observation; `id` names it where it came from (`trace:`, `runtime:`, `health:`)."""

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

    `change` is the commit that explains them ("": none does), `bundle` the SHA-256 of what was looked at ("": nothing).
    `report` is the whole of it in plain lines, for people; no agent reads it. `hurt` are the other services that the
    first cause hurts, as their own spans tell; None where no spans tell, and in facts of before it was told.
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
        """The cause that was found; None when there is only a suspicion, or nothing."""
        return self.causes[0] if self.causes and self.verdict is not Confidence.INCONCLUSIVE else None

    def __post_init__(self) -> None:
        """A cause that cites what nobody observed is a bug, not a diagnosis."""
        known = {item.id for item in self.evidence}
        invented = {id for cause in self.causes for id in cause.evidence} - known
        if invented:
            raise ValueError(f"causes cite evidence that does not exist: {sorted(invented)}")
