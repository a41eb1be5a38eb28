"""Jaeger's query API over the stored spans: what Jaeger's user interface and clients ask (v1 HTTP JSON)."""

import asyncio
import json
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sre_space.domain.errors import Malformed, Missing
from sre_space.embedded.telemetry.store import connect, spans_where
from sre_space.wire.jaeger import traces_json

HOUR_US = 3600 * 10**6
MAX_TRACES = 1500
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(us|µs|ms|s|m|h)")
_UNIT_US = {"us": 1, "µs": 1, "ms": 1000, "s": 10**6, "m": 60 * 10**6, "h": HOUR_US}

Answer = Callable[[sqlite3.Connection, Request], list[object]]


@dataclass(frozen=True)
class TraceQuery:
    """A search as `/api/traces` takes it; times in microseconds."""

    service: str
    operation: str
    since: int
    until: int
    shortest: int
    longest: int
    tags: dict[str, str]
    limit: int

    @classmethod
    def read(cls, query: QueryParams) -> "TraceQuery":
        """From the query string; `Malformed` names the parameter."""
        if not query.get("service"):
            raise Malformed("parameter 'service' is required")
        until = _integer(query, "end", time.time_ns() // 1000)
        since = _integer(query, "start", until - _duration(query, "lookback", HOUR_US))
        try:
            tags = json.loads(query.get("tags") or "{}")
        except ValueError as error:
            raise Malformed(f"malformed 'tags' parameter, cannot unmarshal JSON: {error}") from error
        if not isinstance(tags, dict):
            raise Malformed("malformed 'tags' parameter, expecting a JSON object")
        return cls(
            service=query["service"],
            operation=query.get("operation", ""),
            since=since,
            until=until,
            shortest=_duration(query, "minDuration", 0),
            longest=_duration(query, "maxDuration", 0),
            tags={str(key): str(value) for key, value in tags.items()},
            limit=min(_integer(query, "limit", 100), MAX_TRACES),
        )


def _integer(query: QueryParams, name: str, default: int) -> int:
    try:
        return int(query.get(name) or default)
    except ValueError as error:
        raise Malformed(f"unable to parse param '{name}': {query[name]!r} is not a number") from error


def _duration(query: QueryParams, name: str, default: int) -> int:
    text = query.get(name)
    if not text:
        return default
    found = _DURATION.fullmatch(text)
    if not found:
        raise Malformed(f"unable to parse param '{name}': {text!r} is not a duration like 100ms or 1.2s")
    return int(float(found[1]) * _UNIT_US[found[2]])


def app(path: Path) -> Starlette:
    """The API; each question is answered on a thread with a connection of its own."""

    def route(pattern: str, answer: Answer) -> Route:
        async def endpoint(request: Request) -> JSONResponse:
            try:
                data = await asyncio.to_thread(_asked, path, answer, request)
            except Malformed as error:
                return _error(400, str(error))
            except Missing as error:
                return _error(404, str(error))
            body = {"data": data, "total": len(data), "limit": 0, "offset": 0, "errors": None}
            return JSONResponse(body)

        return Route(pattern, endpoint)

    return Starlette(
        routes=[
            route("/api/services", _services),
            route("/api/services/{service}/operations", _operations),
            route("/api/operations", _operations),
            route("/api/traces", _search),
            route("/api/traces/{trace_id}", _trace),
            route("/api/dependencies", _dependencies),
        ]
    )


def _error(code: int, message: str) -> JSONResponse:
    body = {"data": None, "total": 0, "limit": 0, "offset": 0, "errors": [{"code": code, "msg": message}]}
    return JSONResponse(body, code)


def _asked(path: Path, answer: Answer, request: Request) -> list[object]:
    db = connect(path)
    try:
        return answer(db, request)
    finally:
        db.close()


def _services(db: sqlite3.Connection, _: Request) -> list[object]:
    return [name for (name,) in db.execute("SELECT DISTINCT service FROM spans ORDER BY service")]


def _operations(db: sqlite3.Connection, request: Request) -> list[object]:
    service = request.path_params.get("service") or request.query_params.get("service")
    if not service:
        raise Malformed("parameter 'service' is required")
    found = db.execute("SELECT DISTINCT name, kind FROM spans WHERE service = ? ORDER BY name", (service,)).fetchall()
    if "service" in request.path_params:
        return sorted({name for name, _ in found})
    return [{"name": name, "spanKind": kind} for name, kind in found]


def _search(db: sqlite3.Connection, request: Request) -> list[object]:
    query = TraceQuery.read(request.query_params)
    conditions, values = (
        ["service = ?", "start >= ?", "start <= ?"],
        [query.service, query.since * 1000, query.until * 1000],
    )
    if query.operation:
        conditions, values = [*conditions, "name = ?"], [*values, query.operation]
    if query.shortest:
        conditions, values = [*conditions, "stop - start >= ?"], [*values, query.shortest * 1000]
    if query.longest:
        conditions, values = [*conditions, "stop - start <= ?"], [*values, query.longest * 1000]
    if query.tags.pop("error", "") == "true":
        conditions = [*conditions, "status = 'error'"]
    for key, value in query.tags.items():
        conditions.append("CAST(attributes ->> ? AS TEXT) = ?")
        values += [f'$."{key}"', value]
    ids = db.execute(
        f"SELECT trace_id FROM spans WHERE {' AND '.join(conditions)}"
        " GROUP BY trace_id ORDER BY MAX(start) DESC LIMIT ?",
        (*values, query.limit),
    ).fetchall()
    marks = ",".join("?" * len(ids))
    return list(traces_json(spans_where(db, f"trace_id IN ({marks})", [id for (id,) in ids]))) if ids else []


def _trace(db: sqlite3.Connection, request: Request) -> list[object]:
    trace_id = request.path_params["trace_id"].lower().zfill(32)
    found = traces_json(spans_where(db, "trace_id = ?", [trace_id]))
    if not found:
        raise Missing("trace not found")
    return list(found)


def _dependencies(db: sqlite3.Connection, request: Request) -> list[object]:
    until = _integer(request.query_params, "endTs", time.time_ns() // 10**6)
    since = until - _integer(request.query_params, "lookback", 24 * 3600 * 1000)
    rows = db.execute(
        "SELECT p.service, c.service FROM spans c JOIN spans p ON p.trace_id = c.trace_id AND p.span_id = c.parent_id"
        " WHERE c.start BETWEEN ? AND ? AND p.service <> c.service",
        (since * 10**6, until * 10**6),
    )
    return [{"parent": p, "child": c, "callCount": count} for (p, c), count in sorted(Counter(rows).items())]
