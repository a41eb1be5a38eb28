"""The commands that query or order as the operator: incidents, an incident's story, an audit, plans and orders."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from rich.markdown import Markdown

from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.state import NotRunning, SpaceState
from sre_space.cli import audit as audit_view
from sre_space.cli import orders, views
from sre_space.cli.screen import err, out
from sre_space.domain.errors import Unavailable
from sre_space.exits import FAILED
from sre_space.ports.orders import Verb
from sre_space.record.audit import Auditor
from sre_space.text.plain_text import harmless

T = TypeVar("T")


def ask_operator(state: Path, question: Callable[[Operator], Awaitable[T]]) -> T:
    """Return the answer of `question`, called with an operator; raise `NotRunning` without a space."""

    async def ask() -> T:
        operator = Operator.here(SpaceState(state))
        try:
            return await question(operator)
        finally:
            await operator.close()

    return asyncio.run(ask())


def incidents(state: Path) -> None:
    """Print the table of all incidents."""
    out.print(ask_operator(state, views.incidents))


def show(number: int, state: Path) -> None:
    """Print the whole issue of one incident."""
    out.print(Markdown(ask_operator(state, lambda operator: views.story(operator, number))))


def audit(state: Path, incident: int | None, as_json: bool) -> int:
    """Verify every fact and print the audit; return 1 when an accepted fact is broken."""
    result = ask_operator(state, lambda operator: Auditor(operator.incidents, operator.orders).audit(incident))
    if as_json:
        sys.stdout.write(json.dumps(audit_view.document(result)) + "\n")
    else:
        audit_view.show(result, out)
    return FAILED if result.broken else 0


def plan(number: int, state: Path) -> None:
    """Print what the decision of an incident does or would do."""
    text = ask_operator(state, lambda operator: orders.plan(operator, number))
    out.print(harmless(text), markup=False, highlight=False)


def approve(plan: str, state: Path) -> None:
    """Approve a waiting plan."""
    _order("approve", plan, state)


def reject(plan: str, state: Path) -> None:
    """Reject a waiting plan."""
    _order("reject", plan, state)


def _order(verb: Verb, plan: str, state: Path) -> None:
    message = ask_operator(state, lambda operator: orders.order(operator, verb, plan))
    out.print(harmless(message), markup=False, highlight=False)


def resolved(number: int, words: str, state: Path) -> None:
    """Sign a description of what ended an escalated incident."""
    message = ask_operator(state, lambda operator: orders.resolved(operator, number, words))
    out.print(message, markup=False, highlight=False)


def restart(service: str, state: Path) -> None:
    """Restart a service and print its state before and after."""
    out.print(ask_operator(state, lambda operator: orders.restart(operator, service)), markup=False, highlight=False)


def resume(state: Path) -> None:
    """Remove the halt file and the halt labels; report on stderr a label that cannot be removed."""
    try:
        ask_operator(state, orders.release)
    except NotRunning:
        pass  # no agent runs that a label could halt
    except Unavailable as error:
        err.print(f"sre-space: a label sre:halt could not be removed: {error}", markup=False, highlight=False)
    SpaceState(state).release()
    out.print("the agents may act")
