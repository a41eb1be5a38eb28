"""The agents' own telemetry over OTLP: fulfils `ports.reporting.Reporter`.

The incident's ULID is the trace id (both have 128 bits) and a fact's digest is its span id, so the four agents write
one trace without coordination, and reporting a fact twice changes nothing.
"""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanContext, TraceFlags
from ulid import ULID

from sre_space.domain.detectors import DetectorReport, DetectorsReport
from sre_space.domain.facts import Action, Agent, Decision, Fact, Verification

EXPORT_EVERY_MS = 500
DETECTORS_EVERY_MS = 5_000
REPORT_HOLDS_S = 5.0  # as long as Fixer accepts it as evidence
EXPORT_TIMEOUT_S = 2.0


class OtelReporter:
    """The exporter of an agent's spans and metrics, as service `sre-<agent>`."""

    def __init__(
        self,
        agent: Agent,
        spans: SpanProcessor,
        metrics: MetricReader,
        detectors: MetricReader | None = None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resource = Resource({"service.name": f"sre-{agent}"})
        self._spans = spans
        self._providers = [MeterProvider([metrics], self._resource)]
        self._now = {"open": 0, "overdue": 0}
        self._spent: dict[str, float] = {}
        self._offset = 0.0
        self._steady = steady
        self._report: DetectorsReport | None = None
        self._reported = 0.0
        if detectors is not None:
            self._show_detectors(detectors)
        meter = self._providers[0].get_meter("sre_space")
        self._facts = meter.create_counter("sre_space.facts", "{fact}", "facts recorded")
        self._void = meter.create_counter("sre_space.void_facts", "{text}", "footers and commands that do not count")
        self._dropped = meter.create_counter(
            "sre_space.dropped_telemetry", "{item}", "telemetry that was not read or not sent"
        )
        self._seconds = meter.create_histogram("sre_space.step.duration", "s", "from the previous fact to this one")
        meter.create_observable_gauge("sre_space.incidents", [self._observe], "{incident}", "open incidents")
        meter.create_observable_gauge(
            "sre_space.clock.offset", [lambda _: [Observation(self._offset)]], "s", "own clock ahead of the others'"
        )
        meter.create_observable_gauge(
            "sre_space.error_budget.spent", [lambda _: self._budgets()], "1", "share of the journey's error budget"
        )

    @classmethod
    def to(cls, endpoint: str, agent: Agent) -> "OtelReporter":
        """Return a reporter that exports to `endpoint` (OTLP over gRPC) twice a second; its errors are not logged."""
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        spans = OTLPSpanExporter(endpoint, insecure=True, timeout=EXPORT_TIMEOUT_S)
        return cls(
            agent,
            BatchSpanProcessor(spans, schedule_delay_millis=EXPORT_EVERY_MS),
            _exporting(endpoint, EXPORT_EVERY_MS),
            _exporting(endpoint, DETECTORS_EVERY_MS) if agent is Agent.SCOUT else None,
        )

    def recorded(self, fact: Fact, digest: str, root: str, begun: int) -> None:
        """Export a fact as a span from `begun` to the fact's time (Unix ns), a child of the opening fact (`root`)."""
        self._facts.add(1, {"step": fact.step.value})
        self._seconds.record(max(0, fact.at - begun) / 1e9, {"step": fact.step.value})
        parent = None if digest == root else _context(fact, root)
        self._spans.on_end(
            ReadableSpan(
                name=fact.step.value,
                context=_context(fact, digest),
                parent=parent,
                resource=self._resource,
                attributes=_attributes(fact),
                start_time=min(begun, fact.at),
                end_time=fact.at,
            )
        )

    def dismissed(self, reason: str) -> None:
        """Count a footer or command that was not accepted, by reason."""
        self._void.add(1, {"reason": reason})

    def dropped(self, reason: str, count: int) -> None:
        """Count telemetry that was dropped, by reason."""
        self._dropped.add(count, {"reason": reason})

    def waiting(self, cases: int, overdue: int) -> None:
        """Set the gauge of open incidents: all of them, and those that are overdue."""
        self._now = {"open": cases, "overdue": overdue}

    def clock(self, offset: float) -> None:
        """Set the gauge of the clock offset, in seconds."""
        self._offset = offset

    def budget(self, journey: str, spent: float) -> None:
        """Set the gauge of a journey's spent error budget (share of the whole budget)."""
        self._spent[journey] = spent

    def _budgets(self) -> list[Observation]:
        return [Observation(spent, {"journey": journey}) for journey, spent in tuple(self._spent.items())]

    def detectors(self, report: DetectorsReport) -> None:
        """Set the detectors' gauges, which disappear after `REPORT_HOLDS_S`, when Scout has stopped evaluating."""
        self._report, self._reported = report, self._steady()

    def close(self) -> None:
        """Export pending spans and metrics, and stop."""
        self._spans.shutdown()
        for provider in self._providers:
            provider.shutdown()

    def _show_detectors(self, reader: MetricReader) -> None:
        """Add the detectors' gauges, exported less often than the others since there are several per detector."""
        provider = MeterProvider([reader], self._resource)
        self._providers.append(provider)
        meter = provider.get_meter("sre_space")
        meter.create_observable_gauge(
            "sre_space.detector.state", [self._states], "1", "1 for the state that a detector is in"
        )
        for name in ("value", "threshold", "baseline"):
            meter.create_observable_gauge(
                f"sre_space.detector.{name}", [partial(self._numbers, name)], "1", f"{name} of a detector, in `unit`"
            )

    def _states(self, _: CallbackOptions) -> list[Observation]:
        return [Observation(1, {**_named(detector), "state": detector.state.value}) for detector in self._fresh()]

    def _numbers(self, name: str, _: CallbackOptions) -> list[Observation]:
        numbers = ((detector, getattr(detector, name)) for detector in self._fresh())
        return [
            Observation(number, {**_named(detector), "unit": detector.unit.value})
            for detector, number in numbers
            if number is not None
        ]

    def _fresh(self) -> Sequence[DetectorReport]:
        old = self._report is None or self._steady() - self._reported > REPORT_HOLDS_S
        return () if old or self._report is None else self._report.detectors

    def _observe(self, _: CallbackOptions) -> list[Observation]:
        return [Observation(count, {"state": state}) for state, count in self._now.items()]


def _exporting(endpoint: str, every_ms: int) -> MetricReader:
    exporter = OTLPMetricExporter(endpoint, insecure=True, timeout=EXPORT_TIMEOUT_S)
    return PeriodicExportingMetricReader(exporter, every_ms, EXPORT_TIMEOUT_S * 1000)


def _named(report: DetectorReport) -> dict[str, str]:
    return {"kind": report.kind.value, "subject": report.subject, "operation": report.operation}


def _context(fact: Fact, digest: str) -> SpanContext:
    trace_id, span_id = int(ULID.from_str(fact.incident)), int(digest[:16], 16)
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _attributes(fact: Fact) -> dict[str, str | int]:
    """Return the span attributes that identify a step; never free text."""
    known: dict[str, str | int] = {"sre.incident": fact.incident, "sre.issue": fact.issue, "sre.attempt": fact.attempt}
    match fact.payload:
        case Decision(diagnosis=diagnosis, remedy=remedy):
            return known | {"sre.verdict": diagnosis.verdict.value, "sre.remedy": remedy.command}
        case Action(result=result) | Verification(outcome=result):
            return known | {"sre.result": result.value}
        case _:
            return known
