"""The port to the agents' own telemetry: every incident is a trace, and the agents export metrics."""

from typing import Protocol

from sre_space.domain.detectors import DetectorsReport
from sre_space.domain.facts import Fact


class Reporter(Protocol):
    """The exporter of one agent's spans and metrics; it drops data rather than waits: no method MAY block or raise."""

    def recorded(self, fact: Fact, digest: str, root: str, begun: int) -> None:
        """Report a fact on the forge as one span of the incident's trace, from `begun` (Unix ns) to `fact.at`.

        `digest` is the fact's, `root` the opening fact's: reporting a fact twice MUST give the same span.
        """
        ...

    def dismissed(self, reason: str) -> None:
        """Count one dismissed input: a text with a footer or a command on an open issue that does not count.

        Each text is reported once per process. Also dismissed are announced deployments that Git does not confirm, and
        telemetry records that are not authentic. `reason` comes from a small closed set, so that it can label a metric.
        """
        ...

    def dropped(self, reason: str, count: int) -> None:
        """Count telemetry items or records that were dropped on reception or could not be sent.

        `reason` comes from a small closed set, so that it can label a metric.
        """
        ...

    def waiting(self, cases: int, overdue: int) -> None:
        """Report how many incidents are open, and for how many of them the owner of the due step is overdue."""
        ...

    def clock(self, offset: float) -> None:
        """Report by how many seconds this machine's clock is ahead of the others; 0 while it is right or unknown."""
        ...

    def budget(self, journey: str, spent: float) -> None:
        """Report the spent share of a journey's error budget; more than 1 when it is exhausted."""
        ...

    def detectors(self, report: DetectorsReport) -> None:
        """Report the state of Scout's detectors; called once a second by the active Scout."""
        ...
