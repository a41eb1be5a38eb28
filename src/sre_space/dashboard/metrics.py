"""The metrics of agents and journeys in Prometheus' text format, from what the dashboard knows now."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from sre_space.dashboard.answers.base import SourceState, State
from sre_space.dashboard.answers.now import Now
from sre_space.dashboard.reading.known import Known

STATES = [state.value for state in State]


class _Snapshot(Collector):
    """One moment as a collector: nothing is kept between two scrapes."""

    def __init__(self, known: Known, view: Now) -> None:
        self.known, self.view = known, view

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; one that is not known is left out."""
        yield from self._agents()
        yield from self._journeys()
        yield from self._services()

    def _agents(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("sre_agent_up", "1 while the agent works, 0 while it does not", labels=["agent"])
        for agent in self.view.agents.agents:
            if agent.state in (State.WELL, State.FAILING):
                up.add_metric([agent.name], float(agent.state is State.WELL))
        yield up
        open_incidents = GaugeMetricFamily("sre_incidents_open", "open incidents", labels=["waits_for_person"])
        waiting = sum(loop.waits_for_person for loop in self.view.loops)
        open_incidents.add_metric(["true"], waiting)
        open_incidents.add_metric(["false"], len(self.view.loops) - waiting)
        if self.view.sources.record.state is SourceState.LIVE:
            yield open_incidents
        if self.known.halted is not None:
            yield GaugeMetricFamily("sre_halted", "1 while the kill switch is on", value=float(self.known.halted))
        age = self.view.sources.report.age_s
        if age is not None:
            yield GaugeMetricFamily("sre_scout_report_age_seconds", "age of Scout's newest report", value=age)
        if self.known.fresh:
            yield GaugeMetricFamily("sre_scout_blind", "1 while Scout is blind", value=float(self.known.blind))
        detectors = GaugeMetricFamily("sre_detectors", "Scout's detectors by state", labels=["state"])
        for state, count in self.view.detectors.items():
            detectors.add_metric([state], count)
        yield detectors

    def _journeys(self) -> Iterator[Metric]:
        attempts = CounterMetricFamily(
            "sre_journey_attempts", "attempts since Scout's start", labels=["journey", "good"]
        )
        steps = CounterMetricFamily(
            "sre_journey_customers", "customers since Scout's start", labels=["journey", "step"]
        )
        report = self.known.detectors
        for one in report.journeys if report else ():
            attempts.add_metric([one.journey, "true"], one.good, created=one.since / 1e9)
            attempts.add_metric([one.journey, "false"], one.bad, created=one.since / 1e9)
            steps.add_metric([one.journey, "asked"], one.asked, created=one.since / 1e9)
            steps.add_metric([one.journey, "bought"], one.bought, created=one.since / 1e9)
        yield attempts
        yield steps
        conversion = GaugeMetricFamily("sre_journey_conversion", "recent conversion, 0 to 1", labels=["journey"])
        budget = GaugeMetricFamily(
            "sre_journey_budget_left", "share of the error budget that is left", labels=["journey"]
        )
        for row in self.view.journeys:
            if row.shows == "conversion" and row.value is not None:
                conversion.add_metric([row.name], row.value)
            if row.objective is not None and row.objective.budget_left is not None:
                budget.add_metric([row.name], row.objective.budget_left)
        yield conversion
        yield budget

    def _services(self) -> Iterator[Metric]:
        state = GaugeMetricFamily("sre_service_state", "1 for the state that it is in", labels=["service", "state"])
        for row in self.view.services:
            for name in STATES:
                state.add_metric([row.name, name], float(row.state.value == name))
        yield state


def exposition(known: Known, view: Now) -> bytes:
    """Return the metrics as text."""
    return generate_latest(_Snapshot(known, view))
