"""Which symptoms are there, since when they are gone, and how strong they are: for verification and for Fixer.

A symptom is known by its kind and by whom it accuses. Whom the same spans accuse may change while it lasts, as more is
heard of the other side; it is there under the name that it was first told by until those spans show nothing any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.statistics.sketch import Operation
from sre_space.domain.symptoms import SymptomKind

Name = tuple[SymptomKind, str]  # the kind, and whom it accuses


@dataclass
class ActiveSymptoms:
    """What the looks have shown; all times in Unix ns. `watched` are the spans that told of what is there now."""

    looked_at: int = 0
    present: dict[Name, int] = field(default_factory=dict)
    raw: dict[Name, int] = field(default_factory=dict)
    strength: dict[Name, float] = field(default_factory=dict)
    watched: dict[Name, frozenset[Operation]] = field(default_factory=dict)

    def remember(
        self, found: Sequence[FiredAlarm], steady: Sequence[FiredAlarm], grouped: Sequence[FiredAlarm], now: int
    ) -> None:
        """One look: what the detectors found, what was there after damping, and what was told in groups.

        Whom a group accuses may have no symptom of its own: then the group is what saw it.
        """
        self.looked_at = now
        damped = {_name(one) for one in steady}
        inferred = [one for one in grouped if _name(one) not in damped]
        self.raw |= dict.fromkeys(self._names([*found, *inferred]), now)
        there = self._names([*steady, *grouped])
        self.present |= dict.fromkeys(there, now)
        self.strength |= there
        told = {name: self.watched.get(name, frozenset()) for name in there}
        for one in (*steady, *grouped):
            if one.watched:
                told[_name(one)] |= {one.watched}
        self.watched = told

    def _names(self, findings: Sequence[FiredAlarm]) -> dict[Name, float]:
        """The names of what is there, with its strength: those that it has now, and those that it had before."""
        before = {
            name: one.symptom.value
            for one in findings
            for name, watched in self.watched.items()
            if name[0] is one.symptom.kind and one.watched in watched
        }
        return before | {_name(one): one.symptom.value for one in findings}

    @property
    def seen(self) -> tuple[str, ...]:
        """The symptoms that the newest look shows, by key."""
        there = (kind.of(service) for (kind, service), at in self.present.items() if at >= self.looked_at > 0)
        return tuple(sorted(there))

    def gone_since(self, kind: SymptomKind, service: str) -> int:
        """When a symptom was there for the last time; 0 when it never was.

        While it is there, damped or not, that is now. Once it is over, it is when its detector saw it for the last
        time: the hold of the damping proves that it stays away, and is no part of the fault.
        """
        present = self.present.get((kind, service), 0)
        return present if present >= self.looked_at else self.raw.get((kind, service), present)


def _name(finding: FiredAlarm) -> Name:
    return finding.symptom.kind, finding.symptom.service
