"""More requests than in health at the place where they come in: then the services below are not to blame."""

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from sre_space.analysis.diagnosis.findings import Finding, Sense
from sre_space.analysis.diagnosis.graph import Graph
from sre_space.analysis.diagnosis.metric_words import Meaning
from sre_space.analysis.diagnosis.metrics import Shift
from sre_space.analysis.diagnosis.signals import charged
from sre_space.analysis.diagnosis.tables import ROOT, SpanTable
from sre_space.analysis.diagnosis.window import Window
from sre_space.domain.facts import CauseKind, Evidence

SURGE = 2.0  # times the usual rate
UNLIKELY = 0.01
LEAST = 30  # requests that make a rate


def load_findings(shifts: Sequence[Shift], graph: Graph) -> list[Finding]:
    """The surge at every service whose callers did not surge themselves and are not the ones that multiply it."""
    surges: dict[str, list[Shift]] = defaultdict(list)
    for shift in shifts:
        if shift.meaning is Meaning.TRAFFIC and shift.chance <= UNLIKELY and shift.now >= SURGE * max(shift.usual, math.ulp(1.0)):
            surges[charged(shift)].append(shift)
    called = {callee for _, callee in graph.calls}
    return [_finding(service, found[0]) for service, found in surges.items() if service not in called]


def span_load(incident: Window, baselines: Sequence[Window], harmed: bool) -> list[Finding]:
    """The surge of requests that traces show; more requests that are served well are no incident (`harmed`)."""
    now, usual = _arrivals(incident.spans), [_arrivals(window.spans) for window in baselines]
    found = []
    for service, rate in now.items() if harmed and usual else ():
        before = max(one.get(service, 0.0) for one in usual)
        if before > 0 and rate >= SURGE * before:
            told = f"{rate:.1f} requests a second come in at {service}, usually {before:.1f}"
            evidence = Evidence(f"load:{service}", told)
            harm = 1.0 - before / rate
            found.append(Finding(service, "", CauseKind.TRAFFIC, Sense.LOAD, harm, 0.0, evidence, int(incident.spans.start.min())))
    return found


def _arrivals(spans: SpanTable) -> dict[str, float]:
    """Requests a second by the service of the root span, of those with LEAST of them."""
    roots = np.flatnonzero((spans.parent == ROOT) & ~spans.orphan)
    seconds = (int(spans.start.max()) - int(spans.start.min())) / 1e9 if len(spans) else 0.0
    codes, counts = np.unique(spans.service[roots], return_counts=True)
    pairs = zip(codes.tolist(), counts.tolist(), strict=True)
    return {spans.names[code]: count / seconds for code, count in pairs if count >= LEAST and seconds > 0}


def _finding(service: str, shift: Shift) -> Finding:
    told = f"{shift.series.label} is {shift.now:.4g}, usually {shift.usual:.4g}: more comes in than in health"
    evidence = Evidence(f"metric:{shift.series.label}", told)
    return Finding(service, "", CauseKind.TRAFFIC, Sense.LOAD, shift.harm, shift.chance, evidence, shift.since)
