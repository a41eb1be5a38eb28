"""What the routes ask for. `reading/` composes the answers; tests and examples may give others."""

from dataclasses import dataclass
from typing import Protocol

from sre_space.dashboard.answers.acting import Me, NewOrder, OrderTaken
from sre_space.dashboard.answers.incident import IncidentAnswer
from sre_space.dashboard.answers.incidents import Incidents, Lessons
from sre_space.dashboard.answers.now import Now
from sre_space.dashboard.answers.series import Series
from sre_space.dashboard.answers.service_map import ServiceMap
from sre_space.dashboard.answers.traces import SpanDetail, Traces, Waterfall
from sre_space.dashboard.questions import IncidentQuery, MapQuery, SeriesQuery


class FactViews(Protocol):
    """The answers about journeys, services, incidents and lessons.

    Each view MUST raise `Missing` for what does not exist, `Malformed` for a question that makes no sense, and
    `Unavailable` for a source without which there is no answer at all. `token` is that of the request ("": none).
    """

    async def now(self) -> Now:
        """Return the view *Now*."""
        ...

    async def series(self, query: SeriesQuery) -> Series:
        """Return the columns of a chart."""
        ...

    async def incidents(self, query: IncidentQuery) -> Incidents:
        """Return a page of the list of incidents."""
        ...

    async def lessons(self, text: str, limit: int) -> Lessons:
        """Return the lessons nearest in meaning."""
        ...

    async def incident(self, number: int, token: str) -> IncidentAnswer:
        """Return one incident; whether "you may" depends on the token."""
        ...

    def number_of(self, incident: str) -> int | None:
        """Return the issue of an incident's ULID, None when no such incident is known."""
        ...

    async def metrics(self) -> bytes:
        """Return the metrics of agents and journeys in Prometheus' text format."""
        ...


class TraceViews(Protocol):
    """The answers about traces."""

    async def service_map(self, query: MapQuery) -> ServiceMap:
        """Return the map from traces."""
        ...

    async def traces(self, number: int) -> Traces:
        """Return the traces of an incident, from the store or its bundle."""
        ...

    async def waterfall(self, trace_id: str, number: int | None) -> Waterfall:
        """Return one trace; `number` names the incident whose bundle may hold it."""
        ...

    async def span(self, trace_id: str, span_id: str, number: int | None) -> SpanDetail:
        """Return one span's attributes."""
        ...


class PeopleViews(Protocol):
    """The answers about people, and their orders."""

    async def me(self, token: str) -> Me:
        """Return who the token names, and what this person may do."""
        ...

    async def order(self, token: str, order: NewOrder) -> OrderTaken:
        """Carry out a person's order; raise `Refused` without a token that may give it."""
        ...


@dataclass(frozen=True)
class Views:
    """All views that the routes ask."""

    facts: FactViews
    traces: TraceViews
    people: PeopleViews
