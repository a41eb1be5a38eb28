"""The feed of facts and orders, and the marks of changes and actions on the chart."""

from collections.abc import Iterator, Sequence
from itertools import islice

from sre_space.dashboard.answers.base import State
from sre_space.dashboard.answers.now import FeedFact, Mark
from sre_space.dashboard.reading.known import Known
from sre_space.dashboard.reading.once import OncePerCase
from sre_space.dashboard.reading.parts import capital
from sre_space.dashboard.reading.said import infinitive, said
from sre_space.dashboard.reading.words import DAY, SECOND, ms
from sre_space.domain.case import Case, FoundFact
from sre_space.domain.facts import OWNER, Action, Decision, Detection, Outcome, Step, Undo, Verification
from sre_space.ports.orders import Order
from sre_space.text.audit_report import decided
from sre_space.text.plain_text import plain

MAX_FEED, MAX_MARKS = 60, 200
MAX_TEXT = 200  # characters
MARKED_NS = 14 * DAY
AGENTS = ("Scout", "Fixer", "Memory", "Brain")


def feed(known: Known) -> Sequence[FeedFact]:
    """Return the newest facts and orders, newest first."""
    facts = [row for case in known.cases[-MAX_FEED:] for row in _FACTS(case)]
    orders = [_order(known, number, order) for number, given in known.orders.items() for order in given]
    rows = [*facts, *(row for row in orders if row is not None)]
    return sorted(rows, key=lambda row: (row.at, row.id), reverse=True)[:MAX_FEED]


def fact_row(case: Case, entry: FoundFact) -> FeedFact:
    """Return one fact as a row of the feed."""
    return _fact(case, entry)


def _fact(case: Case, entry: FoundFact) -> FeedFact:
    fact = entry.fact
    return FeedFact(
        id=f"{case.issue}/{entry.place}",
        incident=case.issue,
        seq=fact.seq,
        step=fact.step.value,
        agent=OWNER[fact.step].value,
        at=ms(fact.at),
        after_s=round((fact.at - case.detection.since) / SECOND, 2),
        text=sentence(entry)[:MAX_TEXT],
        attempt=fact.attempt,
        state=_state(entry),
    )


def sentence(entry: FoundFact) -> str:
    """Return a fact as one line for people."""
    payload = entry.fact.payload
    if isinstance(payload, Detection):
        first, more = payload.symptoms[0], len(payload.symptoms) - 1
        return said(f"{first.kind}: {first.service}: {first.detail}") + (f" (and {more} more)" if more else "")
    if isinstance(payload, Decision):
        waits = " It waits for a person." if payload.plan else ""
        deed = capital(infinitive(payload.remedy))
        return f"{payload.diagnosis.verdict.value}: {deed}. {capital(said(payload.remedy.reason))}.{waits}"
    text = decided(payload).lstrip("# ")
    return said(text.partition(": ")[2] or text if text.split(":", 1)[0] in AGENTS else text)


def _state(entry: FoundFact) -> State:
    match entry.fact.payload:
        case Detection():
            return State.FAILING
        case Action() | Undo():
            return State.ACTING
        case Verification(outcome=Outcome.RECOVERED | Outcome.IMPROVED):
            return State.WELL
        case Verification():
            return State.DEGRADED
        case _:
            return State.WELL if entry.fact.step in (Step.CONFIRM, Step.CONCLUDE, Step.REMEMBER) else State.UNKNOWN


def _order(known: Known, number: int, order: Order) -> FeedFact | None:
    """Return a person's order as a row; an order itself has no time, so it stands behind the fact before it."""
    case = known.case(number)
    if case is None:
        return None
    before = max((entry.fact.at for entry in case.chain if entry.place < order.place), default=case.opened)
    return FeedFact(
        id=f"{number}/{order.place}",
        incident=number,
        seq=None,
        step=order.verb,
        agent=plain(order.by),
        at=ms(before),
        after_s=None,
        text=f"{plain(order.by)}: {order.verb} {plain(order.plan)}"[:MAX_TEXT],
        attempt=case.last.attempt,
        state=State.HELD,
    )


def marks(known: Known) -> Sequence[Mark]:
    """Return the marks of the last 14 days, oldest first: deployments, detections, actions, undos, recoveries."""
    found = [*_deployments(known), *(mark for case in known.cases for mark in _MARKS(case))]
    recent = [mark for mark in found if mark.at >= ms(known.now - MARKED_NS)]
    return sorted(recent, key=lambda mark: (mark.at, mark.id))[-MAX_MARKS:]


def _deployments(known: Known) -> Iterator[Mark]:
    report = known.report.report if known.report else None
    by_commit: dict[tuple[str, int], list[str]] = {}
    for one in report.services if report else ():
        if one.commit and one.deployed:
            by_commit.setdefault((one.commit, one.deployed), []).append(one.service)
    for (commit, at), names in by_commit.items():
        text = f"commit {commit[:12]} was deployed"
        yield Mark(id=f"{commit}/{at}", at=ms(at), kind="change", text=text, services=tuple(names), commit=commit)


def _of_case(case: Case) -> Iterator[Mark]:
    for entry in islice(case.chain, 100):
        kind = _kind(entry)
        if kind:
            names = tuple(sorted(case.services))
            at, text = ms(entry.fact.at), sentence(entry)[:MAX_TEXT]
            yield Mark(
                id=f"{case.issue}/{entry.place}", at=at, kind=kind, text=text, services=names, incident=case.issue
            )


_FACTS = OncePerCase(lambda case: tuple(_fact(case, entry) for entry in case.chain))
_MARKS = OncePerCase(lambda case: tuple(_of_case(case)))


def _kind(entry: FoundFact) -> str:
    match entry.fact.payload:
        case Detection():
            return "detected"
        case Action(changed=True):
            return "action"
        case Undo():
            return "undo"
        case Verification(outcome=Outcome.RECOVERED):
            return "recovered"
        case _:
            return ""
