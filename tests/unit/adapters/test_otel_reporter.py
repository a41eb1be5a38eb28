"""The agents' telemetry: an incident is one trace, whichever agent reports its steps and however often."""

import json

from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext
from ulid import ULID

from sre_space.adapters.otel_reporter import REPORT_HOLDS_S, OtelReporter
from sre_space.domain.detectors import DetectorReport, DetectorsReport, DetectorState
from sre_space.domain.facts import Agent, Confirmation, Fact, Outcome, Step, Verification
from sre_space.domain.symptoms import JourneyCount, SymptomKind

INCIDENT = ULID.from_str("01KAVV8W3J4N9V7T3Y6B0ZQ2XH")
ROOT, NEXT = "ab" * 32, "cd" * 32


def fact(step: Step, at: int) -> Fact:
    """Return a fact of the incident for this step and time."""
    payload = (
        Confirmation("Status: Fixed")
        if step is Step.CONFIRM
        else Verification(Outcome.RECOVERED, JourneyCount(30, 0, 0, 1), 0.9, 1.0, 3, 5, "")
    )
    return Fact(str(INCIDENT), "local/x", 7, 1, ROOT, step, 1, at, payload)


def context(found: SpanContext | None) -> SpanContext:
    """Return the context of a span after checking that it has one."""
    assert found is not None
    return found


def test_two_agents_and_a_repeated_report_make_one_trace_of_two_spans() -> None:
    exporter = InMemorySpanExporter()
    scout, fixer = (
        OtelReporter(agent, SimpleSpanProcessor(exporter), InMemoryMetricReader())
        for agent in (Agent.SCOUT, Agent.FIXER)
    )
    scout.recorded(fact(Step.VERIFY, 2_000), ROOT, ROOT, 1_000)
    fixer.recorded(fact(Step.CONFIRM, 3_000), NEXT, ROOT, 2_000)
    fixer.recorded(fact(Step.CONFIRM, 3_000), NEXT, ROOT, 2_000)

    root, child, again = exporter.get_finished_spans()
    assert {context(span.context).trace_id for span in (root, child, again)} == {int(INCIDENT)}
    assert context(child.parent).span_id == context(root.context).span_id
    assert context(child.context).span_id == context(again.context).span_id
    assert (root.parent, root.name, child.name) == (None, "verify", "confirm")
    assert (child.start_time, child.end_time) == (2_000, 3_000)
    assert root.resource.attributes["service.name"] == "sre-scout"
    assert dict(root.attributes or {})["sre.result"] == "RECOVERED"
    scout.close()
    fixer.close()


def test_the_spent_error_budget_is_a_metric_once_it_is_known() -> None:
    reader = InMemoryMetricReader()
    reporter = OtelReporter(Agent.SCOUT, SimpleSpanProcessor(InMemorySpanExporter()), reader)
    assert reader.get_metrics_data() is None or "error_budget" not in str(reader.get_metrics_data())
    reporter.budget("buy-insurance", 0.25)

    data = reader.get_metrics_data()

    assert data is not None
    (scope,) = json.loads(data.to_json())["resource_metrics"][0]["scope_metrics"]
    [point] = next(one for one in scope["metrics"] if one["name"] == "sre_space.error_budget.spent")["data"][
        "data_points"
    ]
    assert (point["attributes"], point["value"]) == ({"journey": "buy-insurance"}, 0.25)
    reporter.close()


def test_open_and_overdue_incidents_and_recorded_facts_are_metrics() -> None:
    reader = InMemoryMetricReader()
    reporter = OtelReporter(Agent.SCOUT, SimpleSpanProcessor(InMemorySpanExporter()), reader)
    reporter.recorded(fact(Step.VERIFY, 3_000_000_000), ROOT, ROOT, 1_000_000_000)
    reporter.waiting(3, 1)
    for reason in ("a later duplicate", "no valid signature", "a later duplicate"):
        reporter.dismissed(reason)

    for reason, count in (("an event time in the future", 3), ("too large", 1), ("an event time in the future", 4)):
        reporter.dropped(reason, count)

    data = reader.get_metrics_data()
    assert data is not None
    (scope,) = json.loads(data.to_json())["resource_metrics"][0]["scope_metrics"]
    points = {metric["name"]: metric["data"]["data_points"] for metric in scope["metrics"]}
    assert {one["attributes"]["state"]: one["value"] for one in points["sre_space.incidents"]} == {
        "open": 3,
        "overdue": 1,
    }
    assert [one["value"] for one in points["sre_space.facts"]] == [1]
    assert {one["attributes"]["reason"]: one["value"] for one in points["sre_space.void_facts"]} == {
        "a later duplicate": 2,
        "no valid signature": 1,
    }
    assert {one["attributes"]["reason"]: one["value"] for one in points["sre_space.dropped_telemetry"]} == {
        "an event time in the future": 7,
        "too large": 1,
    }
    assert [one["sum"] for one in points["sre_space.step.duration"]] == [2.0]
    reporter.close()


def test_scouts_report_is_gauges_for_as_long_as_it_is_news() -> None:
    now, reader = [100.0], InMemoryMetricReader()
    spans, others = SimpleSpanProcessor(InMemorySpanExporter()), InMemoryMetricReader()
    reporter = OtelReporter(Agent.SCOUT, spans, others, reader, lambda: now[0])
    fires = DetectorReport(SymptomKind.ERROR, "policy-service", DetectorState.FIRING, "POST", 1, 0.5, 0.01)
    reporter.detectors(DetectorsReport(1, (fires, DetectorReport(SymptomKind.SLO, "buy", DetectorState.UNKNOWN))))

    def points() -> dict[str, list[tuple[float, dict[str, str]]]]:
        data = reader.get_metrics_data()
        scopes = json.loads(data.to_json())["resource_metrics"][0]["scope_metrics"] if data else []
        told = {one["name"]: one["data"]["data_points"] for scope in scopes for one in scope["metrics"]}
        return {name: [(one["value"], one["attributes"]) for one in some] for name, some in told.items()}

    named, nobody = ({"kind": k, "subject": s, "operation": o} for k, s, o in (
        ("Error", "policy-service", "POST"), ("SLO", "buy", "")
    ))  # fmt: skip
    assert points() == {
        "sre_space.detector.state": [(1, named | {"state": "FIRING"}), (1, nobody | {"state": "UNKNOWN"})],
        "sre_space.detector.value": [(0.5, named | {"unit": "1"})],
        "sre_space.detector.threshold": [(0.01, named | {"unit": "1"})],
    }
    now[0] += REPORT_HOLDS_S + 1
    assert points() == {}
    assert "detector" not in str(others.get_metrics_data())
    reporter.close()
