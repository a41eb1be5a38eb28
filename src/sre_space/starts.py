"""How often a unit was started and how soon it ended: written by the launcher, read by whoever looks for crash loops.

Standard library only: the launcher imports it.
"""

from dataclasses import dataclass
from pathlib import Path

PAUSE_S = 1.0  # minimum between two starts of a unit that supervisord restarts, so that a crash loop stays cheap
SHORT_RUN_S = 10.0  # a run that ends earlier is short
MAX_SHORT_RUNS = 3  # short runs in a row; each further one doubles the pause
MAX_PAUSE_S = 30.0


@dataclass(frozen=True)
class Starts:
    """How often a unit has started since the space did, and how many runs in a row were short, up to the last one."""

    count: int = 0
    short: int = 0

    @property
    def pause_s(self) -> float:
        """Return the minimum time from the last start to the next one in seconds."""
        doublings = max(0, min(self.short, 30) - MAX_SHORT_RUNS)
        return min(MAX_PAUSE_S, PAUSE_S * (1 << doublings))

    @property
    def up_after_s(self) -> float:
        """Return how many seconds after its last start a unit that has not been restarted counts as up."""
        return self.pause_s + SHORT_RUN_S

    def next(self, run_s: float) -> "Starts":
        """Return the state after one more start, which follows a run of `run_s` seconds; the first follows none."""
        return Starts(self.count + 1, self.short + 1 if self.count and run_s < SHORT_RUN_S else 0)


def starts_of(stamp: Path) -> Starts:
    """Return how often a unit was started, from the file `run/env/NAME.started`; 0 when it is damaged or missing."""
    try:
        count, short = map(int, stamp.read_text().split())
    except (OSError, ValueError):
        return Starts()
    return Starts(count, short) if count >= 0 and short >= 0 else Starts()
