"""`sre-space hold`, `holds` and `release`: people work on services, and the agents only watch meanwhile."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sre_space.bootstrap.operator import Operator
from sre_space.cli.queries import ask_operator
from sre_space.cli.screen import out
from sre_space.domain.errors import Malformed, Missing, SpaceError, Unavailable
from sre_space.domain.holds import ALL, MAX_REASON, Hold
from sre_space.domain.labels import HOLD
from sre_space.record.hold_format import render_hold
from sre_space.record.holds import HoldIssue
from sre_space.record.order_format import render_order
from sre_space.record.orders import OPERATOR
from sre_space.text.holds import body, sentence, title
from sre_space.text.plain_text import harmless, plain

NOTHING = "nothing is held"


def hold(service: str, seconds: int, reason: str, state: Path) -> None:
    """Place a hold and print until when it lasts, and how to end it."""
    _print(ask_operator(state, lambda operator: place(operator, service, seconds, reason)))


def holds(state: Path) -> None:
    """Print the holds that last, and the issues with the label that hold nothing."""
    _print("\n".join(ask_operator(state, listed)))


def release(which: str | None, state: Path) -> None:
    """End one hold, or all of them, and print which."""
    _print(ask_operator(state, lambda operator: end(operator, which or "")))


def _print(text: str) -> None:
    out.print(harmless(text), markup=False, highlight=False, soft_wrap=True)


async def place(operator: Operator, service: str, seconds: int, reason: str) -> str:
    """Open the issue of a hold, sign the hold on it, and return a message.

    Raise `Malformed` for a service that is not configured, a reason that is too long, or without the operator's key.
    """
    if service != ALL and service not in operator.config.services:
        raise Malformed(
            f"the configuration has no service {service!r}; there are: {', '.join(operator.config.services)}, or {ALL}"
        )
    if len(reason) > MAX_REASON:
        raise Malformed(f"the reason has {len(reason)} characters; at most {MAX_REASON} are allowed")
    signer, now = operator.signing(), time.time_ns()
    placed = Hold(frozenset({service}), now, now + seconds * 10**9, reason, OPERATOR, "")
    number = await operator.forge.open_issue(title(placed), body(placed), (HOLD,))
    placed = replace(placed, source=f"issue {number}")
    order = render_order(operator.incidents.repository, number, "hold", render_hold(placed), signer)
    try:
        await operator.forge.comment(number, order)
    except SpaceError as error:
        raise Unavailable(f"NOT held: issue {number} was opened, but the hold could not be signed: {error}") from error
    return f"{sentence(placed)}; it ends earlier with: sre-space release {number}"


async def listed(operator: Operator) -> Sequence[str]:
    """Return a line for each hold that lasts, and for each open issue with the label that holds nothing now."""
    reader = operator.holds
    issues = await reader.issues()
    lasting = await reader.current()
    numbers = {hold.issue for hold in lasting}
    idle = [f"issue {found.number} holds nothing: {_why(found)}" for found in issues if found.number not in numbers]
    return [sentence(hold) for hold in lasting] + [plain(line) for line in idle] or [NOTHING]


def _why(found: HoldIssue) -> str:
    return found.why_not or "it has ended; sre-space release closes it"


async def end(operator: Operator, which: str) -> str:
    """End the hold of an issue, `ALL` of them, or ("") the only one there is, and return a message.

    A signed hold is released by a signed order, and its issue is closed; of an incident the label is removed. Raise
    `Missing` for an issue without a hold, `Malformed` where it is not clear which one is meant.
    """
    found = {issue.number: issue for issue in await operator.holds.issues()}
    lasting = sorted({hold.issue for hold in await operator.holds.current()} & found.keys())
    if which and which != ALL and not which.isdecimal():
        raise Malformed(f"{which!r} is not the number of an issue; list them with: sre-space holds")
    if not which and len(lasting) > 1:
        raise Malformed(f"there are holds on the issues {', '.join(map(str, lasting))}; name one, or {ALL}")
    numbers = [int(which)] if which.isdecimal() else sorted(found)
    if missing := [number for number in numbers if number not in found]:
        raise Missing(f"issue {missing[0]} holds nothing; list the holds with: sre-space holds")
    for number in numbers:
        await _end(operator, found[number])
    planned = [hold for hold in await operator.holds.current(fresh=True) if not hold.issue]
    left = "".join(f"\nstill: {sentence(hold)}, which only the configuration ends" for hold in planned)
    return (f"released: issue {', '.join(map(str, numbers))}" if numbers else NOTHING if not planned else "") + left


async def _end(operator: Operator, found: HoldIssue) -> None:
    issue = await operator.forge.issue(found.number)
    if await operator.incidents.case(found.number) is not None:
        await operator.forge.set_labels(found.number, [label for label in issue.labels if label != HOLD])
        return
    order = render_order(operator.incidents.repository, found.number, "release", "", operator.signing())
    await operator.forge.comment(found.number, order)
    await operator.forge.close_issue(found.number)
