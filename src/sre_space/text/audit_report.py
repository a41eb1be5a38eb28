"""The audit's text of one fact: what it decided, by which rules and on which evidence."""

from dataclasses import fields

from sre_space.domain.facts import Action, Decision, Payload, RuleAnswer
from sre_space.text.plain_text import plain
from sre_space.text.prose import prose

_MAX_LENGTH = 200


def decided(payload: Payload) -> str:
    """Return what the fact decided or did, as one line for people."""
    match payload:
        case Decision(diagnosis=diagnosis, remedy=remedy):
            line = f"{diagnosis.verdict}; {remedy.command}: {remedy.reason}"
        case Action(result=result, remedy=remedy, detail=detail):
            line = f"{result}: {remedy.command}; {detail}"
        case _:
            line = " ".join(part.strip("- ") for part in prose(payload).splitlines()[:2]).replace("**", "")
    return plain(line)[:_MAX_LENGTH]


def answers(payload: Payload) -> tuple[RuleAnswer, ...]:
    """Return every guardrail's answer that the payload records."""
    values = (getattr(payload, field.name) for field in fields(payload))
    items = (item for value in values if isinstance(value, tuple) for item in value)
    return tuple(item for item in items if isinstance(item, RuleAnswer))


def evidence(payload: Payload) -> tuple[str, ...]:
    """Return the evidence ids that the causes cite, best cause first, each once."""
    causes = payload.diagnosis.causes if isinstance(payload, Decision) else ()
    return tuple(dict.fromkeys(id for cause in causes for id in cause.evidence))
