"""Detectors in words: the one that is named in a row, and what is not judged, because."""

from collections.abc import Iterable, Sequence

from sre_space.analysis.detection.operations import ALL
from sre_space.dashboard.answers.base import State
from sre_space.dashboard.answers.now import Doubt, FailingDetector
from sre_space.dashboard.reading.said import said
from sre_space.dashboard.reading.words import SECOND, duration, ms_or_none, percent
from sre_space.domain.detectors import DetectorReport, DetectorState, MeasureUnit
from sre_space.domain.symptoms import SymptomKind
from sre_space.text.plain_text import plain

MAX_DOUBTS = 50
STATES = {
    DetectorState.FIRING: State.FAILING,
    DetectorState.BLIND: State.BLIND,
    DetectorState.UNKNOWN: State.UNKNOWN,
    DetectorState.INHIBITED: State.EXCUSED,
    DetectorState.LEARNING: State.LEARNING,
    DetectorState.OK: State.WELL,
}
HARMS = (SymptomKind.INFRASTRUCTURE, SymptomKind.ERROR, SymptomKind.CONVERSION)  # customers cannot go on
HOLD = "a hold"  # as Scout's report names a hold in `why`


def state_of(report: DetectorReport) -> State:
    """Return the state that the page shows for a detector; one that fires and only slows customers is degraded."""
    if report.state is DetectorState.FIRING and report.kind not in HARMS:
        return State.DEGRADED
    if report.state is DetectorState.INHIBITED and report.why.startswith(HOLD):
        return State.HELD
    return STATES[report.state]


def named(report: DetectorReport, now: int) -> FailingDetector:
    """Return a detector as it is named in a row."""
    return FailingDetector(
        kind=report.kind.value,
        operation=plain(report.operation),
        state=state_of(report),
        text=_text(report, now),
        since=ms_or_none(report.since),
        value=report.value,
        threshold=report.threshold,
        baseline=report.baseline,
        unit=report.unit.value,
    )


def _text(report: DetectorReport, now: int) -> str:
    why, age = said(report.why), duration((now - report.since) / SECOND) if report.since else ""
    if report.state is DetectorState.BLIND:
        return why or "Scout does not receive its telemetry"
    if report.state is not DetectorState.FIRING:
        return f"{report.kind.value}: {why}" if why else f"{report.kind.value}: {report.state.value.lower()}"
    if report.kind is SymptomKind.INFRASTRUCTURE:
        return f"down {age}: {why or 'it does not answer'}".replace("down :", "down:")
    where = f" of {plain(report.operation)}" if report.operation not in ("", ALL) else ""
    return f"{report.kind.value.lower()}{where}: {measure(report) or why}{f', for {age}' if age else ''}"


def measure(report: DetectorReport) -> str:
    """Return a detector's value against its threshold in words; "" without a value."""
    if report.value is None:
        return ""
    against = "" if report.threshold is None else f", tolerated {quantity(report.threshold, report.unit)}"
    return f"{quantity(report.value, report.unit)}{against}"


def quantity(value: float, unit: MeasureUnit) -> str:
    """Return a number with its unit as people read it."""
    match unit:
        case MeasureUnit.SHARE:
            return percent(value)
        case MeasureUnit.SECONDS:
            return duration(value)
        case MeasureUnit.TIMES:
            return f"{value:g} times the budgeted rate"


def doubts(reports: Iterable[DetectorReport]) -> Sequence[Doubt]:
    """Return the detectors that judge nothing now, each with its reason."""
    silent = [one for one in reports if one.state not in (DetectorState.FIRING, DetectorState.OK)]
    return [
        Doubt(
            id="/".join((one.kind.value, one.subject, one.operation)),
            kind=one.kind.value,
            subject=plain(one.subject),
            operation=plain(one.operation),
            state=state_of(one),
            because=said(one.why) or f"it is {one.state.value.lower()}",
            since=ms_or_none(one.since),
            until=ms_or_none(one.until),
        )
        for one in silent[:MAX_DOUBTS]
    ]
