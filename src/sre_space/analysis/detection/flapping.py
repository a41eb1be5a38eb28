"""Flap damping: a symptom that comes and goes stays one open symptom.

Route flap damping (RFC 2439) on symptoms: each onset adds a penalty that halves every minute; a symptom ends only
after it was absent for a hold time that doubles with each remembered onset.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.statistics.sketch import Operation
from sre_space.domain.symptoms import SymptomKind

SECOND = 10**9
HALF_LIFE_NS = 60 * SECOND
HOLD_NS, MAX_HOLD_NS = 5 * SECOND, 300 * SECOND
FORGOTTEN = 0.05  # a penalty below it is dropped: more than four minutes after a single onset


@dataclass(frozen=True)
class Damped:
    """The damped state of one symptom: `penalty` at `at`; `away_since` is 0 while the symptom is present."""

    there: bool = False
    onset: bool = False
    penalty: float = 0.0
    at: int = 0
    away_since: int = 0

    @property
    def hold_ns(self) -> int:
        """Return the ns of absence that end the symptom: 5 s after one onset, doubled by each other, at most 5 min."""
        return int(min(MAX_HOLD_NS, HOLD_NS * 2 ** max(0.0, self.penalty - 1)))

    def after(self, there: bool, now: int) -> "Damped":
        """Return the state after an observation of the raw symptom; `onset` is True for the opening one."""
        faded = replace(self, penalty=self.penalty * 0.5 ** ((now - self.at) / HALF_LIFE_NS), at=now, onset=False)
        if there:
            came = not self.there or self.away_since > 0
            return replace(faded, there=True, onset=not self.there, penalty=faded.penalty + came, away_since=0)
        away = self.away_since or now
        ended = now - away >= self.hold_ns
        return replace(faded, there=self.there and not ended, away_since=0 if ended or not self.there else away)


# The kind of a symptom, and its place: an operation, otherwise service and resource.
Seen = tuple[SymptomKind, Operation | tuple[str, str]]


@dataclass
class Damping:
    """Damps alarms by kind and place: an alarm that went away is kept until its hold time is over.

    An accusation that moves to another service is not kept for the previous service.
    """

    states: dict[Seen, Damped] = field(default_factory=dict)
    newest: dict[Seen, FiredAlarm] = field(default_factory=dict)

    def steady(self, findings: Iterable[FiredAlarm], now: int) -> list[FiredAlarm]:
        """Return the alarms that are present, and those that were present too recently to be over."""
        raw = {symptom_key(finding): finding for finding in findings}
        self.newest |= raw
        self.states = {
            key: self.states.get(key, Damped(at=now)).after(key in raw, now) for key in self.states.keys() | raw.keys()
        }
        self.states = {key: state for key, state in self.states.items() if state.there or state.penalty > FORGOTTEN}
        self.newest = {key: self.newest[key] for key, state in self.states.items() if key in self.newest}
        return [self.newest[key] for key, state in self.states.items() if state.there]


def symptom_key(finding: FiredAlarm) -> Seen:
    """Return the key of an alarm's symptom: its kind, and the watched operation or the service and resource."""
    return finding.symptom.kind, finding.watched or (finding.symptom.service, finding.operation)
