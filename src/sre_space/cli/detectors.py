"""What `sre-space status` shows of Scout's report: what is not well first; an old report, or none, is never well."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sre_space.codec.symptom_report import SymptomReport
from sre_space.domain.detectors import DetectorReport, DetectorsReport, DetectorState, MeasureUnit
from sre_space.text.plain_text import plain

SECOND = 10**9
FRESH_NS = 5 * SECOND  # as long as it is evidence for Fixer
MAX_ROWS = 8  # of each state but FIRING: in its first minutes everything is LEARNING
UNKNOWN = "detectors: UNKNOWN: "


def state_of(told: SymptomReport | None, now: int) -> str:
    """Return why nothing is known of the detectors at a Unix ns; "" when a fresh report tells."""
    if told is None:
        return "Scout has told nothing for a quarter of an hour"
    age = (now - told.at) / SECOND
    if now - told.at > FRESH_NS:
        return f"the newest report of Scout is {age:.0f} s old, of {_clock(told.at)}"
    return "" if told.report is not None else "Scout tells no detectors: it is of an older version, or sees too much"


def shown(told: SymptomReport | None, now: int) -> Iterator[RenderableType]:
    """Yield the table and the counts, or one sentence on why there are none."""
    wrong, report = state_of(told, now), told.report if told else None
    if wrong or told is None or report is None:
        yield Text(f"{UNKNOWN}{wrong}{_last(report)}")
        return
    unwell = [one for one in report.detectors if one.state is not DetectorState.OK]
    rows = list(_listed(unwell))
    if rows:
        yield _table(rows, now)
    more = f"; {len(unwell) - len(rows)} that are not OK are listed by --json alone" if len(rows) < len(unwell) else ""
    yield Text(f"detectors, {_clock(told.at)}: {_counted(report)}{more}")


def document(told: SymptomReport | None, now: int) -> Mapping[str, object]:
    """Return the same for machines: times in Unix ns, and no detector where the report is old."""
    wrong, report = state_of(told, now), told.report if told else None
    found: dict[str, object] = {"at": told.at if told else None, "unknown": wrong or None, "detectors": []}
    if wrong or report is None:
        return found
    return found | asdict(report) | {"counts": {state.value: count for state, count in report.counts.items()}}


def _listed(reports: Sequence[DetectorReport]) -> Iterator[DetectorReport]:
    counts: Counter[DetectorState] = Counter()
    for one in reports:
        counts[one.state] += 1
        if one.state is DetectorState.FIRING or counts[one.state] <= MAX_ROWS:
            yield one


def _table(rows: list[DetectorReport], now: int) -> Table:
    table = Table("detector", "of", "operation", "state", "value", "threshold", "usual", "since", "why")
    for one in rows:
        numbers = (quantity(number, one.unit) for number in (one.value, one.threshold, one.baseline))
        until = f"; until {_clock(one.until)}" if one.until else ""
        since = f"{max(0, now - one.since) / SECOND:.0f} s" if one.since else ""
        told = (one.kind, one.subject, one.operation, one.state, *numbers, since, f"{one.why}{until}")
        table.add_row(*(Text(plain(str(text))) for text in told))
    return table


def quantity(number: float | None, unit: MeasureUnit) -> str:
    """Return a number in words; "" for one that is not known."""
    if number is None:
        return ""
    return f"{number:.2%}" if unit is MeasureUnit.SHARE else f"{number:g} {unit.value}"


def _counted(report: DetectorsReport) -> str:
    told = ", ".join(f"{count} {state}" for state, count in report.counts.items() if count)
    left = sum(report.left_out.values())
    return (told or "none") + (f" ({left} of them are not listed)" if left else "")


def _last(report: DetectorsReport | None) -> str:
    """What fired in a report that is old: it may still."""
    firing = [one for one in report.detectors if one.state is DetectorState.FIRING] if report else []
    named = ", ".join(plain(" ".join(filter(None, (one.kind, one.subject, one.operation)))) for one in firing[:5])
    more = f" and {len(firing) - 5} more" if len(firing) > 5 else ""
    return f"; firing then: {named}{more}" if firing else ""


def _clock(at: int) -> str:
    return time.strftime("%H:%M:%S UTC", time.gmtime(at / SECOND))
