"""Pages people for a step that is overdue: its agent is dead, hangs, or waits for a server. Used by the watch.

The agent that owns the step pages first, since it may know the reason; the others follow in a fixed order, in case it
does not.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.domain.case import Case
from sre_space.domain.cycle import deadline_clock, deadline_ns, overdue
from sre_space.domain.facts import OWNER, Agent, Step
from sre_space.domain.pauses import Pauses
from sre_space.loop.pager import Pager
from sre_space.ports.calls import NotificationRegistry

PATIENCE_NS = 10 * 10**9  # after the deadline, and for each agent whose turn comes before
HALTED = (Step.ACT, Step.UNDO)  # the steps that Fixer does not do while it is halted
Due = tuple[str, int, Step]  # the incident, its newest fact and the overdue step


@dataclass
class SeenOnce:
    """The pages of one process, where those of other processes are not shared."""

    made: set[str] = field(default_factory=set)

    def first(self, name: str) -> bool:
        """Return True the first time that a page is named."""
        new = name not in self.made
        self.made.add(name)
        return new


@dataclass
class Stalls:
    """The overdue steps as one agent sees them; `since` is how long its process had run when it first saw each (ns).

    `called` are the steps that this agent has paged for: where pages cannot be shared, each agent pages once.
    """

    agent: Agent
    pager: Pager
    calls: NotificationRegistry = field(default_factory=SeenOnce)
    halted: Callable[[], bool] = lambda: False
    since: dict[Due, int] = field(default_factory=dict)
    called: set[Due] = field(default_factory=set)

    def overdue_steps(
        self, cases: Sequence[Case], pauses: Pauses, reasons: Mapping[int, str], held: Collection[int] = ()
    ) -> set[tuple[int, Step]]:
        """Return the overdue steps by issue, and page for those that stay overdue while this process runs.

        `reasons` say by issue what this agent is waiting for. For the issues in `held` nobody is called, and the
        deadline of their step begins when the hold has ended.
        """
        overdue, now = dict(_overdue(cases, pauses)), pauses.ran(0, pauses.read.wall)
        due = {key: case for key, case in overdue.items() if case.issue not in held}
        put_off = {key: now + deadline_ns(case, key[2]) for key, case in overdue.items() if key not in due}
        self.since = {key: self.since.get(key, now) for key in due} | put_off
        for key, case in due.items():
            if key not in self.called and self._is_mine(key, now):
                self.called.add(key)
                if self.calls.first("-".join(map(str, key))):
                    self.pager.stalled(case, key[2], reasons.get(case.issue, ""))
        return {(case.issue, key[2]) for key, case in due.items()}

    def _is_mine(self, key: Due, now: int) -> bool:
        """Return True when it is this agent's turn to page, unless the step is one that a person has halted."""
        owner = OWNER[key[2]]
        order = [owner, *(agent for agent in Agent if agent is not owner)]
        waited = now - self.since[key] >= PATIENCE_NS * (1 + order.index(self.agent))
        return waited and not (key[2] in HALTED and self.halted())


def _overdue(cases: Iterable[Case], pauses: Pauses) -> Iterable[tuple[Due, Case]]:
    for case in cases:
        step = overdue(case, deadline_clock(case, pauses))
        if step is not None:
            yield (case.incident, case.last.seq, step), case
