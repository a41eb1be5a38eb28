"""Kills units above their memory limit; the look-alike of the kernel's OOM killer. Run by `bootstrap/warden.py`."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from sre_space.embedded.storing import Storing
from sre_space.embedded.warden.limits import BadLimits, read_limits
from sre_space.state_files import append_line

PERIOD_S = 0.25
ASK_EVERY_S = 1.0  # supervisord, for process ids; sampling memory needs no question

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
    """`pids` answers with the process id of each living unit, and raises OSError when nobody answers."""

    limits_file: Path
    journal: Path
    pids: Callable[[], Mapping[str, int]]
    processes: dict[str, psutil.Process] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    asked: float = float("-inf")
    unwritten: list[str] = field(default_factory=list)
    storing: Storing = field(default_factory=lambda: Storing("the warden's journal of kills is not written"))

    def run(self, stopped: Callable[[float], bool]) -> None:
        """Sample until `stopped(seconds)`, which waits, says so."""
        while not stopped(PERIOD_S):
            self.tick(time.monotonic())

    def tick(self, now: float) -> list[OomKill]:
        """One sample of every limited unit; returns whom it killed. `now` is monotonic, in seconds."""
        if now - self.asked >= ASK_EVERY_S or not self.processes:
            self.asked = now
            self._refresh()
        kills = [kill for unit in tuple(self.processes) if (kill := self._judge(unit)) is not None]
        self._write_down()
        for kill in kills:
            self._record(kill)
        return kills

    def _refresh(self) -> None:
        try:
            self.limits = read_limits(self.limits_file)
        except BadLimits as error:
            log.error("the limits of before stay in force: %s", error)
        try:
            pids = self.pids()
        except OSError as error:
            log.warning("supervisord does not answer: %s", error)
            return
        for unit, pid in pids.items():
            known = self.processes.get(unit)
            if unit in self.limits and (known is None or known.pid != pid):
                self._adopt(unit, pid)

    def _adopt(self, unit: str, pid: int) -> None:
        try:
            self.processes[unit] = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self.processes.pop(unit, None)

    def _judge(self, unit: str) -> OomKill | None:
        """psutil checks the creation time before it kills, so a process id used again is safe."""
        process, limit = self.processes[unit], self.limits.get(unit)
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
        self._write_down()

    def _write_down(self) -> None:
        """What the disk does not take now is written at a later tick."""
        while self.unwritten:
            try:
                append_line(self.journal, self.unwritten[0])
            except OSError as error:
                self.storing.failed(error)
                return
            del self.unwritten[0]
            self.storing.worked()
