"""Decides when people are called, so that they hear of each thing once. Used by the runner and the opener."""

from dataclasses import dataclass, field

from sre_space.domain.case import Case
from sre_space.domain.facts import Detection, Payload, Step
from sre_space.ports.notifier import Notifier
from sre_space.text import notes as note

LOST_FACT = (
    "The step is done again from what the issue holds, so the incident goes on. What was done may stand on no issue: "
    "compare the file with the issue, `sre-space audit` says what counts."
)
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
        """Call once a process for a case that at `now` is frozen for `patience` (ns); others are fine.

        `now` is how long this process has run, in ns.

        Nothing can be appended to it, so that this process alone remembers.
        """
        if not case.frozen_reason:
            self.frozen_since.pop(case.incident, None)
            return
        since = self.frozen_since.setdefault(case.incident, now)
        if case.incident not in self.broken and now - since >= patience:
            self.broken.add(case.incident)
            self.notifier.notify(note.frozen(case, self.page))

    def frozen_for(self, case: Case, now: int) -> int:
        """Return how long at `now` a case has been frozen without a break, in ns; 0 for one that is not, or is new."""
        return now - self.frozen_since.get(case.incident, now)

    def stalled(self, case: Case, step: Step, reason: str) -> None:
        """A step is not done; `stalls.py` asks once for each."""
        self.notifier.notify(note.stalled(case, step, reason, self.page))

    def clock(self, reason: str) -> None:
        """This agent's clock is wrong, and it does nothing."""
        self.notifier.notify(note.clock(reason))

    def damaged(self, what: str) -> None:
        """A file that held something of an incident was damaged, and is kept aside."""
        self.notifier.notify(note.damaged(what, LOST_FACT))

    def unreadable(self, issue: int, key: str, reason: str) -> None:
        """What was opened for a symptom cannot be read back as its incident: once a process and symptom."""
        if key not in self.unread:
            self.unread.add(key)
            self.notifier.notify(note.unreadable(issue, key, reason))

    def unrecorded(self, left: list[Detection], reason: str, now: int) -> None:
        """All detections that have no issue and get none, and why; none of them: all is well.

        `now` is how long this process has run, in ns: it waits while it runs.
        """
        self.waiting = {one.key: self.waiting.get(one.key, now) for one in left}
        self.told &= set(self.waiting)
        for one in left:
            if one.key not in self.told and now - self.waiting[one.key] >= PATIENCE_NS:
                self.told.add(one.key)
                self.notifier.notify(note.unrecorded(one, reason))
