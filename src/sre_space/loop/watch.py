"""Keeps one agent working on its incidents: a wake-up message within milliseconds, or else the poll."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.codec.topics import FACTS
from sre_space.codec.wake_ups import WakeUp, parse_wake_up
from sre_space.domain.case import Case
from sre_space.domain.errors import Damaged, Malformed, SpaceError, Unavailable
from sre_space.domain.facts import OWNER, Agent, Step
from sre_space.loop.pager import PATIENCE_NS
from sre_space.loop.runner import Runner
from sre_space.loop.stalls import SeenOnce, Stalls
from sre_space.ports.bus import Publisher, Record, Subscription
from sre_space.ports.calls import NotificationRegistry
from sre_space.record.incident_repository import OpenIncidentsRead

log = logging.getLogger(__name__)

PAUSE_CHECK_S = 0.25  # between two checks of the clocks for pauses
READ_AGAIN_S = 0.1
MAX_READS = 10  # a wake-up message may arrive before its comment can be read


@dataclass
class Watch:
    """Runs at most one task per issue; a wake-up message during the task causes one more round.

    `polled` is called with the open incidents of each poll. `reasons` is by issue why its last visit failed, `away` why
    the last poll did; `held` are the issues of the incidents that wait for the end of a hold.
    """

    runner: Runner
    publisher: Publisher
    wake_ups: Subscription
    poll_seconds: float
    polled: Callable[[Sequence[Case]], None]
    tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    again: dict[int, int] = field(default_factory=dict)
    sending: set[asyncio.Task[None]] = field(default_factory=set)
    stalled: set[tuple[int, Step]] = field(default_factory=set)
    void: set[tuple[int, int, str]] = field(default_factory=set)
    calls: NotificationRegistry = field(default_factory=SeenOnce)
    halted: Callable[[], bool] = lambda: False
    known: Sequence[Case] = ()
    reasons: dict[int, str] = field(default_factory=dict)
    away: str = ""
    held: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Create the detection of stalled steps for the agent that the runner runs."""
        self.stalls = Stalls(self.runner.agent, self.runner.pager, self.calls, self.halted)

    async def run(self) -> None:
        """Listen and poll; never return."""
        await self.runner.clock_check.compare()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.watch_pauses())
            group.create_task(self.runner.clock_check.compare_forever())
            group.create_task(self._listen())
            group.create_task(self._poll())

    async def watch_pauses(self) -> None:
        """Log each pause of this process; never return. End the process when its clock was set back.

        Everything that such a process remembers is dated in the future; its successor starts from the facts on the
        issues.
        """
        clock = self.runner.clock
        known = clock.pauses().resumed_at
        while True:
            newest = clock.pauses().all[-1]
            if newest.until != known and not newest.since:
                log.critical("the clock was set back: this process ends, and its successor starts from the issues")
                raise SystemExit(1)
            if newest.until != known:
                known = newest.until
                log.warning("this process did not run for %.1f s", (newest.until - newest.since) / 1e9)
            await clock.sleep(PAUSE_CHECK_S)

    async def _listen(self) -> None:
        while True:
            for record in await self.wake_ups.next(timeout=1.0):
                self._wake_up(record)

    async def _poll(self) -> None:
        while True:
            await self.runner.clock.sleep(await self.poll_once())

    async def poll_once(self) -> float:
        """Poll once: wake every open incident, report; return the seconds until the next poll."""
        try:
            read = await self.runner.incidents.read_open()
            for case in read.cases:
                self.wake(case.issue, 0)
            self.held = await self.runner.hold_gate.held(read.cases)
            self._report(read)
            self.polled(read.cases)
            self.away = ""
        except SpaceError as error:
            if self.away != str(error):
                log.warning("poll: %s", error)
            self.away = str(error)
            self._check_stalls(dict.fromkeys((case.issue for case in self.known), str(error)))
            return max(self.poll_seconds, _retry_after(error))
        return self.poll_seconds

    def _report(self, read: OpenIncidentsRead) -> None:
        """Report the open incidents; and once each, overdue steps and texts that do not count."""
        self.known = read.cases
        self._check_stalls(self.reasons)
        for case in self.known:  # an incident that cannot be read is not visited, so it is reported here
            if case.frozen_reason and self.runner.agent is Agent.FIXER:
                self.runner.pager.frozen(case, self.runner.ran(), PATIENCE_NS)
        self.runner.reporter.waiting(len(self.known), len(self.stalled))
        for (issue, comment), reason in read.void.items():
            if (issue, comment, reason) not in self.void:
                log.warning("issue %d, comment %d does not count: %s", issue, comment, reason)
                self.runner.reporter.dismissed(reason)
        self.void |= {(issue, comment, reason) for (issue, comment), reason in read.void.items()}

    def _check_stalls(self, reasons: Mapping[int, str]) -> None:
        """Log and page the overdue steps of the known incidents.

        While the forge is away, no incident advances; `reasons` then say so for each.
        """
        stalled = self.stalls.overdue_steps(self.known, self.runner.clock.pauses(), reasons, self.held)
        for issue, step in sorted(stalled - self.stalled):
            log.warning("issue %d is stalled: %s owes the step %s", issue, OWNER[step], step)
        self.stalled = stalled

    def _wake_up(self, record: Record) -> None:
        """Wake the issue that a message names; anyone may send one, and only the issue itself is trusted."""
        try:
            message = parse_wake_up(record.value)
        except Malformed as error:
            log.warning("wake-up message at offset %d: %s", record.offset, error)
            return
        self.wake(message.issue, message.comment)

    def wake(self, issue: int, comment: int) -> None:
        """Work on an issue once the given comment can be read; 0 for the issue as it is."""
        task = self.tasks.get(issue)
        if task is not None and not task.done():
            self.again[issue] = max(comment, self.again.get(issue, 0))
            return
        task = asyncio.create_task(self._work(issue, comment))
        task.add_done_callback(lambda done: self._done(issue, done))
        self.tasks[issue] = task

    def _done(self, issue: int, task: "asyncio.Task[None]") -> None:
        self.tasks.pop(issue, None)
        if not task.cancelled() and (bug := task.exception()) is not None:
            if isinstance(bug, Damaged):  # one sentence says it all
                log.critical("%s", bug)
                raise SystemExit(2)
            # A bug must end the process, loudly: the supervisor starts a fresh one from the issue's facts.
            log.critical("issue %d: %r", issue, bug, exc_info=bug)
            raise SystemExit(1)
        if issue in self.again:
            self.wake(issue, self.again.pop(issue))

    async def _work(self, issue: int, comment: int) -> None:
        try:
            while (case := await self._read(issue, comment)) is not None:
                posted = await self.runner.visit(case)
                self.reasons.pop(issue, None)
                if posted is None:
                    return
                comment = posted
                self.send_wake_up(issue, posted)
        except SpaceError as error:
            if self.reasons.get(issue) != str(error):  # the same is tried, and fails, every second
                log.warning("issue %d: %s", issue, error)
            self.reasons[issue] = str(error)

    async def _read(self, issue: int, comment: int) -> Case | None:
        for _ in range(MAX_READS):
            case = await self._current(issue)
            if case is None or comment <= case.newest:
                return case
            await self.runner.clock.sleep(READ_AGAIN_S)
        return await self._current(issue)

    async def _current(self, issue: int) -> Case | None:
        """Return the incident as it is now; read it again when this process was paused while reading."""
        clock = self.runner.clock
        while True:
            started = clock.now()
            case = await self.runner.incidents.case(issue)
            if not clock.pauses().after(started):
                return case

    def send_wake_up(self, issue: int, comment: int) -> None:
        """Send a wake-up message for an issue to the other agents; without the bus their polls find it."""
        task = asyncio.create_task(self._publish(WakeUp(issue, comment).encoded))
        self.sending.add(task)
        task.add_done_callback(self.sending.discard)

    async def _publish(self, message: bytes) -> None:
        try:
            await self.publisher.publish(FACTS, message)
        except SpaceError as error:
            log.warning("the wake-up message could not be sent: %s", error)


def _retry_after(error: SpaceError) -> float:
    """Return the seconds after which the server asked to be called again; 0 when it did not."""
    return error.retry_after or 0.0 if isinstance(error, Unavailable) else 0.0
