"""When a process did not run: what it saw before decides nothing after it, and no deadline counts it.

A process stands still when it is stopped, when its machine is suspended or its virtual machine paused, when memory is
swapped out, and when its event loop is blocked. Pure: `ports/clock.py` reads the clocks.
"""

from dataclasses import dataclass, replace

SECOND = 10**9
PAUSE_NS = 2 * SECOND  # between two readings: what probes and deadlines do not tolerate any more
MAX_PAUSES = 1000  # pauses; of older ones only the last end is known


@dataclass(frozen=True)
class ClockPair:
    """Two clocks at once, in ns: `wall` is Unix time, `steady` is never set and goes on in a suspended machine."""

    wall: int
    steady: int


@dataclass(frozen=True)
class Pause:
    """[since, until) in Unix ns."""

    since: int
    until: int


@dataclass(frozen=True)
class Pauses:
    """All of one process, oldest first; the first ends with its start. `read` is the newest reading."""

    all: tuple[Pause, ...]
    read: ClockPair

    @classmethod
    def of_start(cls, read: ClockPair) -> "Pauses":
        """Those of a process that begins now."""
        return cls((Pause(0, read.wall),), read)

    def at(self, read: ClockPair) -> "Pauses":
        """With what the time since the reading before tells: to be asked several times a second.

        A machine that slept shows on either clock: one may have stood still with it. A clock that was set back leaves
        times in the future, so that everything begins anew.
        """
        wall, steady = read.wall - self.read.wall, read.steady - self.read.steady
        if wall < -PAUSE_NS:
            return Pauses.of_start(read)
        if max(wall, steady) <= PAUSE_NS:
            return replace(self, read=read)
        return self.with_pause(Pause(self.read.wall, read.wall), read)

    def with_pause(self, pause: Pause, read: ClockPair) -> "Pauses":
        """One more; the oldest are put together when there are too many."""
        all_ = (*self.all, pause)
        if len(all_) > MAX_PAUSES:
            all_ = Pause(0, all_[1].until), *all_[2:]
        return Pauses(all_, read)

    @property
    def resumed_at(self) -> int:
        """Since when the process runs without a pause (Unix ns): its start, or the end of the newest one."""
        return self.all[-1].until

    @property
    def since_start(self) -> tuple[Pause, ...]:
        """Those that interrupted it."""
        return self.all[1:]

    def ran(self, since: int, now: int) -> int:
        """Return how long the process ran in [since, now) Unix ns, in ns: what a deadline counts."""
        stood = sum(max(0, min(now, one.until) - max(since, one.since)) for one in self.all)
        return max(0, now - since - stood)

    def after(self, at: int) -> bool:
        """True when one ended after a Unix ns: what was asked or seen at that time is of before it."""
        return self.resumed_at > at
