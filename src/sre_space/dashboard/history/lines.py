"""Which numbers are kept of a journey and of a service, and how a minute is made of its seconds."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
JOURNEY = ("value", "floor", "usual", "good", "bad", "asked", "bought", "blind")
SERVICE = ("rate", "errors", "p95_s", "memory", "blind")
COUNTS = frozenset({"good", "bad", "asked", "bought"})  # added up; all others are averaged
POINTS = 60  # of a block: a minute of seconds, an hour of minutes
SECONDS, MINUTES = 1, 60  # the resolutions
KEPT_S: Mapping[int, int] = {SECONDS: 3_600, MINUTES: 14 * 86_400}


def subject(kind: str, name: str) -> str:
    """Return the subject of a journey or a service, by which its numbers are kept."""
    return f"{kind}/{name}"


def lines_of(of: str) -> Sequence[str]:
    """Return the names of the numbers of a subject."""
    return JOURNEY if of.startswith("journey/") else SERVICE


def empty(of: str) -> Floats:
    """Return a block without numbers: one row a line, NaN for what is not known."""
    return np.full((len(lines_of(of)), POINTS), np.nan, dtype=np.float32)


def unpacked(of: str, values: bytes) -> Floats:
    """Return the numbers of a stored block; an empty block for bytes of another shape."""
    lines = lines_of(of)
    if len(values) != len(lines) * POINTS * 4:
        return empty(of)
    return np.frombuffer(values, dtype=np.float32).reshape(len(lines), POINTS).copy()


def summary(of: str, block: Floats) -> Floats:
    """Return one column for many: counts are added up, all else is averaged; NaN where nothing is known."""
    known = ~np.isnan(block)
    sums = np.where(known, block, 0).sum(axis=1)
    number = known.sum(axis=1)
    added = np.array([name in COUNTS for name in lines_of(of)])
    summed = np.where(added, sums, sums / np.maximum(number, 1))
    return np.where(number > 0, summed, np.nan).astype(np.float32)
