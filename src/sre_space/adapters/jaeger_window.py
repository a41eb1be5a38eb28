"""The traces of a live Jaeger in a time window, as columns. Used by `sre-space diagnose --jaeger`."""

import httpx

from sre_space.analysis.diagnosis.building import SpanBuilder
from sre_space.analysis.diagnosis.tables import SkippedInput, Telemetry, no_logs, no_metrics
from sre_space.codec.jaeger_columns import add_traces
from sre_space.domain.errors import Malformed, Unavailable

TIMEOUT_S = 30.0
MAX_TRACES = 5000  # per service; Jaeger returns the newest


def read_window(url: str, since: int, until: int) -> Telemetry:
    """Return all services' traces that began in [`since`, `until`) (Unix ns), each trace once."""
    spans = SpanBuilder()
    skipped_input: list[SkippedInput] = []
    fresh = httpx.Limits(max_keepalive_connections=0)  # to read an answer takes longer than servers keep a connection
    with httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False, limits=fresh) as client:
        for service in _services(client, url):
            skipped = add_traces(_answer(client, url, "/api/traces", _query(service, since, until)), spans)
            skipped_input += [SkippedInput(f"{url} {service} trace {number}", why) for number, why in skipped]
    table = spans.table()
    complete = not skipped_input and len(table.trace_ids) < MAX_TRACES  # then no service's answer was cut
    return Telemetry(table, no_metrics(), no_logs(), tuple(skipped_input), complete)


def _query(service: str, since: int, until: int) -> dict[str, str | int]:
    """Return the query parameters; Jaeger takes microseconds and includes both ends."""
    return {"service": service, "start": since // 1000, "end": max(0, until // 1000 - 1), "limit": MAX_TRACES}


def _services(client: httpx.Client, url: str) -> list[str]:
    body = _answer(client, url, "/api/services", {})
    try:
        return sorted(str(name) for name in httpx.Response(200, content=body).json()["data"] or ())
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed(f"{url}/api/services is no Jaeger answer: {error!r}") from error


def _answer(client: httpx.Client, url: str, path: str, query: dict[str, str | int]) -> bytes:
    try:
        response = client.get(path, params=query)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"Jaeger does not answer at {url}: {error!r}; --jaeger names it") from error
    if response.status_code != httpx.codes.OK:
        raise Unavailable(f"Jaeger answered {response.status_code} to {path}: {response.text[:200]}")
    return response.content
