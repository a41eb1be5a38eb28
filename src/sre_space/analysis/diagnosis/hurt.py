"""Whom a cause hurts, by what these services tell themselves: the spans above the culprits', each its own service's.

A failure or a delay that nobody above it feels is no reason to change anybody's configuration; and a service that
lies about a call inside of a real request cannot make the spans of its callers fail or last.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from sre_space.analysis.diagnosis.ranking import Suspect
from sre_space.analysis.diagnosis.tables import ERROR, ROOT
from sre_space.analysis.diagnosis.window import Window

USUAL = 0.95  # of the spans of a group take no longer in health


def hurt_by(suspect: Suspect, incident: Window, baselines: Sequence[Window]) -> tuple[str, ...] | None:
    """Return the other services of which most spans above the suspect's worst ones fail or last; None without spans."""
    rows = {row for finding in suspect.findings for row in finding.rows}
    if not rows:
        return None
    ill: dict[str, list[bool]] = defaultdict(list)
    for row in sorted(set().union(*(_up(row, incident) for row in rows))):
        ill[incident.spans.names[incident.spans.service[row]]].append(_is_ill(row, incident, baselines))
    return tuple(sorted(name for name, each in ill.items() if name != suspect.service and 2 * sum(each) >= len(each)))


def _up(row: int, incident: Window) -> set[int]:
    """The span and those that wait for it."""
    found = set()
    while row != ROOT:
        found.add(row)
        row = int(incident.spans.parent[row])
    return found


def _is_ill(row: int, incident: Window, baselines: Sequence[Window]) -> bool:
    """True for a span that failed, or took longer than nearly all of its like do in health."""
    spans = incident.spans
    if spans.status[row] == ERROR:
        return True
    group = incident.groups.keys[int(incident.groups.of[row])]
    usual = [
        one.spans.duration[one.groups.rows(one.groups.number[group])] for one in baselines if group in one.groups.number
    ]
    return bool(usual) and bool(spans.duration[row] > np.quantile(np.concatenate(usual), USUAL))
