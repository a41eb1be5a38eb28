"""Calls a person for a step that is not done in time: its agent is dead or hangs, or waits for a server. For the watch.

The agent that owes the step calls first, since it may know why; the others follow in a fixed order, should it be mute.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.domain.case import Case
from sre_space.domain.cycle import overdue, patience
from sre_space.domain.facts import OWNER, Agent, Step
from sre_space.domain.pauses import Pauses
from sre_space.loop.pager import Pager
from sre_space.ports.calls import Calls

PATIENCE_NS = 10 * 10**9  # after the deadline, and for each agent that goes before
HALTED = (Step.ACT, Step.UNDO)  # what Fixer leaves undone while a person has halted it
Due = tuple[str, int, Step]  # the incident, its newest fact and the step that is owed


@dataclass
class SeenOnce:
    """The calls of one process, where no others are known of."""

    made: set[str] = field(default_factory=set)

    def first(self, what: str) -> bool:
        """Return True once a thing."""
        new = what not in self.made
        self.made.add(what)
        return new


@dataclass
class Stalls:
    """One agent's. `since` is how long this process had run when it first saw each step overdue (ns).

    `called` are those that it has called for: where the calls of all cannot be kept, each agent calls once.
    """

    agent: Agent
    pager: Pager
    calls: Calls = field(default_factory=SeenOnce)
    halted: Callable[[], bool] = lambda: False
    since: dict[Due, int] = field(default_factory=dict)
    called: set[Due] = field(default_factory=set)

    def look(self, cases: Sequence[Case], pauses: Pauses, reasons: Mapping[int, str]) -> set[tuple[int, Step]]:
        """Return the overdue steps by issue, and call for those that stay so; what counts is the time that it ran.

        `reasons` say by issue what this agent waits for.
        """
        due, now = dict(_overdue(cases, pauses)), pauses.ran(0, pauses.read.wall)
        self.since = {key: self.since.get(key, now) for key in due}
        for key, case in due.items():
            if key not in self.called and self._is_mine(key, now):
                self.called.add(key)
                if self.calls.first("-".join(map(str, key))):
                    self.pager.stalled(case, key[2], reasons.get(case.issue, ""))
        return {(case.issue, key[2]) for key, case in due.items()}

    def _is_mine(self, key: Due, now: int) -> bool:
        """True when it is this agent's turn to call, and nobody has halted what is owed."""
        owner = OWNER[key[2]]
        order = [owner, *(one for one in Agent if one is not owner)]
        waited = now - self.since[key] >= PATIENCE_NS * (1 + order.index(self.agent))
        return waited and not (key[2] in HALTED and self.halted())


def _overdue(cases: Iterable[Case], pauses: Pauses) -> Iterable[tuple[Due, Case]]:
    for case in cases:
        step = overdue(case, patience(case, pauses))
        if step is not None:
            yield (case.incident, case.last.seq, step), case
