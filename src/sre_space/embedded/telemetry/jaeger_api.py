"""Jaeger's query API over the stored spans: what Jaeger's user interface and clients ask (v1 HTTP JSON).

It answers as Jaeger 1.62 with its memory store does; docs/decisions/0002 lists where it does not.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sre_space.codec.jaeger_otlp import has_tags, shown_trace_id, traces_json
from sre_space.domain.errors import Malformed, Missing
from sre_space.embedded.databases import is_damage
from sre_space.embedded.telemetry.store import connect, spans_of_traces
from sre_space.embedded.telemetry.trace_query import (
    TraceQuery,
    clock,
    integer,
    time_ns,
    trace_id_of,
)

MS = 10**6
DEPENDENCIES_LOOKBACK_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class Answered:
    """What is told. Jaeger counts services and operations in `total`, but no traces."""

    data: Sequence[object] | None
    total: int = 0
    errors: Sequence[object] | None = None

    def body(self) -> dict[str, object]:
        """The envelope of every answer."""
        return {"data": self.data, "total": self.total, "limit": 0, "offset": 0, "errors": self.errors}


Answer = Callable[[sqlite3.Connection, Request], Answered]


def app(path: Path, damaged: "asyncio.Future[None]") -> Starlette:
    """The API; each question is answered on a thread with a connection of its own.

    `damaged` is told when the database is no whole one any more.
    """

    def route(pattern: str, answer: Answer) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                return JSONResponse((await asyncio.to_thread(_asked, path, answer, request)).body())
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
            Route("/trace/{trace_id}", _page),
        ]
    )


async def _page(request: Request) -> Response:
    """Where Jaeger has a page there is none here: the same traces as data, so that links in incidents lead to them."""
    path = request.url.path.replace("/search", "/traces").replace("/trace/", "/traces/")
    return RedirectResponse(f"/api{path}?{request.url.query}".rstrip("?"))


def _refusal(code: int, message: str) -> Response:
    """As Jaeger sends it: JSON that calls itself plain text."""
    told = Answered(None, errors=[{"code": code, "msg": message}])
    return Response(json.dumps(told.body()) + "\n", code, media_type="text/plain")


def _asked(path: Path, answer: Answer, request: Request) -> Answered:
    db = connect(path)
    try:
        return answer(db, request)
    finally:
        db.close()


def _services(db: sqlite3.Connection, _: Request) -> Answered:
    names = [name for (name,) in db.execute("SELECT DISTINCT service FROM otlp_spans ORDER BY service")]
    return Answered(names, len(names))


def _operation_names(db: sqlite3.Connection, request: Request) -> Answered:
    asked = "SELECT DISTINCT name FROM otlp_spans WHERE service = ? ORDER BY name"
    names = [name for (name,) in db.execute(asked, (request.path_params["service"],))]
    return Answered(names, len(names))


def _operations(db: sqlite3.Connection, request: Request) -> Answered:
    service, kind = request.query_params.get("service"), request.query_params.get("spanKind", "")
    if not service:
        raise Malformed("parameter 'service' is required")
    asked = "SELECT DISTINCT name, kind FROM otlp_spans WHERE service = ? AND ? IN ('', kind) ORDER BY name, kind"
    found = [{"name": name, "spanKind": kind} for name, kind in db.execute(asked, (service, kind))]
    return Answered(found, len(found))


def _search(db: sqlite3.Connection, request: Request) -> Answered:
    query = TraceQuery.read(request.query_params, time.time_ns())
    if not query.trace_ids:
        return Answered(traces_json(spans_of_traces(db, _found(db, query))))
    traces = {trace_id: spans_of_traces(db, [trace_id]) for trace_id in query.trace_ids}
    lacking = [shown_trace_id(trace_id) for trace_id, spans in traces.items() if not spans]
    missing = [{"msg": "trace not found", "traceID": trace_id} for trace_id in lacking]
    return Answered(traces_json(span for spans in traces.values() for span in spans), errors=missing or None)


def _found(db: sqlite3.Connection, query: TraceQuery) -> list[str]:
    """Ids of the newest traces with a span that answers everything that is asked."""
    conditions: dict[str, str | int] = {"service = ?": query.service, "start >= ?": query.since}
    conditions["start <= ?"] = query.until
    if query.operation:
        conditions["name = ?"] = query.operation
    if query.shortest:
        conditions["stop - start >= ?"] = query.shortest
    if query.longest:
        conditions["stop - start <= ?"] = query.longest
    db.create_function("has_tags", 1, lambda alone: has_tags(alone, query.tags), deterministic=True)
    tagged = " AND has_tags(alone)" if query.tags else ""
    found = db.execute(
        f"SELECT trace_id FROM otlp_spans WHERE {' AND '.join(conditions)}{tagged}"
        " GROUP BY trace_id ORDER BY MAX(start) DESC LIMIT ?",
        (*conditions.values(), query.limit if query.limit > 0 else -1),
    )
    return [trace_id for (trace_id,) in found.fetchall()]


def _trace(db: sqlite3.Connection, request: Request) -> Answered:
    found = traces_json(spans_of_traces(db, [trace_id_of(request.path_params["trace_id"])]))
    if not found:
        raise Missing("trace not found")
    return Answered(found)


def _dependencies(db: sqlite3.Connection, request: Request) -> Answered:
    """Calls between services in the traces that have a span in the window."""
    query = request.query_params
    until = time_ns(query, "endTs", MS, time.time_ns())
    since = clock(until - integer(query, "lookback", DEPENDENCIES_LOOKBACK_MS) * MS)
    service = query.get("service", "")
    rows = db.execute(
        "SELECT p.service, c.service, COUNT(*) FROM otlp_spans c"
        " JOIN otlp_spans p ON p.trace_id = c.trace_id AND p.span_id = c.parent_id"
        " WHERE p.service <> c.service AND ? IN ('', p.service, c.service)"
        " AND c.trace_id IN (SELECT trace_id FROM otlp_spans WHERE start > ? AND start < ?)"
        " GROUP BY p.service, c.service ORDER BY p.service, c.service",
        (service, since, until),
    )
    return Answered([{"parent": parent, "child": child, "callCount": count} for parent, child, count in rows])
