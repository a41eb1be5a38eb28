"""What is asked of a running space as its operator: its incidents, one story, an audit, plans and orders."""

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


def asked(state: Path, question: Callable[[Operator], Awaitable[T]]) -> T:
    """Return the answer to a question that is put as the operator; `NotRunning` without a space."""

    async def ask() -> T:
        operator = Operator.here(SpaceState(state))
        try:
            return await question(operator)
        finally:
            await operator.close()

    return asyncio.run(ask())


def incidents(state: Path) -> None:
    """List the incidents."""
    out.print(asked(state, views.incidents))


def show(number: int, state: Path) -> None:
    """Show one incident's whole story."""
    out.print(Markdown(asked(state, lambda operator: views.story(operator, number))))


def audit(state: Path, incident: int | None, as_json: bool) -> int:
    """Verify every fact anew; 1 when one that was accepted is broken."""
    found = asked(state, lambda operator: Auditor(operator.incidents, operator.orders).audit(incident))
    if as_json:
        sys.stdout.write(json.dumps(audit_view.document(found)) + "\n")
    else:
        audit_view.show(found, out)
    return FAILED if found.broken else 0


def plan(number: int, state: Path) -> None:
    """Show what a decision does or would do."""
    told = asked(state, lambda operator: orders.plan(operator, number))
    out.print(harmless(told), markup=False, highlight=False)


def approve(plan: str, state: Path) -> None:
    """Approve a plan."""
    _order("approve", plan, state)


def reject(plan: str, state: Path) -> None:
    """Reject a plan."""
    _order("reject", plan, state)


def _order(verb: Verb, plan: str, state: Path) -> None:
    told = asked(state, lambda operator: orders.order(operator, verb, plan))
    out.print(harmless(told), markup=False, highlight=False)


def resolved(number: int, words: str, state: Path) -> None:
    """Sign what ended an incident that was left to a person."""
    told = asked(state, lambda operator: orders.resolved(operator, number, words))
    out.print(told, markup=False, highlight=False)


def restart(service: str, state: Path) -> None:
    """Restart a service."""
    out.print(asked(state, lambda operator: orders.restart(operator, service)), markup=False, highlight=False)


def resume(state: Path) -> None:
    """Remove the halt file and the label; a label that stays is told."""
    try:
        asked(state, orders.release)
    except NotRunning:
        pass  # there is nobody whom a label could halt
    except Unavailable as error:
        err.print(f"sre-space: a label that halts stays where it is: {error}", markup=False, highlight=False)
    SpaceState(state).release()
    out.print("the agents may act")
