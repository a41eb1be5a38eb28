"""Brain's interface to the diagnosis engine: gathers an incident's files, diagnoses them, and keeps them as a bundle.

The engine is `analysis/diagnosis`, which `sre-space diagnose` uses on files too; it sees nothing but the files, so that
the diagnosis can be repeated from the bundle.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sre_space.agents.brain.attempts import last_attempt_at, reconfigured_services, ruled_out_causes, ruled_out_commits
from sre_space.agents.brain.deployments import RecentDeployments
from sre_space.agents.brain.gathering import ENDED_PATIENCE_S, Gathering, GatheringPlan
from sre_space.agents.brain.gathering import PATIENCE_S as FAILURES_PATIENCE_S
from sre_space.agents.brain.healthy_time import Interval, healthy_windows
from sre_space.agents.brain.sources import PATIENCE_S, Sources
from sre_space.agents.unit_state import ended_services, memory_limits, service_states
from sre_space.analysis.detection.inhibition import AT_ONCE_NS
from sre_space.analysis.diagnosis.diagnose import diagnose_case
from sre_space.analysis.diagnosis.tables import Alert, Change, ServiceState
from sre_space.codec.case_files import (
    ALERT,
    CHANGES,
    INCIDENT,
    MISSING,
    OUTPUT,
    STATES,
    case_of,
    changes_file,
    states_file,
)
from sre_space.codec.changes import alert_file
from sre_space.domain.case import Case
from sre_space.domain.diagnosis import Cause, Diagnosis
from sre_space.domain.errors import SpaceError
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.bundles import Bundles
from sre_space.ports.clock import Clock
from sre_space.ports.probe import Probe
from sre_space.ports.runtime import Unit
from sre_space.ports.unit_output import UnitOutput
from sre_space.text.diagnosis_report import fact_of

log = logging.getLogger(__name__)

SECOND = 10**9
BASELINE_NS = 60 * SECOND
MARGIN_NS = SECOND  # a fault may begin before its symptom; a gap would lose the good requests in it
MAX_WINDOW_NS = 30 * SECOND  # from symptom to opening: a symptom of the error budget is dated far back
BASELINES = 3  # parts of the healthy minute: what also happened in one of them is no fault
USUAL_TRACES, TRACES = 90, 120  # of each baseline, and of the incident
OUTPUT_WITHIN_S = 1.0
OUTAGE_BASELINE_NS, OUTAGE_BEFORE_NS, OUTAGE_TRACES = 10 * SECOND, 2 * SECOND, 60


@dataclass(frozen=True)
class Investigation:
    """Diagnoses one incident at a time. A source of evidence has `patience_s` seconds to answer during an outage.

    `output` is read of services that are out; None where nobody reads it.
    """

    config: SpaceConfig
    gathering: Gathering
    deployments: RecentDeployments
    probe: Probe
    bundles: Bundles
    clock: Clock
    patience_s: float = field(default=PATIENCE_S, kw_only=True)
    output: UnitOutput | None = field(default=None, kw_only=True)

    async def diagnose(self, case: Case, units: Mapping[str, Unit], unhealthy: Sequence[Interval] = ()) -> Diagnosis:
        """Return the engine's diagnosis of everything since the incident began, or since the last remedy that failed.

        The `unhealthy` intervals (other incidents and pauses, Unix ns) are no baseline. While a service is out
        according to its runtime or its health probe, a source that does not answer is left out, and the diagnosis says
        so. Raise a `SpaceError` when a source that is needed does not answer.
        """
        now = self.clock.now()
        states = await service_states(self.config, units, self.probe, now)
        limits = memory_limits(self.config.services, units.values())
        sources = Sources(not any(state.unhealthy for state in states), self.patience_s)
        changes, gathered = await self._evidence(case, states, unhealthy, sources, now, limits=limits)
        ended = ended_services(self.config, units)
        files = gathered | self._context(case, states, changes, ended) | _missing(sources)
        files |= await self._output(states)
        read = self.clock.now()
        # In a thread: a blocked event loop counts as a pause of the process.
        report = await asyncio.to_thread(lambda: diagnose_case(case_of(files)))
        concluded = self.clock.now()
        diagnosis = fact_of(report, await self._keep(files))
        size = sum(map(len, files.values()))
        seconds = [round(ns / SECOND, 3) for ns in (read - now, concluded - read, self.clock.now() - concluded)]
        log.info(
            "issue %d: %s; gathered %d bytes, concluded and kept in %s s", case.issue, report.verdict, size, seconds
        )
        return diagnosis

    async def _output(self, states: Sequence[ServiceState]) -> dict[str, bytes]:
        """Return what the services that are out wrote last, which a restart may take away.

        People read it; the engine does not. What does not answer in time is left out.
        """
        out = [state.service for state in states if state.unhealthy and self.config.services[state.service].has_runtime]
        written = await asyncio.gather(*(self._written_by(service) for service in out))
        return {f"{INCIDENT}{OUTPUT}{service}.log": text for service, text in zip(out, written, strict=True) if text}

    async def _written_by(self, service: str) -> bytes:
        if self.output is None:
            return b""
        try:
            async with asyncio.timeout(OUTPUT_WITHIN_S):
                return await self.output.newest(self.config.services[service].unit)
        except (SpaceError, TimeoutError) as error:
            log.warning("what %s wrote is not in the bundle: %r", service, error)
            return b""

    async def _keep(self, files: Mapping[str, bytes]) -> str:
        """Store the files as a bundle and return its name.

        Return "" when it cannot be stored: the diagnosis stands all the same.
        """
        try:
            return await self.bundles.keep(files)
        except SpaceError as error:
            log.error("the bundle of a diagnosis cannot be stored, so the diagnosis cannot be repeated: %s", error)
            return ""

    async def _evidence(
        self,
        case: Case,
        states: Sequence[ServiceState],
        unhealthy: Sequence[Interval],
        sources: Sources,
        now: int,
        *,
        limits: Mapping[str, int],
    ) -> tuple[Sequence[Change], dict[str, bytes]]:
        """Return the deployments before the incident and the gathered files.

        Where every source is needed (a service is slow or fails), the deployments are read first, since they decide
        which windows are compared.
        """
        deployments = sources.ask(
            "deployments", self.deployments.before(case.chain[0].fact.at, now, ruled_out_commits(case)), ()
        )
        services = tuple(self.config.services)
        if sources.needed:
            changes = await deployments
            attempted = await self._attempted(case, now)
            plan = plan_of(case, states, unhealthy, changes, attempted)
            return changes, await self.gathering.gather(self._plan(case, plan, limits), services, sources)
        plan = self._plan(case, plan_of(case, states, unhealthy), limits)
        return await asyncio.gather(deployments, self.gathering.gather(plan, services, sources))

    def _plan(self, case: Case, plan: GatheringPlan, limits: Mapping[str, int]) -> GatheringPlan:
        """Return the plan with the callers of the journeys that the incident concerns, and the memory limits."""
        concerned = {symptom.service for symptom in case.detection.symptoms}
        return replace(plan, callers=self.config.callers(concerned), limits=limits)

    async def _attempted(self, case: Case, now: int) -> int:
        """Return when the last remedy that failed, or its undoing, was in force (Unix ns); 0 without one."""
        last = last_attempt_at(case)
        return max(last, await self.deployments.settled_since(case.chain[0].fact.at, last, now)) if last else 0

    def _context(
        self, case: Case, states: Sequence[ServiceState], changes: Sequence[Change], ended: Collection[str]
    ) -> dict[str, bytes]:
        """Return the files that say what is known already: the alert, the state of each service, and the changes."""
        symptom, services = case.detection.symptoms[0], tuple(self.config.services)
        reconfigured = reconfigured_services(case)
        alert = Alert(
            symptom.service, symptom.kind.value, symptom.detail, symptom.since, services, ruled_out_causes(case, ended)
        )
        return {
            INCIDENT + ALERT: alert_file(alert),
            INCIDENT + STATES: states_file(states),
            INCIDENT + CHANGES: changes_file([change for change in changes if change.service not in reconfigured]),
        }


def _missing(sources: Sources) -> dict[str, bytes]:
    """Return the file that lists the sources that were left out; no file when all answered."""
    lines = [" ".join(line.split()) for line in sources.notes]
    return {INCIDENT + MISSING: "\n".join(lines).encode()} if lines else {}


def plan_of(
    case: Case,
    states: Sequence[ServiceState],
    unhealthy: Sequence[Interval] = (),
    changes: Sequence[Change] = (),
    attempted: int = 0,
) -> GatheringPlan:
    """Return which windows to gather for the incident; nothing before `attempted` (Unix ns) is of the present fault.

    A service that is out is evidence enough: a few seconds of traces suffice, and a restart does not wait for a minute
    of data.
    """
    symptom = case.detection.symptoms[0]
    began = max(symptom.since, case.chain[0].fact.at - MAX_WINDOW_NS)
    first_seen = began if symptom.kind.is_dated_early else symptom.since
    healthy_until = min(case.detection.unseen or began, first_seen - MARGIN_NS)
    if any(state.unhealthy for state in states) or symptom.kind.is_seen_by_probes:
        end = began - OUTAGE_BEFORE_NS
        since = max(end, last_attempt_at(case))
        usual = healthy_windows(min(end, healthy_until), OUTAGE_BASELINE_NS, 1, unhealthy)
        patience_s = ENDED_PATIENCE_S if any(state.ended for state in states) else FAILURES_PATIENCE_S
        traces = OUTAGE_TRACES
        return GatheringPlan(usual, since, traces, traces, topics=False, awaits_failures=True, patience_s=patience_s)
    end, since = _around(began, changes)
    usual = healthy_windows(min(end, healthy_until), BASELINE_NS // BASELINES, BASELINES, unhealthy)
    return GatheringPlan(usual, max(since, attempted), USUAL_TRACES, TRACES, topics=True, awaits_failures=False)


def _around(began: int, changes: Sequence[Change]) -> Interval:
    """Return the end of the healthy time, and the start of the time in which to look for the fault (Unix ns).

    A symptom right after a deployment began with it: the healthy time ends before the deployment, and the restarts of
    the deployment belong to neither.
    """
    before = began - MARGIN_NS
    concurrent = [
        change
        for change in changes
        if change.applied and change.applied <= began <= max(change.applied, change.settled) + AT_ONCE_NS
    ]
    settled = [change.settled for change in concurrent if change.settled]
    return min([before, *(change.applied for change in concurrent)]), min([before, *settled])


def cause_line(cause: Cause) -> str:
    """Return a cause as one line: service, kind and operation."""
    at = f" at `{cause.operation}`" if cause.operation else ""
    return f"{cause.service}: {cause.kind}{at}"
