"""A diagnosis of files or of a live window: causes, the chain from cause to symptom, and what a person looks at."""

from dataclasses import dataclass

from sre_space.domain.diagnosis import Cause, Confidence, Diagnosis, Evidence


@dataclass(frozen=True)
class ChainStep:
    """One step of the causal chain, deepest first; `evidence` are ids that exist."""

    told: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class MapEdge:
    """Calls between two services; ("", entry) is where requests come in."""

    caller: str
    callee: str
    calls: int


@dataclass(frozen=True)
class WaterfallRow:
    """One span of the slowest affected trace; times in ns from the trace's start, `own` is self time."""

    depth: int
    service: str
    operation: str
    start: int
    duration: int
    own: int
    failed: bool
    culprit: bool


@dataclass(frozen=True)
class CaseDiagnosis:
    """The answer. Every evidence id that a cause or a step cites is in `evidence`; anything else is a bug."""

    verdict: Confidence
    causes: tuple[Cause, ...]
    evidence: tuple[Evidence, ...]
    chain: tuple[ChainStep, ...] = ()
    change: str | None = None
    map: tuple[MapEdge, ...] = ()
    waterfall: tuple[WaterfallRow, ...] = ()
    notes: tuple[str, ...] = ()
    hurt: tuple[str, ...] | None = None  # by the first cause, as their own spans tell; None: no spans tell

    def __post_init__(self) -> None:
        """Checked by the same rule as a signed diagnosis; the chain too."""
        known = {item.id for item in Diagnosis(self.verdict, self.causes, self.evidence).evidence}
        invented = {id for step in self.chain for id in step.evidence} - known
        if invented:
            raise ValueError(f"the chain cites evidence that does not exist: {sorted(invented)}")
