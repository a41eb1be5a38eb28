"""The view *Incidents*: the list, its filters, the week, and lessons found by meaning."""

from pydantic import Field

from sre_space.dashboard.answers.base import Answer, Model, State


class IncidentRow(Model):
    """One incident in the list."""

    number: int
    ulid: str
    title: str
    state: State
    is_open: bool
    opened: int
    lasted_s: float | None = Field(description="from the first symptom to the measured recovery; null: not over")
    kind: str
    services: tuple[str, ...]
    cause: str
    verdict: str
    remedy: str = Field(description="RESTART SET-CONFIG REVERT SCALE ESCALATE, or empty before a decision")
    done: str
    outcome: str
    asked: bool = Field(description="a person was asked")
    undone: bool
    failed_attempts: int | None = Field(description="attempts of customers that failed; null: not measured")
    by: str = Field(description="who acted: `agents`, a person's name, or empty")
    owner: str
    recurred_in: int | None = None


class Facets(Model):
    """The values of each filter with their counts, over all incidents."""

    state: dict[str, int]
    service: dict[str, int]
    kind: dict[str, int]
    verdict: dict[str, int]
    remedy: dict[str, int]


class Week(Model):
    """The last seven days in one sentence and as numbers; `strip` has one entry a day, oldest first."""

    text: str
    since: int
    until: int
    incidents: int
    healed_alone: int
    asked: int
    wrong: int = Field(description="a remedy did not help, or the cause came back while its lesson was provisional")
    undone: int
    median_s: float | None
    strip: tuple[int, ...]
    markdown: str


class LessonRow(Model):
    """A lesson found by meaning, its incident verified on its issue."""

    incident: int
    similarity: float
    text: str
    cause: str
    remedy: str
    helped: bool


class Lessons(Answer):
    """The lessons nearest in meaning to a query."""

    query: str
    lessons: tuple[LessonRow, ...]
    why: str = Field("", description="why nothing was found, or Memory's index cannot be asked")


class Incidents(Answer):
    """A page of the list, newest first; `next` is the cursor of the next page (null: the last one)."""

    incidents: tuple[IncidentRow, ...]
    matching: int
    total: int
    facets: Facets
    week: Week
    next: int | None = None
