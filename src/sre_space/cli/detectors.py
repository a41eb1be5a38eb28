"""Scout's detectors in `sre-space status`: those not OK first; a missing or old report is shown as UNKNOWN."""

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
FRESH_NS = 5 * SECOND  # the age up to which Fixer takes the report as evidence
MAX_ROWS = 8  # of each state but FIRING: in the first minutes all detectors are LEARNING
UNKNOWN = "detectors: UNKNOWN: "


def state_of(symptom_report: SymptomReport | None, now: int) -> str:
    """Return why the detectors' state is unknown at `now` (Unix ns); "" when the report is fresh."""
    if symptom_report is None:
        return "Scout has sent no report for a quarter of an hour"
    age = (now - symptom_report.at) / SECOND
    if now - symptom_report.at > FRESH_NS:
        return f"the newest report of Scout is {age:.0f} s old, of {_clock(symptom_report.at)}"
    return (
        ""
        if symptom_report.report is not None
        else "Scout's report has no detectors: Scout is of an older version, or has too many of them"
    )


def rendered(symptom_report: SymptomReport | None, now: int) -> Iterator[RenderableType]:
    """Yield the table and the counts, or one sentence on why there are none."""
    unknown, report = state_of(symptom_report, now), symptom_report.report if symptom_report else None
    if unknown or symptom_report is None or report is None:
        yield Text(f"{UNKNOWN}{unknown}{_last(report)}")
        return
    not_ok = [detector for detector in report.detectors if detector.state is not DetectorState.OK]
    listed = list(_listed(not_ok))
    if listed:
        yield _table(listed, now)
    more = (
        f"; {len(not_ok) - len(listed)} that are not OK are listed by --json alone" if len(listed) < len(not_ok) else ""
    )
    yield Text(f"detectors, {_clock(symptom_report.at)}: {_counted(report)}{more}")


def document(symptom_report: SymptomReport | None, now: int) -> Mapping[str, object]:
    """Return the report as a JSON object, times in Unix ns; without detectors where the report is old or missing."""
    unknown, report = state_of(symptom_report, now), symptom_report.report if symptom_report else None
    result: dict[str, object] = {
        "at": symptom_report.at if symptom_report else None,
        "unknown": unknown or None,
        "detectors": [],
    }
    if unknown or report is None:
        return result
    return result | asdict(report) | {"counts": {state.value: count for state, count in report.counts.items()}}


def _listed(reports: Sequence[DetectorReport]) -> Iterator[DetectorReport]:
    counts: Counter[DetectorState] = Counter()
    for report in reports:
        counts[report.state] += 1
        if report.state is DetectorState.FIRING or counts[report.state] <= MAX_ROWS:
            yield report


def _table(rows: list[DetectorReport], now: int) -> Table:
    table = Table("detector", "of", "operation", "state", "value", "threshold", "usual", "since", "why")
    for detector in rows:
        values = (quantity(number, detector.unit) for number in (detector.value, detector.threshold, detector.baseline))
        until = f"; until {_clock(detector.until)}" if detector.until else ""
        since = f"{max(0, now - detector.since) / SECOND:.0f} s" if detector.since else ""
        cells = (
            detector.kind,
            detector.subject,
            detector.operation,
            detector.state,
            *values,
            since,
            f"{detector.why}{until}",
        )
        table.add_row(*(Text(plain(str(text))) for text in cells))
    return table


def quantity(number: float | None, unit: MeasureUnit) -> str:
    """Return a number with its unit; "" for None."""
    if number is None:
        return ""
    return f"{number:.2%}" if unit is MeasureUnit.SHARE else f"{number:g} {unit.value}"


def _counted(report: DetectorsReport) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in report.counts.items() if count)
    unlisted = sum(report.left_out.values())
    return (counts or "none") + (f" ({unlisted} of them are not listed)" if unlisted else "")


def _last(report: DetectorsReport | None) -> str:
    """Return which detectors fired in an old report, as they may still fire; "" when none did."""
    firing = [detector for detector in report.detectors if detector.state is DetectorState.FIRING] if report else []
    named = ", ".join(
        plain(" ".join(filter(None, (detector.kind, detector.subject, detector.operation)))) for detector in firing[:5]
    )
    more = f" and {len(firing) - 5} more" if len(firing) > 5 else ""
    return f"; firing then: {named}{more}" if firing else ""


def _clock(at: int) -> str:
    return time.strftime("%H:%M:%S UTC", time.gmtime(at / SECOND))
