"""Detection of crash loops: `sre-space status` shows them, and a person is paged.

The launcher counts the starts (`run/env/NAME.started`) and backs off. The agents watch the warden and the units of the
services, whose holds they read: Fixer pages first, the others follow in a fixed order, in case it is down, too. The
warden watches all other processes, the agents among them.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sre_space.bootstrap.space.state import SpaceState
from sre_space.loop.stalls import SeenOnce
from sre_space.paths import STARTED
from sre_space.ports.calls import NotificationRegistry
from sre_space.ports.notifier import Notifier
from sre_space.starts import MAX_SHORT_RUNS, Starts, starts_of
from sre_space.text.notes import unstartable_note

CHECK_EVERY_S = 2.0
TAIL = 20_000  # bytes at the end of a log that are searched for its last line

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CrashLoop:
    """A unit in a crash loop: it ends soon after each start. `last_log_line` is the last line of its log.

    `space_start` is when the space was started (Unix ns), since when starts are counted.
    """

    unit: str
    starts: Starts
    last_log_line: str
    space_start: int = 0

    @property
    def name(self) -> str:
        """Return a name that it keeps with each further start, and that no other crash loop has."""
        return f"crash-loop-{self.space_start}-{self.unit}-{self.starts.count - self.starts.short}"


def crash_loops(state: SpaceState, units: Iterable[str] | None = None) -> Sequence[CrashLoop]:
    """Return the units (of `units`, or all) that ended soon after start more than `MAX_SHORT_RUNS` times in a row."""
    loops = []
    for stamp in sorted(state.environments.glob(f"*{STARTED}")):
        starts = starts_of(stamp)
        if (
            (units is None or stamp.stem in units)
            and starts.short > MAX_SHORT_RUNS
            and _age_s(stamp) < starts.up_after_s
        ):
            begun = _modified(stamp.with_suffix(".env"))
            loops.append(CrashLoop(stamp.stem, starts, last_line(state.log(stamp.stem)), begun))
    return loops


def _age_s(stamp: Path) -> float:
    """Return the seconds since the last start; infinity when the file is removed meanwhile."""
    try:
        return time.time() - stamp.stat().st_mtime
    except OSError:
        return math.inf


def _modified(path: Path) -> int:
    """Return when a file was written (Unix ns); 0 when it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def last_line(path: Path) -> str:
    """Return the last line of a log that is not blank; "" when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


async def _nothing() -> Collection[str]:
    return ()


@dataclass
class CrashWatch:
    """Pages once for each unit in a crash loop, and again only after the unit has recovered in between.

    `held` is asked for the units that people hold: they are paged for when they are held no more. Of several who watch
    the same units, each waits `patience_s` for those before it, and `calls` has the pages of all. `seen` is when each
    crash loop was first seen, by the seconds of `clock`.
    """

    state: SpaceState
    notifier: Notifier
    units: Sequence[str] | None = None
    excluded: Sequence[str] = ()
    held: Callable[[], Awaitable[Collection[str]]] = _nothing
    patience_s: float = 0.0
    calls: NotificationRegistry = field(default_factory=SeenOnce)
    clock: Callable[[], float] = time.monotonic
    seen: dict[str, float] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def news(self) -> Sequence[CrashLoop]:
        """Return the crash loops that nobody was paged for."""
        loops = [loop for loop in crash_loops(self.state, self.units) if loop.unit not in self.excluded]
        now, names = self.clock(), {loop.name for loop in loops}
        self.done &= names
        self.seen = {name: self.seen.get(name, now) for name in names}
        return [loop for loop in loops if loop.name not in self.done and now - self.seen[loop.name] >= self.patience_s]

    def check(self, held: Collection[str] = ()) -> None:
        """Log and notify for each unit that is newly in a crash loop and not `held`."""
        for loop in (loop for loop in self.news() if loop.unit not in held):
            self.done.add(loop.name)
            if not self.calls.first(loop.name):
                continue
            log.error(
                "%s is in a crash loop: it started %d times and ended each time; last line of its log: %s",
                loop.unit,
                loop.starts.count,
                loop.last_log_line,
            )
            self.notifier.notify(unstartable_note(loop.unit, loop.starts.count, loop.last_log_line))

    async def watch_forever(self) -> None:
        """Look for crash loops every CHECK_EVERY_S seconds, until cancelled."""
        while True:
            if await asyncio.to_thread(self.news):
                await asyncio.to_thread(self.check, await self.held())
            await asyncio.sleep(CHECK_EVERY_S)
