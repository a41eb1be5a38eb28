"""The checks of an installation: what each found, and whether an incident could be handled. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """What a check found; only the first two let an incident be handled."""

    OK = "ok"
    NOTICE = "notice"  # worth knowing
    REFUSED = "refused"  # something answers and does not hold: a right, a key, a unit, the disk
    AWAY = "away"  # something does not answer; it may later
    WRONG = "wrong"  # a setting or a file that a person must change


HANDLED = (Level.OK, Level.NOTICE)
_WORST_FIRST = (Level.WRONG, Level.REFUSED, Level.AWAY, Level.NOTICE, Level.OK)


@dataclass(frozen=True)
class Check:
    """One check: what was looked at, what was found, in words, and what a person does about it ("" for nothing)."""

    name: str
    level: Level
    found: str
    remedy: str = ""

    @property
    def holds(self) -> bool:
        """Return True when this does not keep the agents from handling an incident."""
        return self.level in HANDLED

    @property
    def line(self) -> str:
        """Return what was found, with the remedy.

        >>> Check("disk", Level.REFUSED, "12 MB free", "free some").line
        'disk: 12 MB free; free some'
        """
        return f"{self.name}: {self.found}{f'; {self.remedy}' if self.remedy else ''}"


def worst(checks: Sequence[Check]) -> Level:
    """Return the level that decides the exit status: what must be changed, before what is refused or away."""
    found = {check.level for check in checks}
    return next((level for level in _WORST_FIRST if level in found), Level.OK)


def summary(checks: Sequence[Check]) -> str:
    """Return one sentence on why an incident could not be handled; "" when it could."""
    failed = [check for check in checks if not check.holds]
    if not failed:
        return ""
    first = next(check for check in failed if check.level is worst(failed))
    others = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return f"an incident could not be handled: {first.line}{others}"
