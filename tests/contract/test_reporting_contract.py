"""`ports.reporting` over OpenTelemetry and over the double: nothing is raised, and a fact told twice is the same."""

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.doubles import ADAPTER, BOTH
from support.world import Spans

from sre_space.adapters.otel_reporter import OtelReporter
from sre_space.domain.detectors import Report
from sre_space.domain.facts import Agent, Confirmation, Fact, Step
from sre_space.ports.reporting import Reporter

INCIDENT = "01KAVV8W3J4N9V7T3Y6B0ZQ2XH"
ROOT, NEXT = "ab" * 32, "cd" * 32
FACT = Fact(INCIDENT, "local/x", 7, 1, ROOT, Step.CONFIRM, 1, 3_000, Confirmation("Status: Fixed"))


class Told:
    """A reporter, and the spans that it made so far, each by a name of its own."""

    def __init__(self, adapter: bool) -> None:
        self.exported, self.double = InMemorySpanExporter(), Spans()
        spans = SimpleSpanProcessor(self.exported)
        self.adapter = OtelReporter(Agent.FIXER, spans, InMemoryMetricReader()) if adapter else None
        self.reporter: Reporter = self.adapter or self.double

    def spans(self) -> list[object]:
        """In the order in which they were told."""
        if self.adapter is None:
            return list(self.double.told)
        return [one.context.span_id for one in self.exported.get_finished_spans() if one.context is not None]


@pytest.fixture(params=BOTH)
def told(request: pytest.FixtureRequest) -> Told:
    """Nothing was reported."""
    return Told(request.param == ADAPTER)


def test_a_fact_that_is_told_twice_is_the_same_span_and_the_opening_one_another(told: Told) -> None:
    told.reporter.recorded(FACT, ROOT, ROOT, 1_000)
    told.reporter.recorded(FACT, NEXT, ROOT, 2_000)
    told.reporter.recorded(FACT, NEXT, ROOT, 2_000)

    opening, one, again = told.spans()
    assert one == again != opening
    if told.adapter:
        told.adapter.close()


def test_whatever_is_told_nothing_is_raised(told: Told) -> None:
    told.reporter.recorded(FACT, NEXT, ROOT, FACT.at + 1)
    told.reporter.dismissed("unsigned")
    told.reporter.dropped("too large", 3)
    told.reporter.waiting(0, 0)
    told.reporter.clock(-1e9)
    told.reporter.budget("buy", 7.5)
    told.reporter.detectors(Report(1, ()))
    if told.adapter:
        told.adapter.close()
