"""Innocent differences of telemetry alone: what is sampled, lost, shared, or dated wrongly on its way."""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace

from sre_evaluation.hostile.records import ERROR, Observed, Span
from sre_space.analysis.diagnosis.tables import INTERNAL, SERVER

Defect = Callable[[Observed, random.Random], None]
SLOW_MS = 1000.0  # of a trace that a tail sampler keeps


def _traces(observed: Observed) -> dict[str, list[Span]]:
    traces: dict[str, list[Span]] = defaultdict(list)
    for span in observed.spans:
        traces[span.trace].append(span)
    return traces


def _keep(observed: Observed, kept: Callable[[list[Span]], bool]) -> None:
    observed.spans = [span for spans in _traces(observed).values() if kept(spans) for span in spans]


def head_sampling(observed: Observed, chance: random.Random) -> None:
    """Keep a third of the traces."""
    _keep(observed, lambda _: chance.random() < 0.35)


def tail_sampling(observed: Observed, chance: random.Random) -> None:
    """Keep the traces that fail or are slow, and a third of the others."""
    _keep(
        observed,
        lambda spans: (
            any(span.status == ERROR or span.end - span.start > SLOW_MS for span in spans) or chance.random() < 0.35
        ),
    )


def errors_only(observed: Observed, chance: random.Random) -> None:  # noqa: ARG001 - the arguments of all defects
    """Keep failed spans and nothing else."""
    observed.spans = [span for span in observed.spans if span.status == ERROR]


def lost_spans(observed: Observed, chance: random.Random) -> None:
    """Lose one span in ten, in batches as exporters do."""
    kept, lost = [], 0
    for span in observed.spans:
        lost = lost - 1 if lost else chance.choice((0,) * 60 + (4, 8))
        kept += [] if lost else [span]
    observed.spans = kept


def lost_parents(observed: Observed, chance: random.Random) -> None:
    """Lose every span of kind CLIENT of some services: their callees' parents are missing."""
    services = sorted({span.service for span in observed.spans})
    blind = set(chance.sample(services, -(-len(services) // 5)))
    observed.spans = [span for span in observed.spans if span.service not in blind or span.kind in (SERVER, INTERNAL)]


def shared_ids(observed: Observed, chance: random.Random) -> None:
    """Let server spans share the id of their client span, as Zipkin's do, in some traces."""
    for spans in _traces(observed).values():
        if chance.random() < 0.15:
            known = {span.id: span for span in spans}
            shared = {span.id: span.parent for span in spans if span.kind == SERVER and span.parent in known}
            for span in spans:
                if span.id in shared:
                    span.id, span.parent = shared[span.id], known[span.parent].parent
                elif span.parent in shared:
                    span.parent = shared[span.parent]


def empty_ids(observed: Observed, chance: random.Random) -> None:
    """Lose the parent's id of some spans."""
    for span in observed.spans:
        if chance.random() < 0.03:
            span.parent = ""


def one_trace_for_many(observed: Observed, chance: random.Random) -> None:
    """Let a customer with a long session send one trace id with many requests."""
    ids = [*_traces(observed)]
    session = set(chance.sample(ids, len(ids) // 8))
    first = next((trace for trace in ids if trace in session), "")
    for span in observed.spans:
        span.trace = first if span.trace in session else span.trace


def askew(observed: Observed, chance: random.Random) -> None:
    """Set the clocks of some services ahead or back."""
    services = sorted({span.service for span in observed.spans})
    offsets = {name: chance.uniform(-400, 400) for name in chance.sample(services, -(-len(services) // 3))}
    for span in observed.spans:
        offset = offsets.get(span.service, 0.0)
        span.start, span.end = span.start + offset, span.end + offset
        span.exceptions = [(at + offset, text) for at, text in span.exceptions]
    for log in observed.logs:
        log.at += offsets.get(log.service, 0.0)


def reset_counters(observed: Observed, chance: random.Random) -> None:
    """Let the counters of a third of the instances begin anew in the middle (the process itself goes on)."""
    instances = sorted({point.instance for point in observed.points})
    reset = set(chance.sample(instances, len(instances) // 3))
    last: dict[tuple[str, str, object], tuple[float, int]] = {}
    points = []
    for point in observed.points:
        if point.instance in reset and point.form != "gauge":
            key = (point.instance, point.name, point.attributes)
            if point.at < observed.seconds * 500:
                last[key] = (point.value, point.count)
            else:
                value, count = last.get(key, (0.0, 0))
                point = replace(point, value=max(0.0, point.value - value), count=max(0, point.count - count))  # noqa: PLW2901
        points.append(point)
    observed.points = points


DEFECTS: Mapping[str, Defect] = {
    "head sampling": head_sampling, "lost spans": lost_spans, "lost parents": lost_parents, "shared ids": shared_ids,
    "empty ids": empty_ids, "one trace for many requests": one_trace_for_many, "clocks askew": askew,
    "counters that reset": reset_counters,
}  # fmt: skip
# Sampling by outcome is the same in health and in the incident: otherwise health itself would look like a fault.
EVERYWHERE: Mapping[str, Defect] = {"tail sampling": tail_sampling, "only failed spans": errors_only}
