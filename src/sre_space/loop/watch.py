"""Keeps one agent at its cases: the doorbell wakes it in milliseconds, the poll never forgets."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.codec.doorbell import WakeUp, parse_wake_up
from sre_space.codec.topics import FACTS
from sre_space.domain.case import Case
from sre_space.domain.errors import Damaged, Malformed, SpaceError, Unavailable
from sre_space.domain.facts import OWNER, Agent, Step
from sre_space.loop.pager import PATIENCE_NS
from sre_space.loop.runner import Runner
from sre_space.loop.stalls import SeenOnce, Stalls
from sre_space.ports.bus import Publisher, Record, Subscription
from sre_space.ports.calls import Calls
from sre_space.record.incident_repository import OpenIncidentsRead

log = logging.getLogger(__name__)

BEAT_S = 0.25  # between two questions for pauses: a longer time between them is one
READ_AGAIN_S = 0.1
READS = 10  # a doorbell may ring before its comment can be read


@dataclass
class Watch:
    """At most one task per issue; a ring during work makes one more round. `polled` hears each poll's cases."""

    runner: Runner
    publisher: Publisher
    doorbell: Subscription
    poll_seconds: float
    polled: Callable[[Sequence[Case]], None]
    tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    again: dict[int, int] = field(default_factory=dict)
    rings: set[asyncio.Task[None]] = field(default_factory=set)
    stalled: set[tuple[int, Step]] = field(default_factory=set)
    void: set[tuple[int, int, str]] = field(default_factory=set)
    calls: Calls = field(default_factory=SeenOnce)
    halted: Callable[[], bool] = lambda: False
    known: Sequence[Case] = ()
    reasons: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Calls people as the agent that it watches for."""
        self.stalls = Stalls(self.runner.agent, self.runner.pager, self.calls, self.halted)

    async def run(self) -> None:
        """For ever: listen and poll."""
        await self.runner.clock_check.compare()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.note_pauses())
            group.create_task(self.runner.clock_check.compare_for_ever())
            group.create_task(self._listen())
            group.create_task(self._poll())

    async def note_pauses(self) -> None:
        """For ever: tell of each pause. A clock that was set back ends the process.

        All that it remembers lies in the future then; the one that is started for it begins with the issues' facts.
        """
        clock = self.runner.clock
        known = clock.pauses().resumed_at
        while True:
            newest = clock.pauses().all[-1]
            if newest.until != known and not newest.since:
                log.critical("the clock was set back: this process ends, and the next one begins anew")
                raise SystemExit(1)
            if newest.until != known:
                known = newest.until
                log.warning("this process did not run for %.1f s", (newest.until - newest.since) / 1e9)
            await clock.sleep(BEAT_S)

    async def _listen(self) -> None:
        while True:
            for record in await self.doorbell.next(timeout=1.0):
                self._answer(record)

    async def _poll(self) -> None:
        while True:
            await self.runner.clock.sleep(await self.look_around())

    async def look_around(self) -> float:
        """One poll: wake every open case, report; the seconds until the next."""
        try:
            look = await self.runner.incidents.look()
            for case in look.cases:
                self.wake(case.issue, 0)
            self._tell(look)
            self.polled(look.cases)
        except SpaceError as error:
            log.warning("poll: %s", error)
            self._owed(dict.fromkeys((case.issue for case in self.known), str(error)))
            return max(self.poll_seconds, _asked_for(error))
        return self.poll_seconds

    def _tell(self, look: OpenIncidentsRead) -> None:
        """Report the open cases, and once each step whose owner missed its deadline and each text that is void."""
        self.known = look.cases
        self._owed(self.reasons)
        for case in self.known:  # what cannot be read is not visited either
            if case.frozen_reason and self.runner.agent is Agent.FIXER:
                self.runner.pager.frozen(case, self.runner.ran(), PATIENCE_NS)
        self.runner.reporter.waiting(len(self.known), len(self.stalled))
        for (issue, place), reason in look.void.items():
            if (issue, place, reason) not in self.void:
                log.warning("issue %d, comment %d does not count: %s", issue, place, reason)
                self.runner.reporter.dismissed(reason)
        self.void |= {(issue, place, reason) for (issue, place), reason in look.void.items()}

    def _owed(self, reasons: Mapping[int, str]) -> None:
        """What is overdue of the cases known; with the forge away none of them moves."""
        stalled = self.stalls.look(self.known, self.runner.clock.pauses(), reasons)
        for issue, step in sorted(stalled - self.stalled):
            log.warning("issue %d is stalled: %s owes the step %s", issue, OWNER[step], step)
        self.stalled = stalled

    def _answer(self, record: Record) -> None:
        """The doorbell is a hint that anyone may ring; only the issue is believed."""
        try:
            ring = parse_wake_up(record.value)
        except Malformed as error:
            log.warning("doorbell: %s at offset %d", error, record.offset)
            return
        self.wake(ring.issue, ring.comment)

    def wake(self, issue: int, comment: int) -> None:
        """See to an issue, once the comment can be read (0: as it is)."""
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
            if isinstance(bug, Damaged):  # one sentence says all, to whoever asks `status`
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
                self.ring(issue, posted)
        except SpaceError as error:
            log.warning("issue %d: %s", issue, error)
            self.reasons[issue] = str(error)

    async def _read(self, issue: int, comment: int) -> Case | None:
        for _ in range(READS):
            case = await self._current(issue)
            if case is None or comment <= case.newest:
                return case
            await self.runner.clock.sleep(READ_AGAIN_S)
        return await self._current(issue)

    async def _current(self, issue: int) -> Case | None:
        """The case as it is; what was read across a pause is read anew."""
        clock = self.runner.clock
        while True:
            asked = clock.now()
            case = await self.runner.incidents.case(issue)
            if not clock.pauses().after(asked):
                return case

    def ring(self, issue: int, comment: int) -> None:
        """Tell the others; with the bus down the poll finds it."""
        task = asyncio.create_task(self._publish(WakeUp(issue, comment).encoded))
        self.rings.add(task)
        task.add_done_callback(self.rings.discard)

    async def _publish(self, ring: bytes) -> None:
        try:
            await self.publisher.publish(FACTS, ring)
        except SpaceError as error:
            log.warning("doorbell: %s", error)


def _asked_for(error: SpaceError) -> float:
    """Seconds that the other side asked to be left alone."""
    return error.retry_after or 0.0 if isinstance(error, Unavailable) else 0.0
