"""The doctor's own telemetry: every incident is a trace, and the agents export metrics."""

from typing import Protocol

from sre_space.domain.detectors import DetectorsReport
from sre_space.domain.facts import Fact


class Reporter(Protocol):
    """Tells what this agent did. Reports are lost rather than waited for: no method MAY block or raise."""

    def recorded(self, fact: Fact, digest: str, root: str, begun: int) -> None:
        """A fact is on the forge: one span of the incident's trace, from `begun` (Unix ns) to `fact.at`.

        `digest` is the fact's, `root` the opening fact's: telling a fact twice MUST give the same span.
        """
        ...

    def dismissed(self, reason: str) -> None:
        """A text on an open issue carries a footer or a command and does not count; each is told once a process.

        So is an announced deployment that Git does not confirm, and each record of telemetry that is not authentic.

        `reason` comes from a small closed set, so that it can name a time series.
        """
        ...

    def dropped(self, reason: str, count: int) -> None:
        """So much telemetry, or so many records, were not taken in or could not be sent.

        `reason` comes from a small closed set, so that it can name a time series.
        """
        ...

    def waiting(self, cases: int, overdue: int) -> None:
        """How many incidents are open now, and for how many of them the agent whose turn it is missed its deadline."""
        ...

    def clock(self, offset: float) -> None:
        """How far this process's clock is ahead of the others' (seconds); 0 while it is right or nobody knows."""
        ...

    def budget(self, journey: str, spent: float) -> None:
        """The share of a journey's error budget that is spent; more than 1 when it is overdrawn."""
        ...

    def detectors(self, report: DetectorsReport) -> None:
        """What Scout's detectors say now; told once a second by the Scout that judges."""
        ...
