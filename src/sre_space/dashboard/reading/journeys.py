"""The journeys of the view *Now*: conversion or success with floor, baseline, counts, budget and burn rates."""

from collections.abc import Sequence

from sre_space.analysis.detection.baseline import QUARANTINE_S
from sre_space.dashboard.answers.base import State
from sre_space.dashboard.answers.now import Burn, JourneyNow, Objective, Share, Steps
from sre_space.dashboard.reading.detector_words import state_of
from sre_space.dashboard.reading.known import Counted, Known
from sre_space.dashboard.reading.said import said
from sre_space.dashboard.reading.words import SECOND, duration, ms, ms_or_none
from sre_space.domain.detectors import BurnReport, DetectorReport, DetectorState
from sre_space.domain.intervals import wilson
from sre_space.domain.journeys import Journey
from sre_space.domain.symptoms import SymptomKind

NOT_HEARD = "Scout's report is missing or old: nothing is judged"
NO_ATTEMPTS = "no attempts in the last minute: the journey is UNKNOWN, not well"


def journeys(known: Known) -> Sequence[JourneyNow]:
    """Return the declared journeys in the configuration's order."""
    return [_journey(known, journey) for journey in known.config.journeys]


def shown(journey: Journey) -> str:
    """Return which number of a journey is the large one."""
    return "conversion" if journey.conversion is not None else "success"


def _journey(known: Known, journey: Journey) -> JourneyNow:
    report, name = known.detectors, journey.name
    conversion = report.of(SymptomKind.CONVERSION, name) if report else None
    budget = report.of(SymptomKind.SLO, name) if report else None
    minute, hour = known.minute.get(name), known.hour.get(name)
    state, why = _state(known, journey, conversion, budget, minute)
    by_conversion = journey.conversion is not None
    return JourneyNow(
        name=name,
        shows=shown(journey),
        state=state,
        why=why,
        value=_value(journey, conversion, minute) if report else None,
        value_since=ms_or_none(_value_since(known, journey, conversion, minute)) if report else None,
        floor=conversion.threshold if by_conversion and conversion else journey.slo,
        usual=conversion.baseline if by_conversion and conversion else None,
        usual_low=conversion.usual_low if by_conversion and conversion else None,
        usual_high=conversion.usual_high if by_conversion and conversion else None,
        learnt_at=ms_or_none(conversion.until) if conversion and state is State.LEARNING else None,
        since=ms_or_none(_since(conversion if by_conversion else budget)),
        success=share(minute) if minute and report else None,
        success_hour=share(hour) if hour else None,
        conversion=_steps(journey, hour),
        objective=_objective(known, journey, budget),
    )


def share(counted: Counted) -> Share:
    """Return counts as a share with its interval; unknown without attempts."""
    total = counted.good + counted.bad
    low, high = wilson(counted.good, total) if total else (None, None)
    return Share(
        good=counted.good,
        bad=counted.bad,
        share=counted.good / total if total else None,
        low=low,
        high=high,
        since=ms(counted.since),
        until=ms(counted.until),
    )


def _value(journey: Journey, conversion: DetectorReport | None, minute: Counted | None) -> float | None:
    if journey.conversion is not None:
        return conversion.value if conversion else None
    total = minute.good + minute.bad if minute else 0
    return minute.good / total if minute and total else None


def _value_since(known: Known, journey: Journey, conversion: DetectorReport | None, minute: Counted | None) -> int:
    """Return since when (Unix ns) those began whom the value counts; 0 when it counts nobody."""
    if journey.conversion is None:
        return minute.since if minute else 0
    if conversion is None or conversion.value is None:
        return 0
    firing = conversion.state is DetectorState.FIRING
    return conversion.since if firing else known.now - QUARANTINE_S * SECOND


def _state(
    known: Known,
    journey: Journey,
    conversion: DetectorReport | None,
    budget: DetectorReport | None,
    minute: Counted | None,
) -> tuple[State, str]:
    """Return the gravest state of the journey's detectors with its reason; without a report it is unknown."""
    if known.detectors is None:
        return State.UNKNOWN, NOT_HEARD
    if known.blind:
        return State.BLIND, _reason(conversion or budget) or "Scout does not receive telemetry"
    firing = [one for one in (conversion, budget) if one and one.state is DetectorState.FIRING]
    if firing:
        return (State.FAILING, _reason(conversion)) if conversion in firing else (State.DEGRADED, _spent(firing[0]))
    first = conversion or budget
    if first is not None and first.state is not DetectorState.OK:
        return state_of(first), _reason(first)
    if journey.conversion is None and minute is not None and not minute.good + minute.bad:
        return State.UNKNOWN, NO_ATTEMPTS
    return (State.WELL, "") if first or minute else (State.UNKNOWN, NO_ATTEMPTS)


def _reason(report: DetectorReport | None) -> str:
    return said(report.why) if report else ""


def _spent(budget: DetectorReport) -> str:
    rate = f" at {budget.value:g} times its rate" if budget.value else ""
    return f"the error budget is spent{rate}"


def _since(report: DetectorReport | None) -> int:
    return report.since if report else 0


def _steps(journey: Journey, hour: Counted | None) -> Steps | None:
    steps = journey.conversion
    if steps is None or hour is None:
        return None
    return Steps(
        first=steps.first,
        second=steps.second,
        asked=hour.asked,
        bought=hour.bought,
        share=hour.bought / hour.asked if hour.asked else None,
        since=ms(hour.since),
        until=ms(hour.until),
    )


def _objective(known: Known, journey: Journey, budget: DetectorReport | None) -> Objective | None:
    if journey.slo is None:
        return None
    report = known.detectors
    spent = report.budgets.get(journey.name) if report else None
    counted = next((one for one in report.journeys if one.journey == journey.name), None) if report else None
    return Objective(
        slo=journey.slo,
        budget_left=None if spent is None else round(1 - spent, 4),
        burns=tuple(_burn(burn, known.blind, _fires(budget)) for burn in counted.burns) if counted else (),
        state=state_of(budget) if budget else State.UNKNOWN,
        why=_reason(budget) if budget else NOT_HEARD,
    )


def _fires(report: DetectorReport | None) -> bool:
    return report is not None and report.state is DetectorState.FIRING


def _burn(burn: BurnReport, blind: bool, fires: bool) -> Burn:
    """Return an alert; it judges nothing while blind, nor before it has data of its whole window.

    While the objective's detector `fires`, an alert above its factor is one of those that fire, whatever its data.
    """
    rate, window = None if blind else burn.rate, _window(burn.long_s)
    whole = burn.data_s >= burn.long_s
    firing = rate is not None and rate > burn.factor and (fires or whole)
    why = ""
    if blind:
        why = "no telemetry"
    elif not whole:
        why = f"{duration(burn.data_s)} of {window} of data"
    elif rate is None:
        why = f"no attempts within {window}"
    return Burn(
        window=window,
        window_s=burn.long_s,
        short_s=burn.short_s,
        factor=burn.factor,
        rate=rate,
        firing=firing,
        judges=firing or not why,
        why=why,
    )


def _window(seconds: float) -> str:
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"
