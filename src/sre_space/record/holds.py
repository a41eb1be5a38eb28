"""Reads the holds: signed orders on open issues with the label `sre:hold`, that label on incidents, the configuration.

The label alone holds an incident's services; only people with write permission may set it, and agents never do. On
every other issue an operator's key must have signed the hold, for this issue of this repository. Closing the issue ends
the hold, and so does a signed `release`.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sre_space.domain.case import Case
from sre_space.domain.errors import Malformed, Missing
from sre_space.domain.holds import MAX_HOLD_NS, Hold, maintenance_holds
from sre_space.domain.labels import HOLD, ORDERS
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.clock import Clock
from sre_space.ports.forge import Issue
from sre_space.ports.orders import Order, Orders
from sre_space.record.hold_format import parse_hold
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.reading import SKEW_NS

log = logging.getLogger(__name__)

CACHED_NS = 3 * 10**9
MAX_ISSUES = 100  # with the label, the newest: each costs a few requests once
A_PERSON, LABELLED = "a person", f"the label {HOLD}"
UNSIGNED = "nobody with the operator's key has signed a hold on it"
RELEASED = "it was released"
NO_HOLD = "people's orders stand on it, and none of them holds anything now"


@dataclass(frozen=True)
class HoldIssue:
    """An open issue with the label, and its hold; None when it holds nothing, because of `why_not`.

    `is_incident`: the issue is an incident, which the label alone holds. `more` are the other holds on the issue where
    people's orders of the dashboard stand.
    """

    number: int
    hold: Hold | None
    why_not: str = ""
    is_incident: bool = False
    more: tuple[Hold, ...] = ()

    @property
    def holds(self) -> tuple[Hold, ...]:
        """Return all its holds."""
        return (*((self.hold,) if self.hold else ()), *self.more)

    def ended(self, at: int) -> bool:
        """Return True when the issue is there for its hold alone, which was over at a Unix ns."""
        return self.hold is not None and self.hold.until <= at and not self.is_incident


@dataclass
class IssueHolds:
    """Implements `ports.holds.Holds`; what was read of an issue is kept until the forge shows another state of it."""

    incidents: IncidentRepository
    orders: Orders
    config: SpaceConfig
    clock: Clock
    read: dict[Issue, HoldIssue] = field(default_factory=dict)
    read_at: int | None = None

    async def current(self, *, fresh: bool = False) -> Sequence[Hold]:
        """Return the holds that last now; raise `Unavailable` when the forge does not answer."""
        now = self.clock.now()
        if fresh or self.read_at is None or not 0 <= now - self.read_at < CACHED_NS:
            await self.issues()
        placed = [hold for found in self.read.values() for hold in found.holds]
        return [hold for hold in (*placed, *maintenance_holds(self.config.maintenance, now)) if hold.lasts(now)]

    async def issues(self) -> Sequence[HoldIssue]:
        """Return every open issue with the label, also where nothing is held; raise `Unavailable` as above."""
        at = self.clock.now()
        labelled = [issue for issue in await self.incidents.forge.issues(state="open") if HOLD in issue.labels]
        found = {issue: self.read.get(issue) or await self._read(issue) for issue in labelled[-MAX_ISSUES:]}
        self.read, self.read_at = found, at
        return tuple(found.values())

    async def _read(self, issue: Issue) -> HoldIssue:
        try:
            case = (await self.incidents.reading(issue)).case
            if case is not None:
                return HoldIssue(issue.number, _by_label(case), is_incident=True)
            orders, now = await self.orders.given(issue.number), self.clock.now()
            return (_all_ordered if ORDERS in issue.labels else _ordered)(issue.number, orders, now)
        except Missing:  # deleted meanwhile
            return HoldIssue(issue.number, None, UNSIGNED)


def _by_label(case: Case) -> Hold:
    """Return the hold of an incident's services by its label: until a day after the newest fact, which waits for it."""
    since = case.last.at
    return Hold(case.services, since, since + MAX_HOLD_NS, LABELLED, A_PERSON, f"incident {case.issue}", case.issue)


def _ordered(issue: int, orders: Sequence[Order], now: int) -> HoldIssue:
    """Return the newest hold that was ordered on an issue, unless it was released later.

    One that begins within the error of two clocks has begun at `now` (Unix ns): whoever placed it relies on it.
    """
    found = HoldIssue(issue, None, UNSIGNED)
    for order in orders:
        if order.verb == "release":
            found = HoldIssue(issue, None, RELEASED)
        elif order.verb == "hold":
            try:
                hold = parse_hold(order.plan, order.by, issue)
                begun = min(hold.since, now) if hold.since - now <= SKEW_NS else hold.since
                found = HoldIssue(issue, replace(hold, since=begun))
            except Malformed as error:
                log.warning("issue %d, comment %d: %s", issue, order.place, error)
                found = HoldIssue(issue, None, str(error))
    return found


def _all_ordered(issue: int, orders: Sequence[Order], now: int) -> HoldIssue:
    """Return every hold that was ordered on the issue of people's orders and neither released nor over at `now`."""
    found: dict[int, Hold] = {}
    for order in orders:
        if order.verb == "release":
            found = {place: hold for place, hold in found.items() if order.plan not in ("", str(place))}
        elif order.verb == "hold" and (hold := _ordered(issue, [order], now).hold) is not None:
            found[order.place] = replace(hold, order=order.place)
    lasting = tuple(hold for hold in found.values() if hold.until > now)
    return HoldIssue(issue, lasting[0], more=lasting[1:]) if lasting else HoldIssue(issue, None, NO_HOLD)
