"""Composes something of each incident once for each state of it: a thousand closed ones cost nothing every second."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sre_space.domain.case import Case

T = TypeVar("T")
MAX_KEPT = 10_000  # incidents


@dataclass
class OncePerCase(Generic[T]):
    """Remembers what `compose` returned for the newest state of each incident; `compose` must depend on it alone."""

    compose: Callable[[Case], T]
    kept: dict[int, tuple[Case, T]] = field(default_factory=dict)

    def __call__(self, case: Case) -> T:
        """Return what is composed of an incident."""
        found = self.kept.get(case.issue)
        if found is None or found[0] is not case:
            if len(self.kept) >= MAX_KEPT:
                self.kept.clear()
            found = self.kept[case.issue] = case, self.compose(case)
        return found[1]
