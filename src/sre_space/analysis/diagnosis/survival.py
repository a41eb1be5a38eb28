"""What went well under a change: requests of its service after it came into force and before the evidence began."""

from collections.abc import Mapping, Sequence

import numpy as np

from sre_space.analysis.diagnosis.changes import Survival, concerns
from sre_space.analysis.diagnosis.findings import Finding
from sre_space.analysis.diagnosis.ranking import LARGE, OWN, Suspect
from sre_space.analysis.diagnosis.tables import ERROR, Change, SpanTable
from sre_space.analysis.diagnosis.window import Window

REFUSED = 400  # HTTP codes from here on are no success


def survivals(
    changes: Sequence[Change], suspects: Sequence[Suspect], windows: Sequence[Window]
) -> Mapping[Change, Sequence[Survival]]:
    """For each deployment at a suspect: one for each of its large findings of which the beginning is known.

    Nothing large: nothing speaks against the deployment. Large, and nobody knows since when: it is not told of here.
    """
    found = {}
    for change in changes:
        suspect = next((one for one in suspects if concerns(change, one.service)), None) if change.applied else None
        if suspect is not None:
            large = [one for one in suspect.findings if one.sense in OWN and one.harm >= LARGE]
            dated = [_survival(change, one, windows) for one in large if one.since]
            if dated or not large:
                found[change] = dated
    return found


def _survival(change: Change, finding: Finding, windows: Sequence[Window]) -> Survival:
    served = sum(_served(window.spans, finding, change.settled) for window in windows) if change.settled else 0
    return Survival(finding.since, finding.harm, served)


def _served(spans: SpanTable, finding: Finding, since: int) -> int:
    """Traces that did what is ill now, from `since` (Unix ns) until it was, and neither failed nor were refused.

    What the service itself never did by that name is a caller's name for it: then all that it did counts.
    """
    ours = [code for code, name in enumerate(spans.names) if name == finding.service]
    what = [code for code, name in enumerate(spans.names) if name == finding.operation]
    theirs = np.isin(spans.service, ours)
    named = theirs & (np.isin(spans.operation, what) | np.isin(spans.statement, what))
    rows = named if finding.operation and named.any() else theirs
    rows = rows & (spans.start >= since) & (spans.start < finding.since)
    rows &= (spans.status != ERROR) & (spans.code < REFUSED)
    return len(np.unique(spans.trace[rows]))
