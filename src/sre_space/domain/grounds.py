"""What a remedy rests on, and the two rules about it: how sure the diagnosis is, and what the unit itself shows.

Asked by `guardrails.py` with the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.domain.diagnosis import Confidence
from sre_space.domain.facts import RuleAnswer
from sre_space.domain.remedies import Remedy, Restart
from sre_space.domain.space_config import SpaceConfig

VERDICT, OWN_EVIDENCE = "verdict", "evidence of the unit"
_WAITS = "waits for a person because the verdict is "


@dataclass(frozen=True)
class Grounds:
    """What is known of a remedy at the moment when it is asked about.

    `plan`: it waits for a person, or a person has approved it. `unit` says what the unit that would be restarted shows
    of itself at this moment ("": nothing); what is said of it by its callers is no such evidence.
    """

    verdict: Confidence
    plan: bool = False
    unit: str = ""


def waits(config: SpaceConfig, remedy: Remedy, verdict: Confidence) -> bool:
    """Return True when the verdict lets the remedy wait for a person."""
    return verdict is Confidence.LIKELY and not config.guardrails.acts_on(remedy.kind.value.lower(), verdict)


def ask_grounds(config: SpaceConfig, remedy: Remedy, grounds: Grounds) -> Sequence[RuleAnswer]:
    """Return the answers of the rules about what the remedy rests on."""
    answers = [_verdict(config, remedy, grounds)]
    return [*answers, _of_the_unit(remedy, grounds)] if isinstance(remedy, Restart) else answers


def why_it_waits(answers: Sequence[RuleAnswer]) -> str:
    """Return the reason that the rule `verdict` gave for a plan; "" when it asked for none."""
    told = (one.reason for one in answers if one.rule == VERDICT and one.allowed and one.reason.startswith(_WAITS))
    return next(told, "")


def _verdict(config: SpaceConfig, remedy: Remedy, grounds: Grounds) -> RuleAnswer:
    verdict = grounds.verdict
    if verdict is Confidence.CONFIRMED:
        return RuleAnswer(VERDICT, True, f"{verdict}")
    if verdict is Confidence.INCONCLUSIVE:
        return RuleAnswer(VERDICT, False, f"{verdict}: no remedy follows from it")
    if not waits(config, remedy, verdict):
        return RuleAnswer(VERDICT, True, f"{verdict}, and `act_on` lets {remedy.kind.value.lower()} act on that")
    if grounds.plan:
        return RuleAnswer(VERDICT, True, f"{_WAITS}{verdict}")
    return RuleAnswer(VERDICT, False, f"{verdict}, and no person was asked: only CONFIRMED acts by itself")


def _of_the_unit(remedy: Restart, grounds: Grounds) -> RuleAnswer:
    nothing = (
        f"neither the runtime nor a probe says that {remedy.service} is out, and no resource of it is at its limit; "
        "what its callers say is not enough"
    )
    return RuleAnswer(OWN_EVIDENCE, bool(grounds.unit), grounds.unit or nothing)
