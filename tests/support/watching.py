"""The detectors at work on a generated application, in virtual time: what Scout would open, and when.

The spans of a second are heard half a second after its end, the slowest that exports may be, and Scout looks four
times a second.
"""

import pickle
from dataclasses import dataclass, field, replace
from functools import cache
from typing import ClassVar

import numpy as np
from support.traffic_model import CALLS, PEERS, Fault, SimulatedApplication

from sre_space.agents.scout.inhibitions import BEFORE_NS
from sre_space.analysis.detection.blame import findings
from sre_space.analysis.detection.burn_rate import Budget
from sre_space.analysis.detection.cohorts import Cohorts
from sre_space.analysis.detection.conversion import Conversion
from sre_space.analysis.detection.correlation import OpenIncident, SymptomGroup, SystemView, correlate
from sre_space.analysis.detection.flapping import Damping
from sre_space.analysis.detection.inhibition import STILL_OPEN, Inhibition, Source
from sre_space.analysis.detection.operations import Operations

SECOND = 10**9
JOURNEY = "buy-insurance"
HEARD_AFTER = SECOND // 2
LOOKS = 4


@dataclass
class Watching:
    """Plays an application to the detectors. `at` is the next Unix second."""

    START: ClassVar[int] = 1_700_000_000

    application: SimulatedApplication
    operations: Operations = field(default_factory=lambda: Operations(CALLS))
    cohorts: Cohorts = field(default_factory=Cohorts)
    conversion: Conversion = field(default_factory=lambda: Conversion(JOURNEY))
    budget: Budget = field(default_factory=lambda: Budget(JOURNEY, scale=1 / 60))
    damping: Damping = field(default_factory=Damping)
    open: list[OpenIncident] = field(default_factory=list)
    windows: list[Inhibition] = field(default_factory=list)
    at: int = START
    visits: int = 0

    @classmethod
    def after(cls, seconds: int, seed: int) -> "Watching":
        """Detectors after so many healthy seconds, in which nothing was opened: played once, and then copied."""
        copy = pickle.loads(_played(seconds, seed))
        assert isinstance(copy, cls)
        return copy

    def play(self, seconds: int) -> tuple[int, list[SymptomGroup]]:
        """Play until something would be opened, at most so many seconds: when (Unix ns), and what."""
        for _ in range(seconds):
            heard = self._hear()
            for look in range(LOOKS):
                now = heard + look * SECOND // LOOKS
                groups = [group for group in self.look(now) if not group.joins and not group.inhibited]
                if groups:
                    return now, groups
        return 0, []

    def look(self, now: int) -> list[SymptomGroup]:
        """One look of Scout: the wiring, in five lines."""
        self.operations.evaluate(now, self.windows)
        self.conversion.evaluate(self.cohorts.decided(now - HEARD_AFTER), self.windows)
        raw = findings(self.operations, PEERS, now) + self.conversion.findings(now) + self.budget.findings(now)
        return correlate(self.damping.steady(raw, now), SystemView(CALLS, self.open, self.windows), now)

    def open_incident(self, group: SymptomGroup) -> None:
        """Record an incident that Scout opens: its window begins with its first symptom."""
        self.open.append(OpenIncident(group.key, group.service, group.since))
        self.windows.append(Inhibition(group.since, STILL_OPEN, frozenset({group.service}), Source.INCIDENT, group.key))
        self.budget.exempt(group.since - BEFORE_NS)

    def recovered(self) -> None:
        """Record what follows on RECOVERED: no incident is open, and the windows end now."""
        self.open.clear()
        self.windows = [replace(window, until=self.at * SECOND) for window in self.windows]

    def break_down(self, fault: Fault) -> int:
        """From the next second on this is wrong; since when (Unix ns)."""
        self.application.fault = fault
        return self.at * SECOND

    def _hear(self) -> int:
        heard = self.application.second(self.at)
        self.at += 1
        now = self.at * SECOND + HEARD_AFTER
        self.operations.add(heard.sketches, now)
        excused = any(window.holds(now - SECOND) for window in self.windows)
        self.budget.add(now - SECOND, heard.good, heard.bad, excused)
        for asked, bought in heard.visits:
            self.visits += 1
            self.cohorts.ask(str(self.visits), asked)
            if bought:
                self.cohorts.buy(str(self.visits), bought)
        return now


@cache
def _played(seconds: int, seed: int) -> bytes:
    watching = Watching(SimulatedApplication(np.random.default_rng(seed)))
    assert watching.play(seconds) == (0, [])
    return pickle.dumps(watching)
