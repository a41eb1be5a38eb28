"""What an analysis found: one suspicion with its size, its chance and its evidence; every analysis returns these."""

from dataclasses import dataclass
from enum import StrEnum

from sre_space.domain.diagnosis import CauseKind, Evidence


class Signal(StrEnum):
    """Which kind of observation a finding rests on."""

    TIME = "time"  # spans took longer
    FAILURE = "failure"  # spans failed, broke off or went unanswered
    METRIC = "metric"
    LOG = "log"
    CHANGE = "change"  # the new units of a release do worse than the old
    LOAD = "load"  # more requests come in
    STATE = "state"  # the runtime or a probe says that the service is out
    LIMIT = "limit"  # a resource meets its limit


@dataclass(frozen=True)
class Finding:
    """`impact` is the share of the affected requests that this explains (of their time or their number), 0 to 1.

    `p_value` bounds how likely a healthy system does this. `since` is the first time it was seen, 0 unknown.
    `rows` are spans of the incident that show it best. `tied` says that another service is as suspect of this.
    `speaker` is the service whose span or log line it is ("": nobody's): only of that one it is own evidence.
    """

    service: str
    operation: str
    kind: CauseKind
    sense: Signal
    impact: float
    p_value: float
    evidence: Evidence
    since: int = 0
    rows: tuple[int, ...] = ()
    tied: bool = False
    speaker: str = ""
