"""The call graph, from everything that names two services: spans, request metrics, and the messages of failures."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sre_space.analysis.diagnosis.tables import ROOT, MetricTable, SpanTable

MIN_LETTERS = 4  # a shorter service name is not searched for in texts


@dataclass(frozen=True)
class CallGraph:
    """The calls between services; `calls[caller, callee]` counts the observed ones."""

    calls: Mapping[tuple[str, str], int]
    services: tuple[str, ...]

    def callees(self, service: str) -> list[str]:
        """Return the services that a service calls."""
        return [callee for caller, callee in self.calls if caller == service]

    def entries(self) -> list[str]:
        """Return the services that call others and are called by none: where requests come in."""
        called = {callee for _, callee in self.calls}
        return sorted({caller for caller, _ in self.calls} - called)

    def with_calls(self, mentioned: Iterable[tuple[str, str]]) -> "CallGraph":
        """Return the graph with calls that texts name, too."""
        return _graph(Counter(self.calls) + Counter(mentioned), self.services)

    def reaches(self, service: str, other: str) -> bool:
        """Return True when calls lead from one service to the other."""
        seen, ahead = {service}, [service]
        while ahead:
            fresh = [callee for callee in self.callees(ahead.pop()) if callee not in seen]
            if other in fresh:
                return True
            seen.update(fresh)
            ahead.extend(fresh)
        return False


def graph_of(spans: Sequence[SpanTable], metrics: Sequence[MetricTable]) -> CallGraph:
    """Return the graph of every pair that a window's spans and metrics show."""
    calls: Counter[tuple[str, str]] = Counter()
    services: set[str] = set()
    for table in spans:
        calls.update(_span_calls(table))
        services.update(table.names[code] for code in np.unique(table.service))
    for metric in metrics:
        services.update(series.service for series in metric.index)
        calls.update(
            (series.source, series.destination) for series in metric.index if series.source and series.destination
        )
    return _graph(calls, services)


def _graph(calls: Mapping[tuple[str, str], int], services: Iterable[str]) -> CallGraph:
    named = {service for pair in calls for service in pair}
    others = {pair: count for pair, count in calls.items() if pair[0] != pair[1]}
    return CallGraph(others, tuple(sorted({*services, *named})))


def _span_calls(spans: SpanTable) -> dict[tuple[str, str], int]:
    child = np.flatnonzero(spans.parent != ROOT)
    used = np.unique(spans.service)
    place = np.zeros(len(spans.names), np.int64)
    place[used] = np.arange(len(used))
    pairs = place[spans.service[spans.parent[child]]] * len(used) + place[spans.service[child]]
    counts = np.bincount(pairs, minlength=len(used) ** 2)
    names = [spans.names[code] for code in used.tolist()]
    seen = [(*divmod(pair, len(used)), int(counts[pair])) for pair in np.flatnonzero(counts).tolist()]
    return {(names[caller], names[callee]): count for caller, callee, count in seen}


class Mentions:
    """Finds the services that a text names."""

    def __init__(self, services: Iterable[str]) -> None:
        known = sorted((name for name in services if len(name) >= MIN_LETTERS), key=len, reverse=True)
        self._pattern = re.compile("|".join(rf"(?<![\w-]){re.escape(name)}(?![\w-])" for name in known) or r"(?!)")

    def of(self, text: str, besides: str = "") -> list[str]:
        """Return the named services in the order of the text, without `besides`."""
        return [name for name in dict.fromkeys(self._pattern.findall(text)) if name != besides]
