"""Carries out the orders of people. Each is signed by the person's own key and recorded before it takes effect.

A halt alone takes effect first: it must not wait for a forge that is away. Holds, halts and resumes stand on one issue
with the label `sre:orders`, which the operator opens (`sre-space operators add`): the dashboard's own account may
comment and nothing else, so that no word of its is an order.
"""

import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

from sre_space.codec.topics import FACTS
from sre_space.codec.wake_ups import WakeUp
from sre_space.dashboard.answers.acting import NewOrder, OrderTaken
from sre_space.dashboard.reading.decision import you_may
from sre_space.domain.errors import Conflict, Malformed, Missing, Refused, SpaceError
from sre_space.domain.holds import ALL, Hold
from sre_space.domain.labels import HALT, ORDERS
from sre_space.domain.people import owner_of
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.bus import Publisher
from sre_space.ports.clock import Clock
from sre_space.ports.kill_switch import ManualKillSwitch
from sre_space.ports.orders import Verb
from sre_space.ports.people import Person
from sre_space.record.hold_format import render_hold
from sre_space.record.holds import IssueHolds
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.order_format import render_order
from sre_space.text.holds import sentence
from sre_space.text.plain_text import plain

log = logging.getLogger(__name__)

NO_ORDERS_ISSUE = f"no open issue has the label {ORDERS}; the operator opens it with: sre-space operators add NAME"


@dataclass
class Desk:
    """Gives the orders of people on the forge."""

    incidents: IncidentRepository
    holds: IssueHolds
    kill_switch: ManualKillSwitch
    publisher: Publisher
    config: SpaceConfig
    clock: Clock

    async def carry_out(self, person: Person, order: NewOrder) -> OrderTaken:
        """Carry out an order; raise `Refused`, `Missing`, `Conflict`, `Malformed` or `Unavailable` with the reason."""
        deeds: Mapping[str, Callable[[Person, NewOrder], Coroutine[None, None, OrderTaken]]] = {
            "approve": self._decide,
            "reject": self._decide,
            "hold": self._hold,
            "release": self._release,
            "halt": self._halt,
            "resume": self._resume,
        }
        taken = await deeds[order.verb](person, order)
        log.info("%s: %s", person.name, taken.text)
        return taken

    async def _decide(self, person: Person, order: NewOrder) -> OrderTaken:
        if order.incident is None or not order.plan:
            raise Malformed(f"{order.verb} needs `incident` and `plan`")
        case = await self.incidents.case(order.incident)
        if case is None:
            raise Missing(f"issue {order.incident} is not an incident of this space")
        if case.plan != order.plan:
            raise Conflict(f"incident {order.incident} has another plan by now; read it again")
        you = you_may(case, person.name, self.clock.now())
        if not you.may:
            raise Refused(you.why)
        comment = await self._sign(person, order.incident, order.verb, order.plan)
        then = "Fixer carries it out" if order.verb == "approve" else "Brain decides again without it"
        text = f"plan {order.plan} of incident {order.incident}: {order.verb} is signed by {person.name}; {then}"
        return OrderTaken(text=text, by=person.name, issue=order.incident, comment=comment, recorded=True)

    async def _hold(self, person: Person, order: NewOrder) -> OrderTaken:
        if order.seconds is None or not order.reason.strip():
            raise Malformed("hold needs `seconds` and `reason`")
        unknown = set(order.services) - self.config.services.keys()
        if unknown:
            raise Malformed(f"the configuration has no service {min(unknown)[:100]!r}")
        issue, now = await self._orders_issue(), self.clock.now()
        names = frozenset(order.services) or frozenset({ALL})
        placed = Hold(
            names, now, now + order.seconds * 10**9, plain(order.reason), owner_of(person.name), f"issue {issue}"
        )
        comment = await self._sign(person, issue, "hold", render_hold(placed))
        return OrderTaken(text=sentence(placed), by=person.name, issue=issue, comment=comment, recorded=True)

    async def _release(self, person: Person, order: NewOrder) -> OrderTaken:
        if order.issue is None:
            raise Malformed("release needs `issue`, and `order` where the issue has several holds")
        lasting = [hold for hold in await self.holds.current(fresh=True) if hold.issue == order.issue]
        if not any(order.order in (None, hold.order) for hold in lasting):
            raise Missing(f"issue {order.issue} holds nothing now")
        if await self.incidents.case(order.issue) is not None:
            raise Refused(
                f"the label on incident {order.issue} holds it; remove it with: sre-space release {order.issue}"
            )
        comment = await self._sign(person, order.issue, "release", str(order.order or ""))
        text = f"released by {person.name}; what still fails becomes an incident"
        return OrderTaken(text=text, by=person.name, issue=order.issue, comment=comment, recorded=True)

    async def _halt(self, person: Person, order: NewOrder) -> OrderTaken:
        self.kill_switch.halt()
        text = f"halted by {person.name}: no action is taken until somebody resumes"
        try:
            issue = await self._orders_issue()
            comment = await self._sign(person, issue, "halt", plain(order.reason))
        except SpaceError as error:
            log.warning("%s, which is not recorded: %s", text, error)
            text = f"{text}; NOT recorded: {error}"
            return OrderTaken(text=text, by=person.name, issue=None, comment=None, recorded=False)
        return OrderTaken(text=text, by=person.name, issue=issue, comment=comment, recorded=True)

    async def _resume(self, person: Person, order: NewOrder) -> OrderTaken:
        labelled = [issue.number for issue in await self.incidents.forge.issues() if HALT in issue.labels]
        if labelled:
            raise Refused(f"issue {labelled[0]} carries the label {HALT}; remove it on the forge, or: sre-space resume")
        issue = await self._orders_issue()
        comment = await self._sign(person, issue, "resume", plain(order.reason))
        self.kill_switch.release()
        text = f"resumed by {person.name}: the agents may act"
        return OrderTaken(text=text, by=person.name, issue=issue, comment=comment, recorded=True)

    async def _orders_issue(self) -> int:
        """Return the newest open issue for orders, as only a person with write permission may label it."""
        found = [issue.number for issue in await self.incidents.forge.issues() if ORDERS in issue.labels]
        if not found:
            raise Refused(NO_ORDERS_ISSUE)
        return found[-1]

    async def _sign(self, person: Person, issue: int, verb: Verb, plan: str) -> int:
        """Post the signed order and wake the agents; return the comment's id."""
        body = render_order(self.incidents.repository, issue, verb, plan, person.signer)
        comment = await self.incidents.forge.comment(issue, body)
        try:
            await self.publisher.publish(FACTS, WakeUp(issue, comment).encoded)
        except SpaceError as error:
            log.warning("the agents find the order at their next poll: %s", error)
        return comment
