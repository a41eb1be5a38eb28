"""Follows the incidents on the forge: wake-up messages within milliseconds, or else the poll. As the agents do.

Only issues that changed are read again. Reading an issue (strangers decide how long it is) takes at most a tenth of the
time, but for a second of reading at once: a leaky bucket (ITU-T I.371, GCRA).
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
PATIENT = 10  # times as long as it took to read is the time in which an issue may take it
AT_ONCE_NS = PATIENT * 10**9  # by which an issue may be read too early
LOOKBACK_NS = 2 * SKEW_NS


@dataclass
class IssueState:
    """What was read of one issue; by `due` (Unix ns) all its readings took a tenth of the time."""

    issue: Issue
    case: Case | None
    orders: Sequence[Order] = ()
    due: int = 0

    def may_be_read(self, now: int) -> bool:
        """Return True where its readings have not taken too long until now."""
        return now >= self.due - AT_ONCE_NS


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
                if state is not None and not state.may_be_read(self.clock.now()):
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
            if known is not None and ((known.issue == issue and not woken) or not known.may_be_read(now)):
                return
            case, orders = await self._read(issue)
            due = max(now, known.due if known else 0) + (self.clock.now() - now) * PATIENT
            self.states[issue.number] = IssueState(issue, case, orders, due)
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
