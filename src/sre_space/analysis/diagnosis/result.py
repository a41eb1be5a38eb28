"""The diagnosis of recorded files or of a live window: causes, the causal chain, and what a person reads with them."""

from dataclasses import dataclass

from sre_space.domain.diagnosis import Cause, Confidence, Diagnosis, Evidence


@dataclass(frozen=True)
class ChainStep:
    """One step of the causal chain, the cause first; `evidence` holds ids that exist in the diagnosis."""

    statement: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class MapEdge:
    """The calls between two services."""

    caller: str
    callee: str
    calls: int


@dataclass(frozen=True)
class WaterfallRow:
    """One span of the slowest affected trace; times in ns from the start of the trace, `own` is self time."""

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
    """The engine's answer. Every evidence id that a cause or a step cites is in `evidence`; anything else is a bug.

    `hurt` are the services that the first cause affects, by their own spans; None when there are no such spans.
    `near` tells of the only change of the accused service shortly before, of which nothing tells whether it is guilty.
    `unread` is why health cannot be told apart from a fault that was not read; "" when everything was read.
    """

    verdict: Confidence
    causes: tuple[Cause, ...]
    evidence: tuple[Evidence, ...]
    chain: tuple[ChainStep, ...] = ()
    change: str | None = None
    map: tuple[MapEdge, ...] = ()
    waterfall: tuple[WaterfallRow, ...] = ()
    notes: tuple[str, ...] = ()
    hurt: tuple[str, ...] | None = None
    unread: str = ""
    near: str = ""

    def __post_init__(self) -> None:
        """Raise `ValueError` when a cause or a step of the chain cites evidence that does not exist."""
        known = {item.id for item in Diagnosis(self.verdict, self.causes, self.evidence).evidence}
        invented = {id for step in self.chain for id in step.evidence} - known
        if invented:
            raise ValueError(f"the chain cites evidence that does not exist: {sorted(invented)}")
