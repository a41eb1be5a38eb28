"""What every answer begins with: when it was made, how old its sources are, the sentence, the space and its mode."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """The base of all answers: frozen, and without fields that are not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class State(StrEnum):
    """The states that the page shows, each with a shape of its own."""

    WELL = "well"
    DEGRADED = "degraded"
    FAILING = "failing"
    ACTING = "acting"
    UNKNOWN = "unknown"
    BLIND = "blind"
    LEARNING = "learning"
    HELD = "held"
    HALTED = "halted"
    EXCUSED = "excused"


class SourceState(StrEnum):
    """How far a source can be relied on now."""

    LIVE = "live"
    STALE = "stale"
    AWAY = "away"
    NEVER = "never"
    NONE = "none"


class Source(Model):
    """One source of the answer. `age_s`: how old what it last said is (null: it has said nothing)."""

    state: SourceState = Field(description="live; stale; away (does not answer); never (yet); none (not configured)")
    age_s: float | None = None
    why: str = Field("", description="why it is not live, one sentence for people")


class Sources(Model):
    """The sources of every answer; nothing of a source that is not live may be shown as live."""

    report: Source = Field(description="Scout's signed report, each second")
    record: Source = Field(description="the incidents' issues on the forge")
    traces: Source = Field(description="the trace store")
    runtime: Source = Field(description="the runtime's read-only list of units")
    memory: Source = Field(description="the index of lessons")


class Cite(Model):
    """Where a number of a sentence comes from: a fact of an incident (its `seq`), or Scout's report."""

    text: str = Field(description='as in "fact 3 of incident 7" or "Scout\'s report of 12:03:07 UTC"')
    incident: int | None = None
    seq: int | None = None


class Sentence(Model):
    """The sentence at the top of a view, composed from facts and never by the page."""

    state: State = Field(description="the state that tints it, the tab's icon and its title")
    text: str = Field(description="the first line: what customers can or cannot do")
    detail: str = Field("", description="the second line: since when, of how many, why, what is being done")
    title: str = Field(description="the title of the browser's tab, short")
    since: int | None = Field(None, description="since when this is so")
    incident: int | None = Field(None, description="the incident to open, if there is one")
    cites: tuple[Cite, ...] = ()


class HoldRow(Model):
    """A hold: people work on `services` (empty: on everything)."""

    services: tuple[str, ...]
    everything: bool
    since: int
    until: int
    reason: str
    by: str
    source: str = Field(description="where it is written, as in `issue 12` or `a maintenance window`")
    issue: int | None = Field(description="the issue that `release` names; null: only the configuration ends it")
    order: int | None = Field(None, description="the order that `release` names too, where its issue has several holds")
    text: str


class Mode(Model):
    """What the agents may do now. `text` is the chip in the bar: "autonomous on 3", "HALTED", "HELD until 14:00"."""

    state: State
    text: str
    halted: bool | None = Field(description="null: not known")
    dry_run: bool
    holds: tuple[HoldRow, ...] = ()
    autonomous: int = 0
    approve: int = 0
    observe: int = 0


class Space(Model):
    """Which space this is."""

    name: str = Field(description="the space's name in the configuration")
    repository: str
    issues_url: str = Field("", description='prefix of a link to an issue on the forge\'s web page; "": it has none')
    jaeger_url: str = Field("", description="Jaeger's page, linked only where it has one; \"\": use the API's traces")


class Answer(Model):
    """What every answer has. `at` is the server's clock: compare it with the browser's and say when they differ."""

    at: int
    sentence: Sentence
    sources: Sources
    space: Space
    mode: Mode
