"""Which services a cause affects, by their own spans: the spans above the culprit's, each its own service's.

A failure or a delay that no service above it shows is no reason to change anybody's configuration; and a service that
lies about a call inside of a real request cannot make the spans of its callers fail or last.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from sre_space.analysis.diagnosis.ranking import Suspect
from sre_space.analysis.diagnosis.selftime import Part
from sre_space.analysis.diagnosis.tables import ERROR, ROOT
from sre_space.analysis.diagnosis.window import Window

USUAL = 0.95  # the quantile of a group's healthy durations beyond which a span lasts


def affected_by(suspect: Suspect, incident: Window, baselines: Sequence[Window]) -> tuple[str, ...] | None:
    """Return the other services of which most spans above the suspect's worst fail or last; None without spans.

    The worst spans are those of its strongest finding that has any: a weak finding beside it affects hardly anybody.
    """
    rows = next((finding.rows for finding in suspect.findings if finding.rows), ())
    if not rows:
        return None
    affected: dict[str, list[bool]] = defaultdict(list)
    told = {row for row in rows if incident.shape.part[row] == Part.CALL}  # only the caller's word for the suspect
    for row in sorted(set().union(*(_up(row, incident) for row in rows)) - told):
        affected[incident.spans.names[incident.spans.service[row]]].append(_is_affected(row, incident, baselines))
    return tuple(
        sorted(name for name, each in affected.items() if name != suspect.service and 2 * sum(each) >= len(each))
    )


def _up(row: int, incident: Window) -> set[int]:
    """Return the span and its ancestors, which wait for it."""
    ancestors = set()
    while row != ROOT:
        ancestors.add(row)
        row = int(incident.spans.parent[row])
    return ancestors


def _is_affected(row: int, incident: Window, baselines: Sequence[Window]) -> bool:
    """Return True for a span that failed, or took longer than nearly all spans of its group do in health."""
    spans = incident.spans
    if spans.status[row] == ERROR:
        return True
    group = incident.groups.keys[int(incident.groups.of[row])]
    usual = [
        window.spans.duration[window.groups.rows(window.groups.number[group])]
        for window in baselines
        if group in window.groups.number
    ]
    return bool(usual) and bool(spans.duration[row] > np.quantile(np.concatenate(usual), USUAL))
