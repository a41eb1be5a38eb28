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
    changes: Sequence[Change], suspects: Sequence[Suspect], windows: Sequence[Window], onset: int
) -> Mapping[Change, Sequence[Survival]]:
    """For each deployment at a suspect: one for each of its large findings of which the beginning is known.

    A finding without a date (who hangs does not say since when) began when the incident did, at `onset` (Unix ns).
    Nothing large: nothing speaks against the deployment. Large, and nobody knows since when: it is not told of here.
    """
    found = {}
    for change in changes:
        suspect = next((one for one in suspects if concerns(change, one.service)), None) if change.applied else None
        if suspect is not None:
            large = [one for one in suspect.findings if one.sense in OWN and one.impact >= LARGE]
            dated = [_survival(change, one, one.since or onset, windows) for one in large if one.since or onset]
            if dated or not large:
                found[change] = dated
    return found


def _survival(change: Change, finding: Finding, began: int, windows: Sequence[Window]) -> Survival:
    if not change.settled:
        return Survival(began, finding.impact, 0)
    served = sum(_served(window.spans, finding, change.settled, began) for window in windows)
    return Survival(began, finding.impact, served)


def _served(spans: SpanTable, finding: Finding, since: int, until: int) -> int:
    """Traces that did what is ill now, from `since` until `until` (Unix ns), and neither failed nor were refused.

    What the service itself never did by that name is a caller's name for it: then all that it did counts.
    """
    ours = [code for code, name in enumerate(spans.names) if name == finding.service]
    what = [code for code, name in enumerate(spans.names) if name == finding.operation]
    theirs = np.isin(spans.service, ours)
    named = theirs & (np.isin(spans.operation, what) | np.isin(spans.statement, what))
    rows = named if finding.operation and named.any() else theirs
    rows = rows & (spans.start >= since) & (spans.start < until)
    rows &= (spans.status != ERROR) & (spans.code < REFUSED)
    return len(np.unique(spans.trace[rows]))
