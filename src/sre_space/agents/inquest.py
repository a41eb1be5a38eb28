"""The Brain's door to the diagnosis engine: gathers a case's files, asks, and keeps what was looked at.

The engine is `analysis/diagnosis`, the one that `sre-space diagnose` uses on files; it sees the files and nothing else,
so that the diagnosis can be repeated from the bundle.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.agents.deployments import RecentDeployments
from sre_space.agents.gathering import Gathering, Plan
from sre_space.agents.healthy_time import Window, healthy_parts
from sre_space.agents.sources import PATIENCE_S, Sources
from sre_space.agents.standing import ended_services, standing
from sre_space.agents.tried import disproved, last_tried, reverted, tuned
from sre_space.analysis.diagnosis.diagnose import diagnose_case
from sre_space.analysis.diagnosis.tables import Alert, Change, State
from sre_space.analysis.windows import AT_ONCE_NS
from sre_space.domain.case import Case
from sre_space.domain.chart import Chart
from sre_space.domain.diagnosis import Cause, Diagnosis
from sre_space.domain.errors import SpaceError
from sre_space.domain.symptoms import SymptomKind
from sre_space.ports.bundles import Bundles
from sre_space.ports.clock import Clock
from sre_space.ports.probe import Probe
from sre_space.ports.runtime import Unit
from sre_space.wire.case_files import ALERT, CHANGES, INCIDENT, MISSING, STATES, case_of, changes_file, states_file
from sre_space.wire.changes import alert_file
from sre_space.wire.diagnosis_text import fact_of

log = logging.getLogger(__name__)

SECOND = 10**9
BASELINE_NS = 60 * SECOND
APART_NS = SECOND  # what is ill may begin before its symptom; no gap, or what went well in it would be lost
LONGEST_NS = 30 * SECOND  # of an incident's window before it was opened; a burnt budget is dated far back
BASELINES = 3  # parts of the healthy minute: what one of them had too is no fault
USUAL_TRACES, TRACES = 90, 120  # of each part of health, and of the incident
OUTAGE_BASELINE_NS, OUTAGE_BEFORE_NS, OUTAGE_TRACES = 10 * SECOND, 2 * SECOND, 60


@dataclass(frozen=True)
class Inquest:
    """One question: what caused this case."""

    chart: Chart
    gathering: Gathering
    deployments: RecentDeployments
    probe: Probe
    bundles: Bundles
    clock: Clock
    patience_s: float = field(default=PATIENCE_S, kw_only=True)

    async def hold(self, case: Case, units: Mapping[str, Unit], ill: Sequence[Window] = ()) -> Diagnosis:
        """The engine's answer on everything since the incident began, or since the last remedy that failed.

        At `ill` times other incidents were open: they are no baseline. While a service is out by its runtime's or its
        probe's word, a source that does not answer is left out, and the diagnosis says so.
        """
        now = self.clock.now()
        states = await standing(self.chart, units, self.probe, now)
        sources = Sources(not any(state.sick for state in states), self.patience_s)
        changes, gathered = await self._asked(case, states, ill, sources, now)
        ended = ended_services(self.chart, units)
        files = gathered | self._told(case, states, changes, ended) | _missing(sources)
        read = self.clock.now()
        found = await asyncio.to_thread(lambda: diagnose_case(case_of(files)))  # a blocked loop is a pause
        concluded = self.clock.now()
        diagnosis = fact_of(found, await self._kept(files))
        size = sum(map(len, files.values()))
        seconds = [round(ns / SECOND, 3) for ns in (read - now, concluded - read, self.clock.now() - concluded)]
        log.info(
            "issue %d: %s; gathered %d bytes, concluded and kept in %s s", case.issue, found.verdict, size, seconds
        )
        return diagnosis

    async def _kept(self, files: Mapping[str, bytes]) -> str:
        """The bundle's name; "" when it could not be kept: a diagnosis is given all the same."""
        try:
            return await self.bundles.keep(files)
        except SpaceError as error:
            log.error("a diagnosis cannot be repeated from a bundle: %s", error)
            return ""

    async def _asked(
        self, case: Case, states: Sequence[State], ill: Sequence[Window], sources: Sources, now: int
    ) -> tuple[Sequence[Change], dict[str, bytes]]:
        """The deployments and the files; only where something is slow or fails do the deployments say where to look."""
        told = sources.ask("deployments", self.deployments.before(case.chain[0].fact.at, now, reverted(case)), ())
        services = tuple(self.chart.services)
        if sources.needed:
            changes = await told
            plan = plan_of(case, states, ill, changes, await self._attempted(case, now))
            return changes, await self.gathering.gather(plan, services, sources)
        return await asyncio.gather(told, self.gathering.gather(plan_of(case, states, ill), services, sources))

    async def _attempted(self, case: Case, now: int) -> int:
        """Return when the last remedy that did not end it, or its undoing, was in force (Unix ns); 0 without one."""
        last = last_tried(case)
        return max(last, await self.deployments.settled_since(case.chain[0].fact.at, last, now)) if last else 0

    def _told(
        self, case: Case, states: Sequence[State], changes: Sequence[Change], ended: Collection[str]
    ) -> dict[str, bytes]:
        first, retuned, services = case.detection.symptoms[0], tuned(case), tuple(self.chart.services)
        alert = Alert(first.service, first.kind.value, first.detail, first.since, services, disproved(case, ended))
        return {
            INCIDENT + ALERT: alert_file(alert),
            INCIDENT + STATES: states_file(states),
            INCIDENT + CHANGES: changes_file([one for one in changes if one.service not in retuned]),
        }


def _missing(sources: Sources) -> dict[str, bytes]:
    """The file that says what was left out; none when everything answered."""
    lines = [" ".join(line.split()) for line in sources.told]
    return {INCIDENT + MISSING: "\n".join(lines).encode()} if lines else {}


def plan_of(
    case: Case,
    states: Sequence[State],
    ill: Sequence[Window] = (),
    changes: Sequence[Change] = (),
    attempted: int = 0,
) -> Plan:
    """Return what to read; of the fault nothing before `attempted`, when the last remedy was in force (Unix ns).

    A service that is out accuses itself: a few seconds tell, no restart waits for a minute's data.
    """
    first = case.detection.symptoms[0]
    began = max(first.since, case.chain[0].fact.at - LONGEST_NS)
    unseen = case.detection.unseen or began
    if any(state.sick for state in states) or first.kind is SymptomKind.INFRASTRUCTURE:
        end = began - OUTAGE_BEFORE_NS
        since = max(end, last_tried(case))
        usual = healthy_parts(min(end, unseen), OUTAGE_BASELINE_NS, 1, ill)
        return Plan(usual, since, OUTAGE_TRACES, OUTAGE_TRACES, topics=False, awaits=True)
    end, since = _around(began, changes)
    usual = healthy_parts(min(end, unseen), BASELINE_NS // BASELINES, BASELINES, ill)
    return Plan(usual, max(since, attempted), USUAL_TRACES, TRACES, topics=True, awaits=False)


def _around(began: int, changes: Sequence[Change]) -> Window:
    """When health ended, and from when on to look at the fault.

    What showed right after a deployment began with it: health ended before, and its restarts belong to neither.
    """
    apart = began - APART_NS
    near = [
        one for one in changes if one.applied and one.applied <= began <= max(one.applied, one.settled) + AT_ONCE_NS
    ]
    settled = [one.settled for one in near if one.settled]
    return min([apart, *(one.applied for one in near)]), min([apart, *settled])


def told(cause: Cause) -> str:
    """A cause in a line."""
    at = f" at `{cause.operation}`" if cause.operation else ""
    return f"{cause.service}: {cause.kind}{at}"
