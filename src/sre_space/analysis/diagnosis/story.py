"""What a person reads with a diagnosis: the chain from cause to symptom, the map of services, the slowest trace."""

from collections.abc import Mapping, Sequence

import numpy as np

from sre_space.analysis.diagnosis.changes import Charge
from sre_space.analysis.diagnosis.graph import CallGraph
from sre_space.analysis.diagnosis.ranking import Suspect
from sre_space.analysis.diagnosis.result import ChainStep, MapEdge, WaterfallRow
from sre_space.analysis.diagnosis.tables import ERROR, ROOT, Ints
from sre_space.analysis.diagnosis.window import Window
from sre_space.domain.diagnosis import Evidence

ROWS = 40  # the number of rows of a waterfall
TOO_SHORT = 0.01  # of the trace: shorter spans are not drawn
VICTIMS = 3  # the number of victims in a chain without spans


def chain_of(
    suspects: Sequence[Suspect], incident: Window, guilty: Charge | None, graph: CallGraph
) -> tuple[tuple[ChainStep, ...], list[Evidence]]:
    """Return the chain from the change and the first cause up to where requests come in, and its further evidence."""
    if not suspects:
        return (), []
    best = suspects[0]
    steps: list[ChainStep] = []
    extra: list[Evidence] = []
    if guilty is not None:
        change = guilty.change
        item = Evidence(
            f"change:{change.id}",
            f"{change.kind or 'change'} of {change.service or 'nobody says where'}: {change.summary}",
        )
        extra.append(item)
        steps.append(ChainStep(f"{change.id} changed {change.service or 'something'}: {change.summary}", (item.id,)))
    first = best.findings[0]
    steps.append(ChainStep(first.evidence.statement, (first.evidence.id,)))
    rows = next((finding.rows for finding in best.findings if finding.rows), ())
    if rows:
        cited = {finding.evidence.id: finding.evidence.statement for finding in best.findings}
        more, items = _upward(rows[0], incident, cited)
        return (*steps, *more), extra + items
    above = _victims(suspects, graph)
    extra += [victim.findings[0].evidence for victim in above]
    return (*steps, *(_depends(victim, best) for victim in above)), extra


def _upward(row: int, incident: Window, cited: Mapping[str, str]) -> tuple[list[ChainStep], list[Evidence]]:
    """Return a step for each caller of the span in `row`, up to the root, and the caller's span as evidence.

    Spans of two services may share an id (`cited`, with what it says): then the second bears its service's name too.
    """
    spans = incident.spans
    steps, items = [], []
    below = spans.names[spans.service[row]]
    up = int(spans.parent[row])
    while up != ROOT:
        service = spans.names[spans.service[up]]
        if service != below:
            failed = "failed" if spans.status[up] == ERROR else "waited"
            statement = (
                f"{service} {failed} at `{spans.names[spans.operation[up]]}` ({spans.duration[up] / 1e6:.0f} ms)"
            )
            id = f"span:{spans.id_of(up)}"
            item = Evidence(id if cited.get(id, statement) == statement else f"{id}/{service}", statement)
            items.append(item)
            steps.append(ChainStep(f"{statement} for {below}", (item.id,)))
            below = service
        up = int(spans.parent[up])
    return steps, items


def _victims(suspects: Sequence[Suspect], graph: CallGraph) -> list[Suspect]:
    """Return the other suspects whose calls lead to the first."""
    best = suspects[0].service
    return [suspect for suspect in suspects[1:] if graph.reaches(suspect.service, best)][:VICTIMS]


def _depends(victim: Suspect, best: Suspect) -> ChainStep:
    first = victim.findings[0].evidence
    return ChainStep(f"{victim.service} depends on {best.service}: {first.statement}", (first.id,))


def map_of(graph: CallGraph) -> tuple[MapEdge, ...]:
    """Return the edges of the call graph."""
    return tuple(MapEdge(caller, callee, count) for (caller, callee), count in sorted(graph.calls.items()))


def waterfall_of(suspects: Sequence[Suspect], incident: Window) -> tuple[WaterfallRow, ...]:
    """Return the slowest trace with spans of the first suspect's strongest finding, these marked as culprits."""
    rows = next((finding.rows for suspect in suspects[:1] for finding in suspect.findings if finding.rows), ())
    if not rows:
        return ()
    spans = incident.spans
    traces = spans.trace[np.array(rows)]
    slowest = traces[np.argmax(incident.trace_time[traces])]
    first, last = np.searchsorted(spans.trace, (slowest, slowest + 1))
    culprits = set(rows)
    kept = culprits.union(*(_ancestors(row, incident) for row in rows))
    shown = [row for row in _in_tree(np.arange(first, last), incident) if row in kept or _counts(row, incident)]
    if len(shown) > ROWS:
        length = incident.shape.length
        ranked = sorted(shown, key=lambda row: (row not in kept, -int(length[row])))
        chosen = set(ranked[: max(ROWS, len(kept))])
        shown = [row for row in shown if row in chosen]
    return tuple(_row(row, incident, int(first), culprits) for row in shown)


def _ancestors(row: int, incident: Window) -> list[int]:
    ancestors = []
    up = int(incident.spans.parent[row])
    while up != ROOT:
        ancestors.append(up)
        up = int(incident.spans.parent[up])
    return ancestors


def _counts(row: int, incident: Window) -> bool:
    """Return True for spans that failed or took at least a hundredth of the trace."""
    spans = incident.spans
    long = spans.duration[row] >= TOO_SHORT * incident.trace_time[spans.trace[row]]
    return bool(long or spans.status[row] == ERROR)


def _row(row: int, incident: Window, first: int, culprits: set[int]) -> WaterfallRow:
    spans = incident.spans
    return WaterfallRow(
        depth=len(_ancestors(row, incident)),
        service=spans.names[spans.service[row]],
        operation=spans.names[spans.statement[row] or spans.operation[row]],
        start=int(spans.start[row] - spans.start[first]),
        duration=int(spans.duration[row]),
        own=int(incident.shape.own[row]),
        failed=bool(spans.status[row] == ERROR),
        culprit=row in culprits,
    )


def _in_tree(rows: Ints, incident: Window) -> list[int]:
    """Return parents before their children, siblings by start."""
    inside = set(rows.tolist())
    children: dict[int, list[int]] = {}
    for row in rows.tolist():
        up = int(incident.spans.parent[row])
        children.setdefault(up if up in inside else ROOT, []).append(row)
    ordered: list[int] = []
    ahead = list(reversed(children.get(ROOT, [])))
    while ahead:
        row = ahead.pop()
        ordered.append(row)
        ahead.extend(reversed(children.get(row, [])))
    return ordered
