"""Follows the incidents on the forge: wake-up messages within milliseconds, or else the poll. As the agents do.

Only issues that changed are read again. An issue that takes long to read (strangers decide how long it is) is read at
most a tenth of the time.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sre_space.codec.wake_ups import parse_wake_up
from sre_space.dashboard.reading.known import Heard
from sre_space.domain.case import Case
from sre_space.domain.errors import Malformed, Missing, SpaceError
from sre_space.ports.bus import Subscription
from sre_space.ports.clock import Clock
from sre_space.ports.forge import Comment, Issue
from sre_space.ports.orders import Order, Orders
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.reading import SKEW_NS, ReadIssue

log = logging.getLogger(__name__)

POLL_S = 1.0
READ_AGAIN_S, MAX_READS = 0.05, 20  # a wake-up message may arrive before its comment can be read
PATIENT = 10  # times as long as it took to read is waited before an issue is read again
LOOKBACK_NS = 2 * SKEW_NS


@dataclass
class IssueState:
    """What was read of one issue; `cost_s` is how long that took, `next_at` the earliest next reading (Unix ns)."""

    issue: Issue
    case: Case | None
    orders: Sequence[Order] = ()
    cost_s: float = 0.0
    next_at: int = 0


@dataclass
class Record:
    """All verified incidents; `changed` is called after each change."""

    incidents: IncidentRepository
    orders: Orders
    wake_ups: Subscription
    clock: Clock
    changed: Callable[[], None] = lambda: None
    states: dict[int, IssueState] = field(default_factory=dict)
    heard: Heard = Heard()
    since: int = 0
    locks: dict[int, asyncio.Lock] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def cases(self) -> Sequence[Case]:
        """Return all incidents, in the order of their numbers."""
        return [state.case for _, state in sorted(self.states.items()) if state.case is not None]

    @property
    def given(self) -> dict[int, Sequence[Order]]:
        """Return the orders of people, by issue."""
        return {number: state.orders for number, state in self.states.items() if state.orders}

    async def poll_forever(self) -> None:
        """Poll the forge; never return."""
        while True:
            await self.poll()
            await self.clock.sleep(POLL_S)

    async def poll(self) -> None:
        """Read every issue that changed since the last poll."""
        now = self.clock.now()
        try:
            issues = await self.incidents.forge.issues(state="all", since=max(0, self.since - LOOKBACK_NS))
            for issue in issues:
                await self._follow(issue)
            self.since = now
            self.heard = Heard(self.clock.now())
        except SpaceError as error:
            self.heard = Heard(self.heard.at, str(error))
            self.changed()

    async def listen_forever(self) -> None:
        """Read the issue of each wake-up message at once; never return."""
        while True:
            for record in await self.wake_ups.next(timeout=1.0):
                try:
                    message = parse_wake_up(record.value)
                except Malformed:
                    continue
                task = asyncio.create_task(self.wake(message.issue, message.comment))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)

    async def wake(self, number: int, comment: int) -> None:
        """Read an issue until the given comment is in it; anyone may send a wake-up, so it may never be."""
        try:
            for _ in range(MAX_READS):
                state = self.states.get(number)
                if state is not None and state.case is not None and state.case.newest >= comment > 0:
                    return
                if state is not None and self.clock.now() < state.next_at:
                    return  # the poll will read it
                await self._follow(await self.incidents.forge.issue(number), woken=True)
                await self.clock.sleep(READ_AGAIN_S)
        except Missing:
            return
        except SpaceError as error:
            log.warning("issue %d: %s", number, error)

    async def _follow(self, issue: Issue, woken: bool = False) -> None:
        """Read an issue if it changed, or was `woken`: a forge may show an old count of comments for a moment."""
        async with self.locks.setdefault(issue.number, asyncio.Lock()):
            known = self.states.get(issue.number)
            now = self.clock.now()
            if known is not None and ((known.issue == issue and not woken) or now < known.next_at):
                return
            case, orders = await self._read(issue)
            cost = (self.clock.now() - now) / 1e9
            state = IssueState(issue, case, orders, cost, self.clock.now() + int(cost * PATIENT * 1e9) * (cost > 0.1))
            self.states[issue.number] = state
            if known is None or (known.case, known.orders) != (case, orders):
                self.changed()

    async def _read(self, issue: Issue) -> tuple[Case | None, Sequence[Order]]:
        case = (await self.incidents.reading(issue)).case
        asked = case is not None and case.is_open and bool(case.void)
        return case, tuple(await self.orders.given(issue.number)) if asked else ()

    async def whole(self, number: int) -> tuple[ReadIssue, Sequence[Comment], Sequence[Order]]:
        """Return an incident's reading with its comments and orders; raise `Missing` when it is no incident."""
        issue = await self.incidents.forge.issue(number)
        comments = await self.incidents.forge.comments(number) if issue.comments else ()
        reading = await self.incidents.reading_of(issue, comments)
        if reading.case is None:
            raise Missing(f"issue {number} is not an incident of this space")
        return reading, comments, tuple(await self.orders.given(number)) if reading.void else ()
