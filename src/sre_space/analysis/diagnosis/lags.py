"""Messages that wait longer before they are consumed: nobody waits for them, so it is a suspicion and no verdict."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.tables import CONSUMER, ROOT, Ints
from sre_space.analysis.diagnosis.window import Window
from sre_space.analysis.statistics.p_values import exceedance
from sre_space.domain.diagnosis import CauseKind, Evidence

UNLIKELY = 0.01
TIMES = 2.0  # as long, at least
IMPACT = 0.2  # below what a verdict asks for: no request waits for a consumer
SHOWN = 3

Key = tuple[str, str, str]  # producer, consumer, the consumer's operation


def late_consumers(incident: Window, baselines: Sequence[Window]) -> list[Finding]:
    """Return a finding for each consumer that begins much later after the message was sent."""
    usual: dict[Key, list[Ints]] = defaultdict(list)
    for window in baselines:
        for key, rows in _consumed(window).items():
            usual[key].append(_lag(rows, window))
    found = []
    for key, rows in _consumed(incident).items():
        if key in usual:
            before, now = np.concatenate(usual[key]), _lag(rows, incident)
            p_value = exceedance(now.astype(np.float64), before.astype(np.float64))
            if np.median(now) > max(0.0, TIMES * float(np.median(before))) and p_value <= UNLIKELY:
                found.append(_finding(key, rows, incident, (float(np.median(now)), float(np.median(before))), p_value))
    return found


def _consumed(window: Window) -> dict[Key, Ints]:
    spans = window.spans
    rows = np.flatnonzero((spans.kind == CONSUMER) & (spans.parent != ROOT))
    found: dict[Key, list[int]] = defaultdict(list)
    columns = (spans.service[spans.parent[rows]], spans.service[rows], spans.operation[rows])
    for row, *codes in zip(rows.tolist(), *(column.tolist() for column in columns), strict=True):
        sender, receiver, operation = (spans.names[code] for code in codes)
        found[sender, receiver, operation].append(row)
    return {key: np.array(each) for key, each in found.items()}


def _lag(rows: Ints, window: Window) -> Ints:
    """Return the time (ns) from the end of the sending to the beginning of the consuming."""
    spans = window.spans
    lag: Ints = spans.start[rows] - spans.end[spans.parent[rows]]
    return lag


def _finding(key: Key, rows: Ints, incident: Window, lags: tuple[float, float], p_value: float) -> Finding:
    sender, receiver, operation = key
    worst = rows[np.argsort(-_lag(rows, incident))[:SHOWN]]
    statement = (
        f"`{operation}` in {receiver} begins {lags[0] / 1e9:.1f} s after {sender} sent the message, "
        f"usually {lags[1] / 1e9:.1f} s (n={len(rows)})"
    )
    return Finding(
        service=receiver,
        operation=operation,
        kind=CauseKind.SATURATION,
        signal=Signal.TIME,
        impact=IMPACT,
        p_value=p_value,
        evidence=Evidence(f"span:{incident.spans.id_of(int(worst[0]))}", statement),
        since=int(incident.spans.start[rows].min()),
        rows=tuple(int(row) for row in worst),
        requests=len(rows),
    )
