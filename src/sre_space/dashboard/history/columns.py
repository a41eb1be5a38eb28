"""The kept blocks of one subject as columns for a chart, in the finest resolution that fits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sre_space.dashboard.answers.series import Gap
from sre_space.dashboard.history.lines import KEPT_S, MINUTES, POINTS, SECONDS, Floats, lines_of, summary, unpacked
from sre_space.ports.blocks import Blocks

STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600)


@dataclass(frozen=True)
class Columns:
    """Columns from `since`, one each `step` seconds (Unix ms for times); None is a gap."""

    step: int
    times: tuple[int, ...]
    lines: dict[str, tuple[float | None, ...]]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True)
class Wanted:
    """The numbers of the subject `of` in [since, until) (Unix s), as at most `points` columns."""

    of: str
    since: int
    until: int
    points: int


async def columns(blocks: Blocks, present: Sequence[tuple[int, int, Floats]], wanted: Wanted, now: int) -> Columns:
    """Return what is wanted; seconds are kept for the last hour before `now` (Unix s), minutes before that.

    `present` are blocks that are not stored yet: step, begin and numbers.
    """
    of, since, until, points = wanted.of, wanted.since, wanted.until, wanted.points
    source = SECONDS if since >= now - KEPT_S[SECONDS] else MINUTES
    step = next((one for one in STEPS if one >= source and (until - since) / one <= points), STEPS[-1])
    start, end = since - since % step, until
    length = max(0, -(-(end - start) // source))
    values = np.full((len(lines_of(of)), length), np.nan, dtype=np.float32)
    stored = await blocks.read(of, source, start - source * POINTS + 1, end)
    found = [(block.start, unpacked(of, block.values)) for block in stored]
    found += [(begin, numbers) for its_step, begin, numbers in present if its_step == source]
    for begin, numbers in found:
        _paste(values, numbers, (begin - start) // source)
    merged = _merged(of, values, step // source)
    times = tuple((start + step * place) * 1000 for place in range(merged.shape[1]))
    names = lines_of(of)
    lines = {name: _listed(merged[row]) for row, name in enumerate(names) if name != "blind"}
    return Columns(step, times, lines, _gaps(merged, names.index("blind"), times, step))


def _paste(values: Floats, block: Floats, place: int) -> None:
    """Put the known numbers of a block at a place that may lie partly outside."""
    first, last = max(0, place), min(values.shape[1], place + block.shape[1])
    if first < last:
        part = block[:, first - place : last - place]
        values[:, first:last] = np.where(np.isnan(part), values[:, first:last], part)


def _merged(of: str, values: Floats, width: int) -> Floats:
    if width <= 1:
        return values
    parts = [summary(of, values[:, place : place + width]) for place in range(0, values.shape[1], width)]
    return np.stack(parts, axis=1) if parts else values


def _listed(row: Floats) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else round(float(value), 5) for value in row)


def _gaps(values: Floats, blind: int, times: Sequence[int], step: int) -> tuple[Gap, ...]:
    """Return the stretches without a report, and those in which Scout was blind."""
    whys = ["none" if np.isnan(one) else "blind" if one > 0 else "" for one in values[blind]]
    gaps: list[Gap] = []
    for time, why in zip(times, whys, strict=True):
        if why and gaps and gaps[-1].why == why and gaps[-1].until == time:
            gaps[-1] = Gap(since=gaps[-1].since, until=time + step * 1000, why=why)
        elif why:
            gaps.append(Gap(since=time, until=time + step * 1000, why=why))
    return tuple(gaps)
