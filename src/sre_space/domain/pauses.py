"""The times in which a process did not run: observations from before a pause are stale, and no deadline counts it.

A process is paused when it is stopped, when its machine is suspended or its virtual machine paused, when memory is
swapped out, and when its event loop is blocked. Pure: `ports/clock.py` reads the clocks.
"""

from dataclasses import dataclass, replace

SECOND = 10**9
PAUSE_NS = 2 * SECOND  # between two readings: longer than probes and deadlines tolerate
MAX_PAUSES = 1000  # older pauses are merged into one


@dataclass(frozen=True)
class ClockPair:
    """A reading of two clocks at once, in ns: `wall` is Unix time, `steady` is never set and counts suspended time."""

    wall: int
    steady: int


@dataclass(frozen=True)
class Pause:
    """A pause of the process: [since, until) in Unix ns."""

    since: int
    until: int


@dataclass(frozen=True)
class Pauses:
    """All pauses of one process, oldest first; the first ends with the process' start. `read` is the newest reading."""

    all: tuple[Pause, ...]
    read: ClockPair

    @classmethod
    def of_start(cls, read: ClockPair) -> "Pauses":
        """Return the pauses of a process that starts at this reading."""
        return cls((Pause(0, read.wall),), read)

    def at(self, read: ClockPair) -> "Pauses":
        """Return the pauses updated by a new reading; call it several times a second.

        A gap on either clock is a pause, since one of them may stop while the machine is suspended. When the wall clock
        was set back, older times lie in the future, so the pauses start again as after a process start.
        """
        wall, steady = read.wall - self.read.wall, read.steady - self.read.steady
        if wall < -PAUSE_NS:
            return Pauses.of_start(read)
        if max(wall, steady) <= PAUSE_NS:
            return replace(self, read=read)
        return self.with_pause(Pause(self.read.wall, read.wall), read)

    def with_pause(self, pause: Pause, read: ClockPair) -> "Pauses":
        """Return the pauses with one more; the two oldest are merged when there are too many."""
        all_ = (*self.all, pause)
        if len(all_) > MAX_PAUSES:
            all_ = Pause(0, all_[1].until), *all_[2:]
        return Pauses(all_, read)

    @property
    def resumed_at(self) -> int:
        """Return since when the process runs without a pause (Unix ns): its start, or the end of the newest pause."""
        return self.all[-1].until

    @property
    def since_start(self) -> tuple[Pause, ...]:
        """Return the pauses since the process' start."""
        return self.all[1:]

    def ran(self, since: int, now: int) -> int:
        """Return how long the process ran in [since, now) Unix ns, in ns: the time that a deadline counts."""
        paused = sum(max(0, min(now, pause.until) - max(since, pause.since)) for pause in self.all)
        return max(0, now - since - paused)

    def after(self, at: int) -> bool:
        """Return True when a pause ended after `at` (Unix ns): an observation of that time is stale."""
        return self.resumed_at > at
