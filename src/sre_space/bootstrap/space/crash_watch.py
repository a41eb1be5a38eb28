"""Detection of crash loops: `sre-space status` shows them, and a person is paged.

The launcher counts the starts (`run/env/NAME.started`) and backs off. Fixer watches the warden and the units of the
services, whose holds it reads; the warden watches all others.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sre_space.bootstrap.space.state import SpaceState
from sre_space.paths import STARTED
from sre_space.ports.notifier import Notifier
from sre_space.starts import MAX_SHORT_RUNS, Starts, starts_of
from sre_space.text.notes import unstartable_note

CHECK_EVERY_S = 2.0
TAIL = 20_000  # bytes at the end of a log that are searched for its last line

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CrashLoop:
    """A unit in a crash loop: it ends soon after each start. `last_log_line` is the last line of its log."""

    unit: str
    starts: Starts
    last_log_line: str


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
            loops.append(CrashLoop(stamp.stem, starts, last_line(state.log(stamp.stem))))
    return loops


def _age_s(stamp: Path) -> float:
    """Return the seconds since the last start; infinity when the file is removed meanwhile."""
    try:
        return time.time() - stamp.stat().st_mtime
    except OSError:
        return math.inf


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

    `held` is asked for the units that people hold: they are paged for when they are held no more.
    """

    state: SpaceState
    notifier: Notifier
    units: Sequence[str] | None = None
    excluded: Sequence[str] = ()
    held: Callable[[], Awaitable[Collection[str]]] = _nothing
    notified: set[str] = field(default_factory=set)

    def news(self) -> Sequence[CrashLoop]:
        """Return the crash loops that nobody was paged for."""
        loops = [loop for loop in crash_loops(self.state, self.units) if loop.unit not in self.excluded]
        self.notified &= {loop.unit for loop in loops}
        return [loop for loop in loops if loop.unit not in self.notified]

    def check(self, held: Collection[str] = ()) -> None:
        """Log and notify for each unit that is newly in a crash loop and not `held`."""
        for loop in (loop for loop in self.news() if loop.unit not in held):
            log.error(
                "%s is in a crash loop: it started %d times and ended each time; last line of its log: %s",
                loop.unit,
                loop.starts.count,
                loop.last_log_line,
            )
            self.notifier.notify(unstartable_note(loop.unit, loop.starts.count, loop.last_log_line))
            self.notified.add(loop.unit)

    async def watch_forever(self) -> None:
        """Look for crash loops every LOOK_EVERY_S seconds, until cancelled."""
        while True:
            if await asyncio.to_thread(self.news):
                await asyncio.to_thread(self.check, await self.held())
            await asyncio.sleep(CHECK_EVERY_S)
