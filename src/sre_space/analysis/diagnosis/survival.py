"""How services fared under a change: successful requests after it came into force and before the evidence began."""

from collections.abc import Mapping, Sequence

import numpy as np

from sre_space.analysis.diagnosis.changes import Survival, concerns
from sre_space.analysis.diagnosis.findings import Finding
from sre_space.analysis.diagnosis.ranking import LARGE, OWN, Suspect
from sre_space.analysis.diagnosis.tables import ERROR, Change, SpanTable
from sre_space.analysis.diagnosis.window import Window

REFUSED = 400  # HTTP codes at or above it are no success


def survivals(
    changes: Sequence[Change], suspects: Sequence[Suspect], windows: Sequence[Window], onset: int
) -> Mapping[Change, Sequence[Survival]]:
    """Return, for each deployment of a suspect, a survival for each of its large findings whose beginning is known.

    A finding without a date (a service that hangs leaves none) began when the incident did, at `onset` (Unix ns).
    Without large findings, nothing speaks against the deployment. With large ones of which none is dated, the
    deployment is left out.
    """
    by_change = {}
    for change in changes:
        suspect = (
            next((suspect for suspect in suspects if concerns(change, suspect.service)), None)
            if change.applied
            else None
        )
        if suspect is not None:
            large = [finding for finding in suspect.findings if finding.signal in OWN and finding.impact >= LARGE]
            dated = [
                _survival(change, finding, finding.since or onset, windows)
                for finding in large
                if finding.since or onset
            ]
            if dated or not large:
                by_change[change] = dated
    return by_change


def _survival(change: Change, finding: Finding, began: int, windows: Sequence[Window]) -> Survival:
    if not change.settled:
        return Survival(began, finding.impact, 0)
    served = sum(_served(window.spans, finding, change.settled, began) for window in windows)
    return Survival(began, finding.impact, served)


def _served(spans: SpanTable, finding: Finding, since: int, until: int) -> int:
    """Return the number of traces that did the affected work in [since, until) (Unix ns) without failure or refusal.

    When the service never did work of that name, the name is a caller's: then all of its work counts.
    """
    ours = [code for code, name in enumerate(spans.names) if name == finding.service]
    what = [code for code, name in enumerate(spans.names) if name == finding.operation]
    own = np.isin(spans.service, ours)
    named = own & (np.isin(spans.operation, what) | np.isin(spans.statement, what))
    rows = named if finding.operation and named.any() else own
    rows = rows & (spans.start >= since) & (spans.start < until)
    rows &= (spans.status != ERROR) & (spans.code < REFUSED)
    return len(np.unique(spans.trace[rows]))
