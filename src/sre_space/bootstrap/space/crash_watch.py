"""Detection of crash loops: `sre-space status` shows them, and a person is paged.

The launcher counts the starts (`run/env/NAME.started`) and backs off. The warden watches all other units, and Fixer
watches the warden.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sre_space.bootstrap.space.state import SpaceState
from sre_space.embedded.launcher import MAX_SHORT_RUNS, Starts, starts_of
from sre_space.paths import STARTED
from sre_space.ports.notifier import Notifier
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


@dataclass
class CrashWatch:
    """Pages once for each unit in a crash loop, and again only after the unit has recovered in between.

    A unit that is `held` is paged for when it is held no more.
    """

    state: SpaceState
    notifier: Notifier
    units: Sequence[str] | None = None
    excluded: Sequence[str] = ()
    held: Callable[[str], bool] = lambda _: False
    notified: set[str] = field(default_factory=set)

    def check(self) -> None:
        """Log and notify for each unit that is newly in a crash loop."""
        loops = {loop.unit: loop for loop in crash_loops(self.state, self.units) if loop.unit not in self.excluded}
        self.notified &= loops.keys()
        for unit in [unit for unit in loops.keys() - self.notified if not self.held(unit)]:
            loop = loops[unit]
            log.error(
                "%s is in a crash loop: it started %d times and ended each time; last line of its log: %s",
                unit,
                loop.starts.count,
                loop.last_log_line,
            )
            self.notifier.notify(unstartable_note(unit, loop.starts.count, loop.last_log_line))
            self.notified.add(unit)

    async def watch_forever(self) -> None:
        """Look for crash loops every LOOK_EVERY_S seconds, until cancelled."""
        while True:
            await asyncio.to_thread(self.check)
            await asyncio.sleep(CHECK_EVERY_S)
