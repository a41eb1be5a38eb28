"""What went well under a change: requests of its service after it came into force and before the evidence began."""

from collections.abc import Mapping, Sequence

import numpy as np

from sre_space.analysis.diagnosis.changes import Survival, concerns
from sre_space.analysis.diagnosis.ranking import Suspect
from sre_space.analysis.diagnosis.tables import Change, SpanTable
from sre_space.analysis.diagnosis.window import Window


def survivals(
    changes: Sequence[Change], suspects: Sequence[Suspect], windows: Sequence[Window]
) -> Mapping[Change, Survival]:
    """For each change that was seen to come into force at a suspect of which the evidence has a time."""
    found = {}
    for change in changes:
        suspect = _concerned(change, suspects) if change.applied else None
        if suspect is not None and suspect.since:
            served = sum(_served(window.spans, suspect, change.applied, suspect.since) for window in windows)
            found[change] = Survival(suspect.since, suspect.score, served)
    return found


def _concerned(change: Change, suspects: Sequence[Suspect]) -> Suspect | None:
    """The first suspect that the change is about."""
    return next((one for one in suspects if concerns(change, one.service)), None)


def _served(spans: SpanTable, suspect: Suspect, since: int, until: int) -> int:
    """Traces that did what fails now."""
    ours = [code for code, name in enumerate(spans.names) if name == suspect.service]
    what = [code for code, name in enumerate(spans.names) if name == suspect.operation]
    rows = np.isin(spans.service, ours) & (spans.start >= since) & (spans.start < until)
    if suspect.operation:
        rows &= np.isin(spans.operation, what) | np.isin(spans.statement, what)
    return len(np.unique(spans.trace[rows]))
