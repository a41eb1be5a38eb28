"""Jaeger's query API over the stored spans, as Jaeger's user interface and clients use it (v1 HTTP JSON).

It answers as Jaeger 1.62 with its memory store does; docs/decisions/0002 lists the differences.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sre_embedded.databases import is_damage
from sre_embedded.servers.telemetry.store import connect, spans_of_traces
from sre_embedded.servers.telemetry.trace_query import TraceQuery, clamp_time, integer, time_ns, trace_id_of
from sre_space.codec.jaeger_otlp import has_tags, shown_trace_id, traces_json
from sre_space.domain.errors import Malformed, Missing

MS = 10**6
DEPENDENCIES_LOOKBACK_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class JaegerAnswer:
    """An answer of the API. As in Jaeger, `total` counts services and operations, and is 0 for traces."""

    data: Sequence[object] | None
    total: int = 0
    errors: Sequence[object] | None = None

    def body(self) -> dict[str, object]:
        """Return the JSON envelope of every answer."""
        return {"data": self.data, "total": self.total, "limit": 0, "offset": 0, "errors": self.errors}


Answer = Callable[[sqlite3.Connection, Request], JaegerAnswer]


def app(path: Path, damaged: "asyncio.Future[None]", dashboard: str = "") -> Starlette:
    """Return the API's application; each request is answered on a thread with its own connection.

    `damaged` gets an exception when the database is damaged. `dashboard` is its address: it has the pages that Jaeger
    has; "" where nobody serves it.
    """

    def route(pattern: str, answer: Answer) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                return JSONResponse((await asyncio.to_thread(_query, path, answer, request)).body())
            except Malformed as error:
                return _refusal(400, str(error))
            except Missing as error:
                return _refusal(404, str(error))
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                if not damaged.done():
                    damaged.set_exception(error)
                return _refusal(500, f"the spans cannot be read: {error}")

        return Route(pattern, endpoint)

    return Starlette(
        routes=[
            route("/api/services", _services),
            route("/api/services/{service}/operations", _operation_names),
            route("/api/operations", _operations),
            route("/api/traces", _search),
            route("/api/traces/{trace_id}", _trace),
            route("/api/dependencies", _dependencies),
            Route("/search", _page),
            *_pages(dashboard),
        ]
    )


def _pages(dashboard: str) -> list[Route]:
    """Return the routes of Jaeger's pages, which lead to the dashboard where there is one."""
    if not dashboard:
        return [Route("/trace/{trace_id}", _page)]

    async def entry(_: Request) -> Response:
        return RedirectResponse(f"{dashboard}/")

    async def trace(request: Request) -> Response:
        return RedirectResponse(f"{dashboard}/traces/{quote(request.path_params['trace_id'], safe='')}")

    return [Route("/", entry), Route("/trace/{trace_id}", trace)]


async def _page(request: Request) -> Response:
    """Redirect a page of Jaeger's user interface to the API, so that links in incidents lead to the traces as data."""
    path = request.url.path.replace("/search", "/traces").replace("/trace/", "/traces/")
    return RedirectResponse(f"/api{path}?{request.url.query}".rstrip("?"))


def _refusal(code: int, message: str) -> Response:
    """Return an error as Jaeger sends it: JSON with the media type of plain text."""
    answer = JaegerAnswer(None, errors=[{"code": code, "msg": message}])
    return Response(json.dumps(answer.body()) + "\n", code, media_type="text/plain")


def _query(path: Path, answer: Answer, request: Request) -> JaegerAnswer:
    db = connect(path)
    try:
        return answer(db, request)
    finally:
        db.close()


def _services(db: sqlite3.Connection, _: Request) -> JaegerAnswer:
    names = [name for (name,) in db.execute("SELECT DISTINCT service FROM otlp_spans ORDER BY service")]
    return JaegerAnswer(names, len(names))


def _operation_names(db: sqlite3.Connection, request: Request) -> JaegerAnswer:
    query = "SELECT DISTINCT name FROM otlp_spans WHERE service = ? ORDER BY name"
    names = [name for (name,) in db.execute(query, (request.path_params["service"],))]
    return JaegerAnswer(names, len(names))


def _operations(db: sqlite3.Connection, request: Request) -> JaegerAnswer:
    service, kind = request.query_params.get("service"), request.query_params.get("spanKind", "")
    if not service:
        raise Malformed("parameter 'service' is required")
    query = "SELECT DISTINCT name, kind FROM otlp_spans WHERE service = ? AND ? IN ('', kind) ORDER BY name, kind"
    operations = [{"name": name, "spanKind": kind} for name, kind in db.execute(query, (service, kind))]
    return JaegerAnswer(operations, len(operations))


def _search(db: sqlite3.Connection, request: Request) -> JaegerAnswer:
    query = TraceQuery.read(request.query_params, time.time_ns())
    if not query.trace_ids:
        return JaegerAnswer(traces_json(spans_of_traces(db, _matching_trace_ids(db, query))))
    traces = {trace_id: spans_of_traces(db, [trace_id]) for trace_id in query.trace_ids}
    lacking = [shown_trace_id(trace_id) for trace_id, spans in traces.items() if not spans]
    missing = [{"msg": "trace not found", "traceID": trace_id} for trace_id in lacking]
    return JaegerAnswer(traces_json(span for spans in traces.values() for span in spans), errors=missing or None)


def _matching_trace_ids(db: sqlite3.Connection, query: TraceQuery) -> list[str]:
    """Return the ids of the newest traces with a span that matches every condition."""
    conditions: dict[str, str | int] = {"service = ?": query.service, "start >= ?": query.since}
    conditions["start <= ?"] = query.until
    if query.operation:
        conditions["name = ?"] = query.operation
    if query.min_duration_ns:
        conditions["stop - start >= ?"] = query.min_duration_ns
    if query.max_duration_ns:
        conditions["stop - start <= ?"] = query.max_duration_ns
    db.create_function("has_tags", 1, lambda alone: has_tags(alone, query.tags), deterministic=True)
    tagged = " AND has_tags(alone)" if query.tags else ""
    rows = db.execute(
        f"SELECT trace_id FROM otlp_spans WHERE {' AND '.join(conditions)}{tagged}"
        " GROUP BY trace_id ORDER BY MAX(start) DESC LIMIT ?",
        (*conditions.values(), query.limit if query.limit > 0 else -1),
    )
    return [trace_id for (trace_id,) in rows.fetchall()]


def _trace(db: sqlite3.Connection, request: Request) -> JaegerAnswer:
    traces = traces_json(spans_of_traces(db, [trace_id_of(request.path_params["trace_id"])]))
    if not traces:
        raise Missing("trace not found")
    return JaegerAnswer(traces)


def _dependencies(db: sqlite3.Connection, request: Request) -> JaegerAnswer:
    """Count the calls between services in the traces that have a span in the time range."""
    query = request.query_params
    until = time_ns(query, "endTs", MS, time.time_ns())
    since = clamp_time(until - integer(query, "lookback", DEPENDENCIES_LOOKBACK_MS) * MS)
    service = query.get("service", "")
    rows = db.execute(
        "SELECT p.service, c.service, COUNT(*) FROM otlp_spans c"
        " JOIN otlp_spans p ON p.trace_id = c.trace_id AND p.span_id = c.parent_id"
        " WHERE p.service <> c.service AND ? IN ('', p.service, c.service)"
        " AND c.trace_id IN (SELECT trace_id FROM otlp_spans WHERE start > ? AND start < ?)"
        " GROUP BY p.service, c.service ORDER BY p.service, c.service",
        (service, since, until),
    )
    return JaegerAnswer([{"parent": parent, "child": child, "callCount": count} for parent, child, count in rows])
