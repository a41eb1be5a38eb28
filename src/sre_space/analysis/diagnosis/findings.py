"""What every analysis returns: suspicions, each with its size, its p-value and its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sre_space.domain.diagnosis import CauseKind, Evidence


class Signal(StrEnum):
    """The kind of observation that a finding rests on."""

    TIME = "time"  # spans took longer
    FAILURE = "failure"  # spans failed, broke off or went unanswered
    METRIC = "metric"
    LOG = "log"
    CHANGE = "change"  # the new units of a release perform worse than the old ones
    LOAD = "load"  # more requests come in
    STATE = "state"  # the runtime or a probe says that the service is out
    LIMIT = "limit"  # a resource meets its limit


@dataclass(frozen=True)
class Finding:
    """One suspicion against a service.

    `impact` is the share (0 to 1) of the affected requests' time or number that the finding explains.
    `p_value` bounds how likely a healthy system shows the same. `since` is when it was first observed (Unix ns, 0
    unknown). `rows` are the spans of the incident that show it best. `tied`: another service is equally suspect of it.
    `reporter` is the service that wrote the span or the log line ("" for none): the finding is own evidence against
    that service alone. `requests` is how many requests show it, 0 when the evidence is not of requests.
    """

    service: str
    operation: str
    kind: CauseKind
    signal: Signal
    impact: float
    p_value: float
    evidence: Evidence
    since: int = 0
    rows: tuple[int, ...] = ()
    tied: bool = False
    reporter: str = ""
    requests: int = 0


def distinct(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with an id for each statement: two that point to one span are two pieces of evidence."""
    statements: dict[str, str] = {}
    result = []
    for finding in findings:
        id, number = finding.evidence.id, 2
        while statements.setdefault(id, finding.evidence.statement) != finding.evidence.statement:
            id, number = f"{finding.evidence.id}#{number}", number + 1
        result.append(replace(finding, evidence=Evidence(id, finding.evidence.statement)))
    return result
