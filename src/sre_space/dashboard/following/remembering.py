"""Completes Scout's reports where not all rows fit into one: the others are those of the last minute."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sre_space.domain.detectors import (
    DetectorReport,
    DetectorsReport,
    DetectorState,
    JourneyReport,
    ServiceReport,
    by_urgency,
)

K = TypeVar("K")
R = TypeVar("R")
SECOND = 10**9
REMEMBERED_NS = 60 * SECOND


@dataclass
class Rows:
    """The newest row of each detector, journey and service, with the time of its report (Unix ns)."""

    detectors: dict[object, tuple[int, DetectorReport]] = field(default_factory=dict)
    journeys: dict[str, tuple[int, JourneyReport]] = field(default_factory=dict)
    services: dict[str, tuple[int, ServiceReport]] = field(default_factory=dict)

    def completed(self, report: DetectorsReport) -> DetectorsReport:
        """Return the report with the rows that it had no space for, as far as they were told lately."""
        self.detectors = _kept(self.detectors, report.at)
        complete = {state for state in DetectorState if not report.left_out.get(state.value)}
        self.detectors = {of: row for of, row in self.detectors.items() if row[1].state not in complete}
        self.journeys, self.services = _kept(self.journeys, report.at), _kept(self.services, report.at)
        self.detectors |= {one.identity: (report.at, one) for one in report.detectors}
        self.journeys |= {one.journey: (report.at, one) for one in report.journeys}
        self.services |= {one.service: (report.at, one) for one in report.services}
        detectors = sorted((row for _, row in self.detectors.values()), key=by_urgency)
        return replace(
            report,
            detectors=tuple(detectors),
            left_out=_still_left_out(report, detectors),
            journeys=tuple(row for _, row in self.journeys.values()),
            services=tuple(row for _, row in self.services.values()),
        )


def _kept(rows: dict[K, tuple[int, R]], now: int) -> dict[K, tuple[int, R]]:
    return {of: row for of, row in rows.items() if 0 <= now - row[0] <= REMEMBERED_NS}


def _still_left_out(report: DetectorsReport, known: list[DetectorReport]) -> dict[str, int]:
    """Return how many detectors of each state are not known at all."""
    found = Counter(one.state for one in known)
    left = {state: count - found[state] for state, count in report.counts.items()}
    others = {state: count for state, count in report.left_out.items() if state not in left}  # of a newer Scout
    return {state: count for state, count in left.items() if count > 0} | others
