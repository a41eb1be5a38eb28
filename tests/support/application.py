"""What the end-to-end tests of chaos measure on the application: spans, requests, events, memory; and the injection."""

import json
import os
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import time_ns

import psutil
from support.live import CHECKOUT, LiveSpace

from sre_space.bootstrap.space.servers import HOST
from sre_space.domain.symptoms import JourneyCount
from sre_space.domain.telemetry import Span
from sre_space.ports.bus import Record

SECOND = 10**9


@dataclass(frozen=True)
class Application:
    """A live space, seen and hit as `trigger_chaos.py` does."""

    live: LiveSpace
    home: Path

    def chaos(self, *words: str) -> str:
        """Run `trigger_chaos.py`, assert that it succeeds, and return what it prints."""
        told = {**os.environ, "SRE_SPACE_STATE": str(self.live.state.root), "SRE_CHAOS_HOME": str(self.home)}
        command = [sys.executable, str(CHECKOUT / "trigger_chaos.py"), *words]
        done = subprocess.run(command, env=told, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def inject(self, *words: str) -> dict[str, object]:
        """Inject; the command's JSON."""
        answer: dict[str, object] = json.loads(self.chaos(*words, "--json"))
        return answer

    def spans(self, service: str, since: int) -> list[Span]:
        """Spans of one service that began since (Unix ns)."""
        found = self.live.ask(lambda o: o.traces.window(service, since, time_ns(), 1500))
        return [span for span in found if span.service == service and span.start >= since]

    def durations_ms(self, service: str, since: int, fits: Callable[[Span], bool]) -> list[float]:
        """How long each span took that fits."""
        return [span.duration / 1e6 for span in self.spans(service, since) if fits(span)]

    def median_ms(self, service: str, since: int, fits: Callable[[Span], bool]) -> float:
        """Return the median duration of spans that fit; 0 while there are fewer than five."""
        durations = self.durations_ms(service, since, fits)
        return statistics.median(durations) if len(durations) >= 5 else 0.0

    def journeys(self, since: int) -> JourneyCount:
        """Count the journey attempts since (Unix ns)."""
        return self.live.ask(lambda o: o.journeys(since, time_ns()))

    def quotes(self) -> int:
        """How many quotes were ever asked for: committed on receipt."""
        return int(self._database("quote-service", "SELECT count(*) FROM quotes"))

    def policies(self) -> int:
        """How many policies were ever issued."""
        return int(self._database("policy-service", "SELECT count(*) FROM policies"))

    def _database(self, service: str, question: str) -> int:
        path = self.live.state.root / "apps" / f"{service}.db"
        with closing(sqlite3.connect(path, 30)) as database:
            return int(database.execute(question).fetchone()[0])

    def records(self, topic: str, since: int) -> Sequence[Record]:
        """Return what the bus holds of a topic since (Unix ns)."""
        return self.live.records(topic, since)

    def memory(self, service: str) -> int:
        """Resident bytes; 0 when it does not run."""
        pid = self.live.pid(service)
        try:
            return int(psutil.Process(pid).memory_info().rss) if pid else 0
        except psutil.NoSuchProcess:
            return 0

    def journal(self) -> list[dict[str, object]]:
        """Return the warden's entries about what it killed."""
        path = self.live.state.run / "warden.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def push(self, name: str, text: str, subject: str, folder: Path) -> None:
        """Commit a file of deploy/config to main, as a person with the operator's token does."""
        identities = json.loads(self.live.state.identities.read_text())
        token = next(one["token"] for one in identities if one["login"] == "operator")
        address = f"operator:{token}@{HOST}:{self.live.running.ports['forge_port']}"
        url = f"http://{address}/{self.live.running.repository}.git"
        who = ["-c", "user.name=t", "-c", "user.email=t@t"]
        subprocess.run(["git", "clone", "-q", url, folder], check=True, capture_output=True)
        (folder / "deploy" / "config" / name).write_text(text)
        for words in (["add", "--all"], [*who, "commit", "-qm", subject], ["push", "-q", "origin", "HEAD:main"]):
            subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
