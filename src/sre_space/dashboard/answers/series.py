"""Charts: columns over time, with gaps as gaps."""

from pydantic import Field

from sre_space.dashboard.answers.base import Answer, Model


class Gap(Model):
    """A time without values. `why`: `blind`, or `none` (no report was received: nobody knows)."""

    since: int
    until: int
    why: str


class Series(Answer):
    """Columns of equal length for a chart: `times`, and each of `lines`; null is a gap and is never joined.

    `resolution_s` is the width of a point: 1 within the last hour, 60 within 14 days, a multiple of these otherwise.
    `kept_since`: before it nothing is kept.
    """

    of: str = Field(description="the journey or service")
    since: int
    until: int
    resolution_s: float
    times: tuple[int, ...]
    lines: dict[str, tuple[float | None, ...]] = Field(
        description="journeys: value floor usual good bad asked bought; services: rate errors p95_s memory"
    )
    gaps: tuple[Gap, ...]
    kept_since: int | None
