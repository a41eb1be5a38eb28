"""Which requests fail, are refused, break off or get no answer, and where that begins.

Four signs: a span with status ERROR; a span whose HTTP code refuses the client's request (4xx), which is no
failure but an answer that is rarer in health; work that ends after a step after which it used to go on
(Nezha's broken patterns, Yu et al., FSE 2023: telemetry without status still shows them); a call
whose other end used to leave a span and now leaves none. All are rates against the baseline's. In
a chain of failures the deepest is the origin, those above are its victims; of failures one after the other, the first.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from sre_space.analysis.diagnosis.explaining import explained_by_others
from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.peers import Peers
from sre_space.analysis.diagnosis.selftime import Part
from sre_space.analysis.diagnosis.tables import ERROR, ROOT, UNSPECIFIED, Flags, Ints
from sre_space.analysis.diagnosis.window import Window
from sre_space.analysis.statistics.p_values import binomial_tail, failure_rate, smoothed_rate, two_sample_tail

EXPLAINED = 0.5  # a failure beneath a span that is at least this share as probable makes it a victim
FEW = 3  # attempts: so few can be no more than a suspicion
POSSIBLE = 0.5  # the p-value of a suspicion
HIDDEN = 0.1  # a larger probability that health has the same rate, and shows less of it by chance
UNLIKELY = 0.05  # a rate with a larger p-value did not rise


class Sign(StrEnum):
    """How a failure shows."""

    ERROR = "error"
    LOGGED = "logged"
    REFUSED = "refused"
    BROKEN_OFF = "broken off"
    UNANSWERED = "unanswered"


_BY_PRECEDENCE = (Sign.UNANSWERED, Sign.ERROR, Sign.LOGGED, Sign.REFUSED, Sign.BROKEN_OFF)


@dataclass(frozen=True)
class Failing:
    """A kind of work that fails more often than in health.

    `rows` are the spans that fail, each with probability `weight`; `tried` are all spans that attempted the work.
    `logged` is the line of its log that shows it, "" when spans show it.
    """

    sign: Sign
    group: CallGroup
    after: CallGroup | None
    rows: Ints
    tried: Ints
    weight: float
    usual: float
    p_value: float
    logged: str = ""

    @property
    def rate(self) -> float:
        """Return the share (0 to 1) of the attempts that fail now, less the usual share."""
        return self.weight * len(self.rows) / len(self.tried)


class Usual(NamedTuple):
    """How often some work failed in health: how many times of how many, and the rate to expect by it."""

    hits: int
    tries: int
    rate: float


def failing(incident: Window, baselines: Sequence[Window]) -> list[Failing]:
    """Return all work whose failure rate rose."""
    return [
        *_answered_badly(Sign.ERROR, incident, baselines),
        *_answered_badly(Sign.REFUSED, incident, baselines),
        *_broken_off(incident, baselines),
        *_unanswered(incident, baselines),
    ]


def _answered_badly(sign: Sign, incident: Window, baselines: Sequence[Window]) -> list[Failing]:
    before: Counter[CallGroup] = Counter()
    failed: Counter[CallGroup] = Counter()
    for window in baselines:
        errors = _by_group(sign, window)
        for number, group in enumerate(window.groups.keys):
            before[group] += len(_tried(window, number))
            failed[group] += int(errors[number])
    candidates = []
    counts, bad = _by_group(sign, incident), _bad(sign, incident)
    for number in np.flatnonzero(counts).tolist():
        group = incident.groups.keys[number]
        if sign is Sign.REFUSED and not before[group]:
            continue  # of work that health did not have: it may be its everyday
        rows = incident.groups.rows(number)
        usual = Usual(failed[group], before[group], failure_rate(failed[group], before[group]))
        candidates.append(rated(sign, (group, None), rows[bad[rows]], _tried(incident, number), usual))
    return [candidate for candidate in candidates if candidate is not None]


def _tried(window: Window, number: int) -> Ints:
    """Return the spans that the failures of a group are compared with.

    For calls that nobody answered, these are all calls of that operation. A trace that is not complete yet shows such a
    call too; without the answered calls, one of one would have failed.
    """
    group = window.groups.keys[number]
    return _calls(window, group) if group.part == Part.CALL else window.groups.rows(number)


def _by_group(sign: Sign, window: Window) -> Ints:
    return np.bincount(window.groups.of[_bad(sign, window)], minlength=len(window.groups.keys))


def _bad(sign: Sign, window: Window) -> Flags:
    """Return the spans that failed, or those that were refused without a failure."""
    spans = window.spans
    failed: Flags = spans.status == ERROR
    return failed if sign is Sign.ERROR else ~failed & (spans.code >= 400) & (spans.code < 500)


def rated(sign: Sign, key: tuple[CallGroup, CallGroup | None], hit: Ints, tried: Ints, usual: Usual) -> Failing | None:
    """Return the failing work with its p-value; None when its rate did not rise, or health may hide as high a one."""
    p_value = binomial_tail(len(hit), len(tried), usual.rate)
    few = len(tried) < FEW
    if p_value > (POSSIBLE if few else UNLIKELY) or not len(hit):
        return None
    if not few and usual.tries and two_sample_tail(len(hit), len(tried), usual.hits, usual.tries) > HIDDEN:
        return None
    weight = 1.0 - len(tried) * usual.rate / len(hit)
    return Failing(sign, *key, hit, tried, weight, usual.rate, p_value)


def _broken_off(incident: Window, baselines: Sequence[Window]) -> list[Failing]:
    made: Counter[tuple[CallGroup, CallGroup | None]] = Counter()
    ended: Counter[tuple[CallGroup, CallGroup | None]] = Counter()
    for window in baselines:
        for key, (all_of_them, last) in window.steps.counts.items():
            made[key] += all_of_them
            ended[key] += last
    steps = incident.steps
    candidates = []
    for number, key in enumerate(steps.keys):
        all_of_them, last = steps.counts[key]
        usual = Usual(ended[key], made[key], smoothed_rate(ended[key], made[key]))
        if made[key] and last and binomial_tail(last, all_of_them, usual.rate) <= UNLIKELY:
            tried = steps.kind == number
            stopped = steps.parent[tried & steps.last]
            broken = stopped[~_abandoned(stopped, incident) & ~_answered_well(stopped, incident)]
            candidates.append(rated(Sign.BROKEN_OFF, key, broken, steps.parent[tried], usual))
    return [candidate for candidate in candidates if candidate is not None]


def _abandoned(rows: Ints, incident: Window) -> Flags:
    """Return the work whose caller failed before it was done: it breaks off because nobody waits for it."""
    spans = incident.spans
    parent = spans.parent[rows]
    up = np.where(parent == ROOT, 0, parent)
    left: Flags = (parent != ROOT) & (spans.status[up] == ERROR) & (spans.duration[up] < spans.duration[rows])
    return left


def _answered_well(rows: Ints, incident: Window) -> Flags:
    """Return the work whose HTTP code is a success: it was only shorter than usual, as a repeated request is."""
    code = incident.spans.code[rows]
    well: Flags = (code >= 200) & (code < 400)
    return well


def _unanswered(incident: Window, baselines: Sequence[Window]) -> list[Failing]:
    """Return the calls whose other end left no span although it did in health."""
    answered, silent = answers(baselines)
    bare = _bare(incident)
    candidates = []
    for number, group in enumerate(incident.groups.keys):
        callees = answered.get((group.service, group.operation))
        if group.part != Part.HOP and callees:
            rows = incident.groups.rows(number)
            named = group._replace(callee=called(group, rows, callees, incident))
            rows = rows if group.part == Part.CALL else rows[bare[rows]]
            hits = silent[group.service, group.operation]
            tries = sum(callees.values()) + hits
            usual = Usual(hits, tries, smoothed_rate(hits, tries))
            candidates.append(rated(Sign.UNANSWERED, (named, None), rows, _calls(incident, group), usual))
    return [candidate for candidate in candidates if candidate is not None]


def called(group: CallGroup, rows: Ints, usual: Counter[str], incident: Window) -> str:
    """Return which of the usual callees was called, by the peer's name or the message; else the most frequent one."""
    peers = Peers(usual)
    message = incident.spans.names[incident.spans.message[rows[0]]] if len(rows) else ""
    return peers.service_of(group.callee) or peers.asked(message) or usual.most_common(1)[0][0]


def answers(windows: Sequence[Window]) -> tuple[dict[tuple[str, str], Counter[str]], Counter[tuple[str, str]]]:
    """Return, by calling service and operation, which services answered how often, and how often none did."""
    answered: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    silent: Counter[tuple[str, str]] = Counter()
    for window in windows:
        for number, group in enumerate(window.groups.keys):
            if group.part == Part.HOP:
                answered[group.service, group.operation][group.callee] += window.groups.size(number)
            elif group.part == Part.CALL:
                silent[group.service, group.operation] += window.groups.size(number)
        for number in window.groups.of[_bare(window)].tolist():
            group = window.groups.keys[number]
            if group.part == Part.WORK and (group.service, group.operation) in answered:
                silent[group.service, group.operation] += 1
    return answered, silent


def _bare(window: Window) -> Flags:
    """Return the spans without kind that nothing hangs under: a call without an answer, when answers hung there."""
    bare: Flags = window.spans.kind == UNSPECIFIED
    bare[window.spans.parent[window.spans.parent != ROOT]] = False
    return bare


def _calls(window: Window, group: CallGroup) -> Ints:
    """Return the rows of the calls of one operation, with or without a server span."""
    same = (group.service, group.operation)
    return np.concatenate(
        [window.groups.rows(number) for number, other in enumerate(window.groups.keys) if other[1:3] == same]
    )


def origins(failures: Sequence[Failing], incident: Window) -> list[Ints]:
    """Return, for each kind of failing work, the rows that no deeper and no earlier failure explains.

    A span that shows two signs counts once, by the more specific one: unanswered, then error.
    """
    failed = np.zeros(len(incident.spans))
    for failure in failures:
        failed[failure.rows] = np.maximum(failed[failure.rows], failure.weight)
    explained = explained_by_others(failed, incident)
    kept: dict[int, Ints] = {}
    for number, failure in sorted(enumerate(failures), key=lambda pair: _BY_PRECEDENCE.index(pair[1].sign)):
        kept[number] = failure.rows[explained[failure.rows] < EXPLAINED * failure.weight]
        explained[failure.rows] = np.maximum(explained[failure.rows], failure.weight)
    return [kept[number] for number in range(len(failures))]
