"""What the traces say when every service answers: the Brain's door to the diagnosis engine.

The window of the incident is compared with the healthy minute before it; the engine is `analysis/diagnosis`, the one
that `sre-space diagnose` uses on files.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sre_space.analysis.diagnosis.building import SpanBuilder
from sre_space.analysis.diagnosis.engine import diagnose
from sre_space.analysis.diagnosis.tables import Telemetry, no_logs, no_metrics
from sre_space.domain.case import Case
from sre_space.domain.facts import Cause, Diagnosis
from sre_space.domain.telemetry import Span
from sre_space.ports.traces import Traces
from sre_space.wire.domain_columns import add_span_values

SECOND = 10**9
BASELINE_NS = 60 * SECOND
APART_NS = 5 * SECOND  # between the windows: a symptom may be dated too late
TRACES = 1000
STATEMENTS = 300  # characters of one piece of evidence; a fact must stay small


@dataclass(frozen=True)
class Inquest:
    """Reads the traces of everybody who calls, which are those of the journey."""

    traces: Traces
    caller: str

    async def hold(self, case: Case, now: int, known: Collection[str]) -> Diagnosis:
        """The engine's answer on [first symptom, now), of `known` services alone."""
        since = min(symptom.since for symptom in case.detection.symptoms) - SECOND
        incident = await self.traces.window(self.caller, since, now, TRACES)
        usual = await self.traces.window(self.caller, since - APART_NS - BASELINE_NS, since - APART_NS, TRACES)
        found = diagnose(_telemetry(incident), [_telemetry(usual)] if usual else [])
        causes = tuple(cause for cause in found.causes if cause.service in known)
        return _short(Diagnosis(found.verdict, causes, found.evidence))


def _telemetry(spans: Collection[Span]) -> Telemetry:
    builder = SpanBuilder()
    add_span_values(spans, builder)
    return Telemetry(builder.table(), no_metrics(), no_logs())


def _short(diagnosis: Diagnosis) -> Diagnosis:
    """Only what the causes cite, each cut to a length."""
    cited = {id for cause in diagnosis.causes for id in cause.evidence}
    kept = [type(one)(one.id, one.statement[:STATEMENTS]) for one in diagnosis.evidence if one.id in cited]
    return Diagnosis(diagnosis.verdict, diagnosis.causes, tuple(kept))


def told(cause: Cause) -> str:
    """A cause in a line."""
    at = f" at `{cause.operation}`" if cause.operation else ""
    return f"{cause.service}: {cause.kind}{at}"
