"""The marked moments of an incident, and who worked when."""

from collections.abc import Sequence

from sre_space.dashboard.answers.incident import Lane, Moment
from sre_space.dashboard.reading.words import SECOND, ms
from sre_space.domain.case import Case, FoundFact
from sre_space.domain.facts import OWNER, Action, Outcome, Step, Verification


def moments(case: Case) -> Sequence[Moment]:
    """Return the marked moments, in order of time."""
    first = case.detection.since
    found = [Moment(name="first symptom", at=ms(first), after_s=0.0)]
    found += [
        Moment(
            name=name,
            at=ms(entry.fact.at),
            after_s=round((entry.fact.at - first) / SECOND, 2),
            agent=OWNER[entry.fact.step].value,
            seq=entry.fact.seq,
        )
        for entry in case.chain
        if (name := _moment(entry))
    ]
    verdict = case.latest(Verification)
    if verdict is not None and verdict.serving_since:
        after = round((verdict.serving_since - first) / SECOND, 2)
        found.append(Moment(name="serving", at=ms(verdict.serving_since), after_s=after, agent="scout"))
    return sorted(found, key=lambda moment: moment.at)


def _moment(entry: FoundFact) -> str:
    names = {Step.DETECT: "detected", Step.DECIDE: "decided", Step.ACT: "acted", Step.UNDO: "undone"}
    match entry.fact.payload:
        case Verification(outcome=Outcome.RECOVERED):
            return "verified"
        case Verification(outcome=outcome):
            return outcome.value.lower()
        case Action(changed=False, result=result):
            return result.value
        case _:
            return names.get(entry.fact.step, "")


def lanes(case: Case) -> Sequence[Lane]:
    """Return who worked from when to when, a row a fact."""
    before, rows = case.detection.since, []
    for entry in case.chain:
        fact = entry.fact
        rows.append(
            Lane(who=OWNER[fact.step].value, step=fact.step.value, since=ms(before), until=ms(fact.at), seq=fact.seq)
        )
        before = fact.at
    return rows
