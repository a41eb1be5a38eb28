"""Processes that end again and again soon after their start: told by `sre-space status`, and a person is called.

The launcher counts (`run/env/NAME.started`) and waits longer each time. The warden watches all others, Fixer watches
the warden.
"""

import asyncio
import logging
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sre_space.bootstrap.space.state import SpaceState
from sre_space.embedded.launcher import PATIENCE, Starts, starts_of
from sre_space.paths import STARTED
from sre_space.ports.notifier import Notifier
from sre_space.text.notes import unstartable

LOOK_EVERY_S = 2.0
TAIL = 20_000  # bytes of a log in which its last sentence is looked for

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loop:
    """A unit that ends soon after each start; `said` is the last line of its log."""

    unit: str
    starts: Starts
    said: str


def looping(state: SpaceState, units: Iterable[str] | None = None) -> Sequence[Loop]:
    """The units (by default all) that have ended soon after their start more than `PATIENCE` times in a row."""
    found = []
    for stamp in sorted(state.environments.glob(f"*{STARTED}")):
        starts = starts_of(stamp)
        if (units is None or stamp.stem in units) and starts.short > PATIENCE and _age_s(stamp) < starts.again_within_s:
            found.append(Loop(stamp.stem, starts, last_line(state.log(stamp.stem))))
    return found


def _age_s(stamp: Path) -> float:
    """Since the last start; what is being removed at this moment is old."""
    try:
        return time.time() - stamp.stat().st_mtime
    except OSError:
        return math.inf


def last_line(path: Path) -> str:
    """The last line of a log that says something, "" when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


@dataclass
class CrashWatch:
    """Calls once for each unit, and again only after it has lived."""

    state: SpaceState
    notifier: Notifier
    units: Sequence[str] | None = None
    besides: Sequence[str] = ()
    told: set[str] = field(default_factory=set)

    def look(self) -> None:
        """One look."""
        found = {loop.unit: loop for loop in looping(self.state, self.units) if loop.unit not in self.besides}
        self.told &= found.keys()
        for unit in found.keys() - self.told:
            loop = found[unit]
            log.error("%s has started %d times and ends each time; it said: %s", unit, loop.starts.count, loop.said)
            self.notifier.notify(unstartable(unit, loop.starts.count, loop.said))
            self.told.add(unit)

    async def watch_for_ever(self) -> None:
        """Look every two seconds."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_EVERY_S)
