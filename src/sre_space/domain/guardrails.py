"""May this remedy be carried out now? Asked by Brain when it decides and by Fixer right before it acts."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.domain.chart import Autonomy, Chart
from sre_space.domain.facts import Remedy, RemedyKind, RuleAnswer

HOUR = 3600 * 10**9
COOL_DOWN, ONE_PER_SERVICE, CONCURRENCY = "cool-down", "one action per service", "global concurrency"
_PASSING = {COOL_DOWN, ONE_PER_SERVICE, CONCURRENCY}


@dataclass(frozen=True)
class PastAction:
    """An action that changed a service, as its issue records it."""

    service: str
    at: int
    incident: str
    finished: bool


def ask(chart: Chart, remedy: Remedy, incident: str, past: Sequence[PastAction], now: int) -> tuple[RuleAnswer, ...]:
    """Every rule's answer, all of them also when one refuses. Escalating needs no permission."""
    if remedy.kind is RemedyKind.ESCALATE:
        return (RuleAnswer("escalation", True, "asking a person is always allowed"),)
    others = [action for action in past if action.incident != incident]
    return (
        _allowed_action(chart, remedy),
        _autonomy(chart, remedy),
        _rate(chart, remedy, past, now),
        _cooldown(chart, remedy, others, now),
        _one_at_a_time(remedy, others),
        _concurrency(chart, others),
    )


def allowed(answers: Sequence[RuleAnswer]) -> bool:
    """True when no rule refused."""
    return all(answer.allowed for answer in answers)


def must_wait(answers: Sequence[RuleAnswer]) -> bool:
    """True when every refusal passes by itself: asking again later is better than giving up."""
    refusals = [answer for answer in answers if not answer.allowed]
    return bool(refusals) and all(answer.rule in _PASSING for answer in refusals)


def _allowed_action(chart: Chart, remedy: Remedy) -> RuleAnswer:
    word = remedy.kind.value.lower()
    return RuleAnswer(
        "allowed actions",
        word in chart.guardrails.actions,
        f"the chart allows {', '.join(chart.guardrails.actions)}",
    )


def _autonomy(chart: Chart, remedy: Remedy) -> RuleAnswer:
    service = chart.services.get(remedy.service)
    if service is None:
        return RuleAnswer("autonomy", False, f"{remedy.service} is not in the chart")
    return RuleAnswer("autonomy", service.autonomy is Autonomy.AUTONOMOUS, f"{service.name} is {service.autonomy}")


def _rate(chart: Chart, remedy: Remedy, past: Sequence[PastAction], now: int) -> RuleAnswer:
    limit = chart.guardrails.restarts_per_hour
    count = sum(action.service == remedy.service and now - action.at < HOUR for action in past)
    return RuleAnswer("restarts per hour", count < limit, f"{count} of {limit} used for {remedy.service}")


def _cooldown(chart: Chart, remedy: Remedy, others: Sequence[PastAction], now: int) -> RuleAnswer:
    ages = [(now - action.at) / 1e9 for action in others if action.service == remedy.service]
    youngest = min(ages, default=None)
    rested = youngest is None or youngest >= chart.guardrails.cooldown_seconds
    since = "never touched before" if youngest is None else f"last touched {youngest:.0f} s ago"
    return RuleAnswer(COOL_DOWN, rested, f"{since}; {chart.guardrails.cooldown_seconds:g} s wanted")


def _one_at_a_time(remedy: Remedy, others: Sequence[PastAction]) -> RuleAnswer:
    busy = [action.incident for action in others if action.service == remedy.service and not action.finished]
    return RuleAnswer(ONE_PER_SERVICE, not busy, f"in progress: {', '.join(busy) or 'none'}")


def _concurrency(chart: Chart, others: Sequence[PastAction]) -> RuleAnswer:
    limit = chart.guardrails.global_concurrency
    running = len({action.incident for action in others if not action.finished})
    return RuleAnswer(CONCURRENCY, running < limit, f"{running} of {limit} other actions in progress")
