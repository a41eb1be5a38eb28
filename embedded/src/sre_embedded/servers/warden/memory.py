"""Kills units above their memory limit, as the kernel's OOM killer would. Run by `bootstrap/warden.py`."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from sre_embedded.servers.warden.limits import read_limits
from sre_embedded.storing import StorageStatus
from sre_space.codec.unit_limits import BadLimits
from sre_space.codec.variables import limit_variable
from sre_space.state_files import append_line

PERIOD_S = 0.25
REFRESH_EVERY_S = 1.0  # limits and process ids, for which supervisord is asked

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OomKill:
    """One kill: `time` in Unix seconds, `rss` and `limit` in bytes."""

    time: float
    unit: str
    pid: int
    rss: int
    limit: int


@dataclass
class Warden:
    """Enforces the limits, which are known by variable.

    `pids` returns the process id of each live unit, and raises OSError without an answer.
    """

    limits_file: Path
    journal: Path
    pids: Callable[[], Mapping[str, int]]
    processes: dict[str, psutil.Process] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    refreshed_at: float = float("-inf")
    unwritten: list[str] = field(default_factory=list)
    storage: StorageStatus = field(
        default_factory=lambda: StorageStatus("the warden's journal of kills is not written")
    )

    def run(self, stopped: Callable[[float], bool]) -> None:
        """Sample periodically until `stopped(seconds)`, which waits that long, returns True."""
        while not stopped(PERIOD_S):
            self.tick(time.monotonic())

    def tick(self, now: float) -> list[OomKill]:
        """Sample every limited unit once; return the kills. `now` is monotonic, in seconds."""
        if now - self.refreshed_at >= REFRESH_EVERY_S or not self.processes:
            self.refreshed_at = now
            self._refresh()
        kills = [kill for unit in tuple(self.processes) if (kill := self._enforce(unit)) is not None]
        self._flush_journal()
        for kill in kills:
            self._record(kill)
        return kills

    def _refresh(self) -> None:
        try:
            self.limits = read_limits(self.limits_file)
        except BadLimits as error:
            log.error("the previous limits stay in force: %s", error)
        try:
            pids = self.pids()
        except OSError as error:
            log.warning("supervisord does not answer: %s", error)
            return
        for unit, pid in pids.items():
            known = self.processes.get(unit)
            if self._limit(unit) is not None and (known is None or known.pid != pid):
                self._adopt(unit, pid)

    def _limit(self, unit: str) -> int | None:
        return self.limits.get(limit_variable(unit))

    def _adopt(self, unit: str, pid: int) -> None:
        try:
            self.processes[unit] = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self.processes.pop(unit, None)

    def _enforce(self, unit: str) -> OomKill | None:
        """Kill a unit above its limit; return the kill, or None.

        psutil compares the creation time before it kills, so a reused process id is safe.
        """
        process, limit = self.processes[unit], self._limit(unit)
        try:
            rss = process.memory_info().rss
            if limit is None or rss <= limit:
                return None
            process.kill()
        except psutil.NoSuchProcess:
            del self.processes[unit]
            return None
        del self.processes[unit]
        return OomKill(time.time(), unit, process.pid, rss, limit)

    def _record(self, kill: OomKill) -> None:
        log.warning("oom: killed %s (pid %d): %d bytes, limit %d", kill.unit, kill.pid, kill.rss, kill.limit)
        self.unwritten.append(json.dumps({"event": "oom", **asdict(kill)}))
        self._flush_journal()

    def _flush_journal(self) -> None:
        """Append the kills to the journal; those that the disk does not take are written at a later tick."""
        while self.unwritten:
            try:
                append_line(self.journal, self.unwritten[0])
            except OSError as error:
                self.storage.failed(error)
                return
            del self.unwritten[0]
            self.storage.worked()
