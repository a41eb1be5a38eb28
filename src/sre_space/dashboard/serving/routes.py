"""The routes of /api/v1: each parses a question, asks the views, and returns a typed answer."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import PlainTextResponse

from sre_space.dashboard.answers.acting import Me, NewOrder, OrderTaken
from sre_space.dashboard.answers.incident import IncidentAnswer
from sre_space.dashboard.answers.incidents import Incidents, Lessons
from sre_space.dashboard.answers.now import Now
from sre_space.dashboard.answers.series import Series
from sre_space.dashboard.answers.service_map import ServiceMap
from sre_space.dashboard.answers.traces import SpanDetail, Traces, Waterfall
from sre_space.dashboard.questions import IncidentQuery, MapQuery, SeriesQuery
from sre_space.dashboard.serving.examples import example
from sre_space.dashboard.serving.problems import PROBLEMS, token_of
from sre_space.dashboard.serving.views import Views
from sre_space.domain.errors import Missing

Number = Annotated[int, Path(ge=1, le=2**53)]
TraceId = Annotated[str, Path(pattern="^[0-9a-f]{1,32}$")]
SpanId = Annotated[str, Path(pattern="^[0-9a-f]{1,16}$")]
Millis = Annotated[int | None, Query(ge=0, le=2**53)]
Text = Annotated[str, Query(max_length=200)]
Values = Annotated[list[str] | None, Query(max_length=50)]
MAX_POINTS = 4_000


def router(views: Views) -> APIRouter:
    """Return the routes over these views."""
    routes = APIRouter(prefix="/api/v1", responses=PROBLEMS)
    _now(routes, views)
    _incidents(routes, views)
    _traces(routes, views)
    _people(routes, views)
    return routes


def _now(routes: APIRouter, views: Views) -> None:
    @routes.get("/now", summary="The view Now", responses=example("now"))
    async def now() -> Now:
        return await views.facts.now()

    @routes.get("/map", summary="The map from traces", responses=example("map"))
    async def service_map(
        since: Millis = None, until: Millis = None, errors: bool = False, q: Text = "", around: Text = ""
    ) -> ServiceMap:
        return await views.traces.service_map(MapQuery(since, until, errors, q, around))

    @routes.get("/series", summary="The columns of a chart", responses=example("series"))
    async def series(
        of: Annotated[str, Query(min_length=1, max_length=200, description="the journey or service")],
        since: Millis = None,
        until: Millis = None,
        points: Annotated[int, Query(ge=2, le=MAX_POINTS)] = 600,
    ) -> Series:
        return await views.facts.series(SeriesQuery(of, since, until, points))


def _incidents(routes: APIRouter, views: Views) -> None:
    @routes.get("/incidents", summary="The list of incidents, newest first", responses=example("incidents"))
    async def incidents(  # noqa: PLR0917 - one parameter a filter
        state: Values = None,
        service: Values = None,
        kind: Values = None,
        verdict: Values = None,
        remedy: Values = None,
        q: Text = "",
        before: Annotated[int | None, Query(ge=1, le=2**53, description="cursor: only numbers below")] = None,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 50,
    ) -> Incidents:
        return await views.facts.incidents(
            IncidentQuery(
                state=frozenset(state or ()),
                service=frozenset(service or ()),
                kind=frozenset(kind or ()),
                verdict=frozenset(verdict or ()),
                remedy=frozenset(remedy or ()),
                search=q,
                before=before,
                limit=limit,
            )
        )

    @routes.get("/incidents/{number}", summary="One incident", responses=example("incident"))
    async def incident(number: Number, request: Request) -> IncidentAnswer:
        return await views.facts.incident(number, token_of(request))

    @routes.get("/incidents/{number}/markdown", summary="The whole story as Markdown")
    async def markdown(number: Number) -> PlainTextResponse:
        answer = await views.facts.incident(number, "")
        return PlainTextResponse(answer.markdown, media_type="text/markdown; charset=utf-8")

    @routes.get("/incidents/{number}/postmortem", summary="The post-mortem as Markdown")
    async def postmortem(number: Number) -> PlainTextResponse:
        answer = await views.facts.incident(number, "")
        if answer.postmortem is None:
            raise Missing(f"incident {number} has no post-mortem yet")
        return PlainTextResponse(answer.postmortem.markdown, media_type="text/markdown; charset=utf-8")

    @routes.get("/lessons", summary="Lessons by meaning", responses=example("lessons"))
    async def lessons(
        q: Annotated[str, Query(min_length=1, max_length=400)], limit: Annotated[int, Query(ge=1, le=20)] = 5
    ) -> Lessons:
        return await views.facts.lessons(q, limit)


def _traces(routes: APIRouter, views: Views) -> None:
    @routes.get("/incidents/{number}/traces", summary="An incident's traces", responses=example("traces"))
    async def traces(number: Number) -> Traces:
        return await views.traces.traces(number)

    @routes.get("/incidents/{number}/traces/{trace_id}", summary="One of its traces", responses=example("waterfall"))
    async def waterfall(number: Number, trace_id: TraceId) -> Waterfall:
        return await views.traces.waterfall(trace_id, number)

    @routes.get("/incidents/{number}/traces/{trace_id}/spans/{span_id}", summary="One span of it")
    async def span(number: Number, trace_id: TraceId, span_id: SpanId) -> SpanDetail:
        return await views.traces.span(trace_id, span_id, number)

    @routes.get("/traces/{trace_id}", summary="A trace of the store")
    async def stored(trace_id: TraceId) -> Waterfall:
        return await views.traces.waterfall(trace_id, None)

    @routes.get("/traces/{trace_id}/spans/{span_id}", summary="One span of a trace of the store")
    async def stored_span(trace_id: TraceId, span_id: SpanId) -> SpanDetail:
        return await views.traces.span(trace_id, span_id, None)


def _people(routes: APIRouter, views: Views) -> None:
    @routes.get("/me", summary="Who the token names", responses=example("me"))
    async def me(request: Request) -> Me:
        return await views.people.me(token_of(request))

    @routes.post("/orders", summary="Give an order", status_code=201, responses=example("order", 201))
    async def order(order: NewOrder, request: Request) -> OrderTaken:
        return await views.people.order(token_of(request), order)
