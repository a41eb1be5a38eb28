"""The grounds of a remedy and the two guardrails about them: the diagnosis' verdict, and the unit's own evidence.

`guardrails.py` evaluates them with the other rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.domain.diagnosis import Confidence
from sre_space.domain.facts import RuleAnswer
from sre_space.domain.remedies import Remedy, Restart
from sre_space.domain.space_config import Service, SpaceConfig

VERDICT, OWN_EVIDENCE, STATEFUL = "verdict", "evidence of the unit", "stateful"
_WAITS = "waits for a person because "


@dataclass(frozen=True)
class Grounds:
    """What supports a remedy at the moment when the guardrails are evaluated.

    `plan`: the remedy waits for a person, or a person has approved it. `unit` describes what the unit that would be
    restarted itself shows of a fault now ("": nothing); errors that its callers report are no such evidence.
    """

    verdict: Confidence
    plan: bool = False
    unit: str = ""


def waits(config: SpaceConfig, remedy: Remedy, verdict: Confidence) -> bool:
    """Return True when the verdict is LIKELY and the configuration wants a person's approval for that."""
    return verdict is Confidence.LIKELY and not config.guardrails.acts_on(remedy.kind.value.lower(), verdict)


def ask_grounds(config: SpaceConfig, remedy: Remedy, grounds: Grounds) -> Sequence[RuleAnswer]:
    """Return the answers of the rules about the remedy's grounds."""
    answers = [_verdict(config, remedy, grounds)]
    return [*answers, _of_the_unit(remedy, grounds)] if isinstance(remedy, Restart) else answers


def why_it_waits(answers: Sequence[RuleAnswer]) -> str:
    """Return the reason why the rule `verdict` or `stateful` made the remedy a plan; "" when neither did."""
    rules = (answer for answer in answers if answer.rule in (VERDICT, STATEFUL) and answer.allowed)
    return next((answer.reason for answer in rules if answer.reason.startswith(_WAITS)), "")


def ask_stateful(services: Sequence[Service], grounds: Grounds) -> Sequence[RuleAnswer]:
    """Return the answer about the `services` that a remedy restarts, now or by its deployment; none without state."""
    names = ", ".join(service.name for service in services if service.stateful)
    if not names:
        return ()
    reason = f"{_WAITS}{names} keeps state" if grounds.plan else f"{names} keeps state, and no person was asked"
    return (RuleAnswer(STATEFUL, grounds.plan, reason),)


def _verdict(config: SpaceConfig, remedy: Remedy, grounds: Grounds) -> RuleAnswer:
    verdict = grounds.verdict
    if verdict is Confidence.CONFIRMED:
        return RuleAnswer(VERDICT, True, f"{verdict}")
    if verdict is Confidence.INCONCLUSIVE:
        return RuleAnswer(VERDICT, False, f"{verdict}: no remedy follows from it")
    if not waits(config, remedy, verdict):
        return RuleAnswer(VERDICT, True, f"{verdict}, and `act_on` lets {remedy.kind.value.lower()} act on that")
    if grounds.plan:
        return RuleAnswer(VERDICT, True, f"{_WAITS}the verdict is {verdict}")
    return RuleAnswer(VERDICT, False, f"{verdict}, and no person was asked: only CONFIRMED allows an automatic action")


def _of_the_unit(remedy: Restart, grounds: Grounds) -> RuleAnswer:
    nothing = (
        f"neither the runtime nor a probe says that {remedy.service} is down, and none of its resources is at its "
        "limit; errors that its callers report are not enough"
    )
    return RuleAnswer(OWN_EVIDENCE, bool(grounds.unit), grounds.unit or nothing)
