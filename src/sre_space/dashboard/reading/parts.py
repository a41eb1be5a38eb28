"""One sentence of an answer with its state and its facts, and how sentences are put together."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.dashboard.answers.base import Cite, State
from sre_space.domain.case import Case
from sre_space.domain.facts import Step


@dataclass(frozen=True)
class Part:
    """One sentence without its full stop, what is to be read below it, its state, and the fact it comes from."""

    text: str
    detail: str
    state: State
    cites: tuple[Cite, ...] = ()


def cite(case: Case, step: Step) -> tuple[Cite, ...]:
    """Return where the newest fact of a step stands; () without one."""
    fact = case.fact_of(step)
    return (Cite(text=f"fact {fact.seq} of incident {case.issue}", incident=case.issue, seq=fact.seq),) if fact else ()


def capital(text: str) -> str:
    """Return the text with a capital, unless it begins with a name, whose spelling is its own."""
    return text[:1].upper() + text[1:] if text[:1].islower() and text.split(" ", 1)[0].isalpha() else text


def joined(parts: Sequence[str]) -> str:
    """Return sentences as one text, each with its full stop."""
    return " ".join(f"{part.rstrip('.')}." for part in parts if part)
