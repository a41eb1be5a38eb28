"""Decides when people are called, so that they hear of each thing once. Used by the runner and the opener."""

from dataclasses import dataclass, field

from sre_space.domain.case import Case
from sre_space.domain.facts import Detection, Payload
from sre_space.ports.notifier import Notifier
from sre_space.wire import note

PATIENCE_NS = 10 * 10**9  # with the forge: one lost call calls nobody


@dataclass
class Pager:
    """One agent's. `page` is the repository's web page ("": none).

    A fact asks when it is recorded; what is not a fact is remembered here, and is told again by a new process.
    """

    notifier: Notifier
    page: str
    broken: set[str] = field(default_factory=set)
    frozen_since: dict[str, int] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    waiting: dict[str, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def recorded(self, case: Case, payload: Payload) -> None:
        """A fact of this agent is on the issue, and in the case."""
        if note.asks(payload):
            self.notifier.notify(note.asking(case, payload, self.page))

    def frozen(self, case: Case, now: int, patience: int = 0) -> None:
        """Call once a process for a case that at `now` (Unix ns) is frozen for `patience` (ns); others are fine.

        Nothing can be appended to it, so that this process alone remembers.
        """
        if not case.frozen_reason:
            self.frozen_since.pop(case.incident, None)
            return
        since = self.frozen_since.setdefault(case.incident, now)
        if case.incident not in self.broken and now - since >= patience:
            self.broken.add(case.incident)
            self.notifier.notify(note.frozen(case, self.page))

    def unreadable(self, issue: int, key: str, reason: str) -> None:
        """What was opened for a symptom cannot be read back as its incident: once a process and symptom."""
        if key not in self.unread:
            self.unread.add(key)
            self.notifier.notify(note.unreadable(issue, key, reason))

    def unrecorded(self, left: list[Detection], reason: str, now: int) -> None:
        """All detections that have no issue at `now` (Unix ns) and get none, and why; none of them: all is well."""
        self.waiting = {one.key: self.waiting.get(one.key, now) for one in left}
        self.told &= set(self.waiting)
        for one in left:
            if one.key not in self.told and now - self.waiting[one.key] >= PATIENCE_NS:
                self.told.add(one.key)
                self.notifier.notify(note.unrecorded(one, reason))
