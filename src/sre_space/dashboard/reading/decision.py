"""The newest decision of an incident: the exact change, the rules, the way back, its expiry, and whether you may."""

from sre_space.dashboard.answers.incident import DecisionNow, Edit, Rule, You
from sre_space.dashboard.reading.loops import waits_for_approval
from sre_space.dashboard.reading.parts import capital
from sre_space.dashboard.reading.said import infinitive, said
from sre_space.dashboard.reading.words import ms
from sre_space.domain.case import Case
from sre_space.domain.facts import Action, Decision, Step
from sre_space.domain.remedies import Escalate, Remedy, Restart
from sre_space.text.plain_text import plain


def decision(case: Case, you: You) -> DecisionNow | None:
    """Return the decision; None before the first."""
    newest, fact = case.latest(Decision), case.fact_of(Step.DECIDE)
    if newest is None or fact is None:
        return None
    remedy = newest.remedy
    return DecisionNow(
        seq=fact.seq,
        at=ms(fact.at),
        attempt=fact.attempt,
        verdict=newest.diagnosis.verdict.value,
        remedy=remedy.kind.value,
        command=plain(remedy.command),
        deed=capital(infinitive(remedy)),
        service=plain(remedy.service),
        reason=said(remedy.reason),
        edits=tuple(Edit(file=edit.file, key=edit.key, old=edit.old, new=edit.new) for edit in remedy.edits),
        rules=tuple(
            Rule(rule=answer.rule, allowed=answer.allowed, reason=said(answer.reason)) for answer in newest.guardrails
        ),
        refused=sum(not answer.allowed for answer in newest.guardrails),
        way_back=_way_back(case, remedy),
        expires=ms(newest.expires),
        waits=waits_for_approval(case),
        plan=case.plan,
        incarnation=plain(remedy.incarnation) if isinstance(remedy, Restart) else "",
        you=you,
    )


def _way_back(case: Case, remedy: Remedy) -> str:
    action = case.latest(Action)
    if action is not None and action.remedy == remedy:
        return (
            infinitive(action.way_back)
            if action.way_back
            else said(action.inverse).replace("none: ", "none, because ", 1)
        )
    match remedy:
        case Restart():
            return "none, because a restart cannot be undone"
        case Escalate():
            return "none is needed, because nothing is changed"
        case _:
            return ", ".join(plain(str(edit.inverse)) for edit in remedy.edits)


def you_may(case: Case, name: str | None, now: int) -> You:
    """Return whether the person `name` may approve the incident's plan at `now` (Unix ns)."""
    newest = case.latest(Decision)
    if name is None:
        return You(name=None, may=False, why="no token was given that is known: sre-space operators add NAME")
    if not waits_for_approval(case) or newest is None:
        return You(name=name, may=False, why=f"you are {name}; nothing waits for a person here")
    if now >= newest.expires:
        return You(name=name, may=False, why=f"you are {name}; the plan has expired, and Brain decides again")
    return You(name=name, may=True, why=f"you are {name}: you may approve or reject it")
