"""The view *Now*: journeys, services, loop strips, agents, feed, marks, and what is excused or not judged."""

from pydantic import Field

from sre_space.dashboard.answers.base import Answer, Model, State


class Share(Model):
    """A share of attempts: `good` of `good + bad` in [since, until), with its 95 % Wilson interval."""

    good: int
    bad: int
    share: float | None = Field(description="null: no attempts, UNKNOWN and not well")
    low: float | None
    high: float | None
    since: int
    until: int


class Steps(Model):
    """The two steps of a conversion as counts over [since, until): how many took the first, how many of these both."""

    first: str = Field(description="the first step's name in the configuration, as people read it")
    second: str
    asked: int
    bought: int
    share: float | None
    since: int
    until: int


class Burn(Model):
    """One burn-rate alert: it fires while its long and its short window burn faster than `factor`."""

    window: str = Field(description='the long window in words: "1 h", "6 h", "3 d"')
    window_s: float
    short_s: float
    factor: float
    rate: float | None = Field(description="the lower burn rate of the two windows; null: no attempts in them")
    firing: bool
    judges: bool = Field(description="false: it cannot judge now")
    why: str = Field("", description='what is missing for it, as in "41 min of 6 h of data"')


class Objective(Model):
    """The journey's promise and what is left of its error budget of 30 days (`budget_left` < 0: overspent)."""

    slo: float
    budget_left: float | None
    burns: tuple[Burn, ...] = ()
    state: State
    why: str = ""


class JourneyNow(Model):
    """One journey. `shows` says which number is the large one: its conversion where it is declared, else its success.

    `value` is that number now; `floor` and `usual` are what it is compared with.
    """

    name: str
    shows: str = Field(description="`conversion` or `success`")
    state: State
    why: str = Field("", description="why the state is not well, or why the value is unknown or not judged")
    value: float | None
    value_since: int | None = Field(None, description="since when those began whom `value` counts; null: not known")
    floor: float | None
    usual: float | None = Field(description="the learnt baseline; null while learning")
    usual_low: float | None = Field(None, description="the band of what is usual, where it is known")
    usual_high: float | None = None
    learnt_at: int | None = Field(None, description="when learning is expected to end, while the state is learning")
    since: int | None = None
    success: Share | None = Field(description="attempts of the last minute; null: no report has counted them")
    success_hour: Share | None = None
    conversion: Steps | None = Field(description="counts of the last hour; null: not declared, or not counted yet")
    objective: Objective | None = Field(description="null: the journey promises nothing")


class FailingDetector(Model):
    """A detector that is not OK, named in the row of its service or journey."""

    kind: str
    operation: str
    state: State
    text: str = Field(description='as in "down 4 s: no connection"')
    since: int | None
    value: float | None
    threshold: float | None
    baseline: float | None
    unit: str = Field(description="`1` (a share), `s` or `x` (times)")


class ServiceNow(Model):
    """One service; rows come sorted by impact. A number that is null is not known (never 0)."""

    name: str
    state: State
    why: str = Field("", description="the state in words; for unknown, why")
    detector: FailingDetector | None = Field(description="the detector that fires, or is the reason of the state")
    detectors: tuple[FailingDetector, ...] = Field((), description="all that are not OK")
    since: int | None
    impact: float = Field(description="sorts the rows: the larger the higher")
    rate: float | None = Field(description="requests per second")
    errors: float | None = Field(description="share of requests, 0 to 1")
    p95_s: float | None
    memory: float | None
    memory_limit: float | None
    restarts: int | None = Field(description="new processes since Scout watches; null: not known")
    watched: int | None = Field(None, description="since when Scout counts restarts")
    restarted: int | None = None
    unit: str = Field("", description='the runtime\'s word: running, exited ...; "": not known')
    commit: str = ""
    deployed: int | None = None
    autonomy: str = Field(description="`observe`, `approve` or `autonomous`")
    incident: int | None = Field(None, description="the open incident that accuses it")
    owner: str = ""
    runbook: str = ""


class Spark(Model):
    """A sparkline: requests per second, oldest first, `step_s` apart, ending at `until`; null is a gap."""

    until: int
    step_s: float
    rate: tuple[float | None, ...]
    errors: tuple[float | None, ...]


class LoopStep(Model):
    """One step of the loop. `state`: done, doing, waits, skipped or later; `took_s` from the fact before it."""

    step: str = Field(description="detect recall decide act verify conclude remember (confirm and undo where they are)")
    agent: str
    state: str
    at: int | None
    took_s: float | None
    text: str = Field("", description='"CONFIRMED", "restart", "12 of 30 good attempts", "waits for a person"')
    until: int | None = Field(None, description="its deadline or expiry")


class Progress(Model):
    """How far a verification is: of `needed` good visits in a row, `visits`; and the attempts since the action."""

    good: int | None
    bad: int | None
    needed: int
    since: int
    visits: int | None = Field(None, description="good visits in a row, as Scout counts them; null: not told")


class Loop(Model):
    """The loop strip of one open incident."""

    incident: int
    ulid: str
    title: str
    kind: str
    services: tuple[str, ...]
    state: State
    since: int = Field(description="the first symptom")
    opened: int
    attempt: int
    steps: tuple[LoopStep, ...]
    waits_for: str = Field(description='"fixer: act", "a person", "the end of a hold (issue 12), until 14:00 UTC"')
    waits_for_person: bool
    plan: str = Field("", description='the plan that waits for approval, for `POST /orders`; "": none')
    expires: int | None = None
    overdue_s: float | None = None
    progress: Progress | None = None
    frozen: str = Field("", description='why its record cannot be trusted; "": it verifies')


class AgentNow(Model):
    """One agent: `text` as in "looked 0.4 s ago", "ready", "blocked: its clock is wrong"."""

    name: str
    state: State
    text: str
    at: int | None = None


class AgentsLine(Model):
    """The quiet line while nothing is open; `last` is the last incident that ended."""

    text: str
    agents: tuple[AgentNow, ...]
    last: int | None = None


class FeedFact(Model):
    """One fact or order on the feed, newest first. `after_s` counts from the incident's first symptom."""

    id: str = Field(description="`<issue>/<comment>`, unique")
    incident: int
    seq: int | None = Field(description="null: an order of a person")
    step: str
    agent: str = Field(description="scout brain fixer memory, or the person")
    at: int
    after_s: float | None
    text: str
    attempt: int = 1
    state: State


class Mark(Model):
    """A change or an action, marked on the chart."""

    id: str
    at: int
    kind: str = Field(description="`change` (a deployment), `action` (ours), `undo`, `detected`, `recovered`")
    text: str
    services: tuple[str, ...] = ()
    incident: int | None = None
    commit: str = ""
    diff: str = Field("", description="what a change changed; only in the view of an incident")


class Excuse(Model):
    """What is excused: an inhibition. `until` null: open end."""

    id: str
    since: int
    until: int | None
    services: tuple[str, ...]
    because: str


class Doubt(Model):
    """A detector that says nothing: "not judged, because"."""

    id: str
    kind: str
    subject: str
    operation: str
    state: State
    because: str
    since: int | None
    until: int | None


class Now(Answer):
    """The whole view; the stream sends the same panels (docs/dashboard-api.md, "The stream")."""

    journeys: tuple[JourneyNow, ...]
    services: tuple[ServiceNow, ...]
    services_left_out: int = Field(0, description="services for which the report had no space")
    sparks: dict[str, Spark]
    loops: tuple[Loop, ...]
    agents: AgentsLine
    feed: tuple[FeedFact, ...]
    marks: tuple[Mark, ...]
    excused: tuple[Excuse, ...]
    doubts: tuple[Doubt, ...]
    detectors: dict[str, int] = Field(description="number of detectors by state")
