"""`sre-space operators`: the people who may give orders over the dashboard."""

from pathlib import Path

from sre_space.bootstrap.operators import orders_issue, people_of
from sre_space.bootstrap.space.state import SpaceState
from sre_space.cli.queries import ask_operator
from sre_space.cli.screen import out

NOBODY = "nobody; add a person with: sre-space operators add NAME"


def add(name: str, state: Path) -> None:
    """Make a person's key, and print the token that unlocks it: it is shown once and kept nowhere."""
    issue = ask_operator(state, orders_issue)
    token = people_of(SpaceState(state)).add(name)
    _print(f"{name} may approve, reject, hold, release, halt and resume; such orders stand on issue {issue}")
    _print(f"the token, shown only now: {token}")


def remove(name: str, state: Path) -> None:
    """Remove a person: the token signs nothing any more; what was signed until now stays valid."""
    people_of(SpaceState(state)).remove(name)
    _print(f"{name} is removed; earlier orders still verify")


def list_people(state: Path) -> None:
    """Print the people."""
    _print("\n".join(people_of(SpaceState(state)).names()) or NOBODY)


def _print(text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)
