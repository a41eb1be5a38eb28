"""Decides when people are paged, so that each problem pages them once. Used by the runner and the opener."""

from dataclasses import dataclass, field

from sre_space.domain.case import Case
from sre_space.domain.facts import Detection, Payload, Step
from sre_space.ports.notifier import Notifier
from sre_space.text import notes

LOST_FACT = (
    "The step is repeated from the facts on the issue, so the incident goes on. An action may be missing on the issue: "
    "compare the file with the issue; `sre-space audit` shows which facts count."
)
PATIENCE_NS = 10 * 10**9  # of failures of the forge: a single failed call is no reason to page


@dataclass
class Pager:
    """The pages of one agent. `page` is the repository's web page ("": none).

    A recorded fact pages when it is recorded. Problems without a fact are remembered here, so a new process pages
    again.
    """

    notifier: Notifier
    page: str
    broken: set[str] = field(default_factory=set)
    frozen_since: dict[str, int] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    waiting: dict[str, int] = field(default_factory=dict)
    paged: set[str] = field(default_factory=set)

    def recorded(self, case: Case, payload: Payload) -> None:
        """Page if a fact of this agent, which is on the issue and in the case, asks for people."""
        if notes.needs_person(payload):
            self.notifier.notify(notes.needs_person_note(case, payload, self.page))

    def frozen(self, case: Case, now: int, patience: int = 0) -> None:
        """Page once per process for a case that has been frozen for `patience` ns; forget cases that are not frozen.

        `now` is how long this process has run, in ns. No fact can be appended to a frozen case, so only this process
        remembers the page.
        """
        if not case.frozen_reason:
            self.frozen_since.pop(case.incident, None)
            return
        since = self.frozen_since.setdefault(case.incident, now)
        if case.incident not in self.broken and now - since >= patience:
            self.broken.add(case.incident)
            self.notifier.notify(notes.frozen_note(case, self.page))

    def frozen_for(self, case: Case, now: int) -> int:
        """Return for how long at `now` a case has been frozen without interruption, in ns; 0 when it is not frozen."""
        return now - self.frozen_since.get(case.incident, now)

    def stalled(self, case: Case, step: Step, reason: str) -> None:
        """Page for a step that is overdue; `stalls.py` calls this once for each step."""
        self.notifier.notify(notes.stalled_note(case, step, reason, self.page))

    def clock(self, reason: str) -> None:
        """Page because this agent's clock is wrong and the agent does nothing."""
        self.notifier.notify(notes.clock_note(reason))

    def damaged(self, what: str) -> None:
        """Page because a file with data of an incident was damaged and set aside; `what` names the file."""
        self.notifier.notify(notes.damaged_note(what, LOST_FACT))

    def unreadable(self, issue: int, key: str, reason: str) -> None:
        """Page because the issue that was opened for a symptom cannot be read back as an incident.

        That pages once per process and symptom `key`.
        """
        if key not in self.unread:
            self.unread.add(key)
            self.notifier.notify(notes.unreadable_note(issue, key, reason))

    def unrecorded(self, left: list[Detection], reason: str, now: int) -> None:
        """Page for detections that could not be opened as issues for a while, each once.

        `left` are all of them, and `reason` says why; detections that are not in it any more are forgotten. `now` is
        how long this process has run, in ns: pauses do not count.
        """
        self.waiting = {detection.key: self.waiting.get(detection.key, now) for detection in left}
        self.paged &= set(self.waiting)
        for detection in left:
            if detection.key not in self.paged and now - self.waiting[detection.key] >= PATIENCE_NS:
                self.paged.add(detection.key)
                self.notifier.notify(notes.unrecorded_note(detection, reason))
