"""Processes in virtual time: generators that yield what they wait for. Times are milliseconds."""

import heapq
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Event:
    """Something that happens once, with a value, and for which processes wait."""

    fired: bool = False
    value: Any = None
    waiting: list[tuple["_Process", int]] = field(default_factory=list)


class Wait(NamedTuple):
    """What a process waits for: an event, the end of a time limit, or whichever comes first."""

    event: Event | None
    limit: float | None


Steps = Generator[Wait, Any, T]


@dataclass(slots=True, eq=False)
class _Process:
    steps: Steps[Any]
    done: Event
    turn: int = 0


class Kernel:
    """The clock and the queue of what happens next; equal times happen in the order in which they were planned."""

    def __init__(self) -> None:
        self.now = 0.0
        self._queue: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._planned = 0

    def at(self, time: float, action: Callable[..., None], *arguments: object) -> None:
        """Plan an action."""
        self._planned += 1
        heapq.heappush(self._queue, (max(time, self.now), self._planned, action, arguments))

    def spawn(self, steps: Steps[Any]) -> Event:
        """Start a process now; return the event of its end, with its result."""
        process = _Process(steps, Event())
        self.at(self.now, self._resume, process, 0, None)
        return process.done

    def fire(self, event: Event, value: object = None) -> None:
        """Let an event happen, once."""
        if event.fired:
            return
        event.fired, event.value = True, value
        for process, turn in event.waiting:
            self.at(self.now, self._resume, process, turn, (True, value))
        event.waiting.clear()

    def run(self, until: float) -> None:
        """Run everything that is planned up to a time; what is planned for later never happens."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, action, arguments = heapq.heappop(self._queue)
            action(*arguments)

    def _resume(self, process: _Process, turn: int, value: object) -> None:
        if process.turn != turn:
            return  # it went on for another reason
        process.turn += 1
        try:
            wait = process.steps.send(value)
        except StopIteration as end:
            self.fire(process.done, end.value)
            return
        if wait.limit is not None:
            self.at(self.now + wait.limit, self._resume, process, process.turn, (False, None))
        if wait.event is not None and wait.event.fired:
            self.at(self.now, self._resume, process, process.turn, (True, wait.event.value))
        elif wait.event is not None:
            wait.event.waiting.append((process, process.turn))


class Slots:
    """A resource of limited size with a queue, first come, first served: workers, cores, connections, a lock."""

    def __init__(self, kernel: Kernel, size: int) -> None:
        self.size = self.free = size
        self.queue: deque[Event] = deque()
        self._kernel = kernel

    def acquire(self, limit: float | None = None) -> Steps[bool]:
        """Wait for a slot; return False when none was free in time."""
        if self.free > 0:
            self.free -= 1
            return True
        event = Event()
        self.queue.append(event)
        yield Wait(event, limit)
        if not event.fired:
            self.queue.remove(event)
        return event.fired

    def release(self) -> None:
        """Give a slot back, and to the first in the queue; of a pool that was made smaller none is left for it."""
        self.free += 1
        if self.free > 0 and self.queue:
            self.free -= 1
            self._kernel.fire(self.queue.popleft())


def sleep(milliseconds: float) -> Steps[None]:
    """Let time pass."""
    yield Wait(None, milliseconds)
