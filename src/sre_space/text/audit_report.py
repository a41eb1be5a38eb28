"""What one fact decided, on which rules and which evidence: the words of the audit."""

from dataclasses import fields

from sre_space.domain.facts import Action, Decision, Payload, RuleAnswer
from sre_space.text.plain_text import plain
from sre_space.text.prose import prose

_MAX_LENGTH = 200


def decided(payload: Payload) -> str:
    """One line for people."""
    match payload:
        case Decision(diagnosis=diagnosis, remedy=remedy):
            told = f"{diagnosis.verdict}; {remedy.command}: {remedy.reason}"
        case Action(result=result, remedy=remedy, detail=detail):
            told = f"{result}: {remedy.command}; {detail}"
        case _:
            told = " ".join(line.strip("- ") for line in prose(payload).splitlines()[:2]).replace("**", "")
    return plain(told)[:_MAX_LENGTH]


def answers(payload: Payload) -> tuple[RuleAnswer, ...]:
    """Every guardrail's answer that the payload records."""
    values = (getattr(payload, field.name) for field in fields(payload))
    return tuple(one for value in values if isinstance(value, tuple) for one in value if isinstance(one, RuleAnswer))


def evidence(payload: Payload) -> tuple[str, ...]:
    """The ids that the causes cite, best cause first, each once."""
    causes = payload.diagnosis.causes if isinstance(payload, Decision) else ()
    return tuple(dict.fromkeys(id for cause in causes for id in cause.evidence))
