"""The parameters of Jaeger's query API (`query_parser.go` of Jaeger 1.62), parsed from query strings."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal

from starlette.datastructures import QueryParams

from sre_space.domain.errors import Malformed

DEFAULT_LIMIT = 100
MAX_DURATION_TEXT = 100  # characters
LOOKBACK_NS = 48 * 3600 * 10**9  # of a search without a start time
BITS_32, BITS_64 = 2**31 - 1, 2**63 - 1

_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_UNIT_NS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_HEX = re.compile(r"[0-9a-fA-F]+")


@dataclass(frozen=True)
class TraceQuery:
    """A search as `/api/traces` takes it; times and durations in nanoseconds. A limit of 0 or less is no limit."""

    service: str
    operation: str
    since: int
    until: int
    min_duration_ns: int
    max_duration_ns: int
    tags: frozenset[tuple[str, str]]
    limit: int
    trace_ids: tuple[str, ...]

    @classmethod
    def read(cls, query: QueryParams, now: int) -> "TraceQuery":
        """Parse the query string; `Malformed` with Jaeger's message when it is invalid."""
        parsed = cls(
            service=_first(query, "service"),
            operation=_first(query, "operation"),
            since=time_ns(query, "start", 10**3, now - LOOKBACK_NS),
            until=time_ns(query, "end", 10**3, now),
            tags=frozenset(_tags(query).items()),
            limit=integer(query, "limit", DEFAULT_LIMIT, BITS_32),
            min_duration_ns=duration_ns(query, "minDuration"),
            max_duration_ns=duration_ns(query, "maxDuration"),
            trace_ids=tuple(trace_id_of(text) for text in query.getlist("traceID")),
        )
        if not parsed.trace_ids and not parsed.service:
            raise Malformed("parameter 'service' is required")
        if parsed.min_duration_ns and parsed.max_duration_ns and parsed.max_duration_ns < parsed.min_duration_ns:
            raise Malformed("'maxDuration' should be greater than 'minDuration'")
        return parsed


def trace_id_of(text: str) -> str:
    """Return a trace id of 32 hex digits from one of up to 32; `Malformed` for anything else."""
    if len(text) > 32:
        raise Malformed(f"TraceID cannot be longer than 32 hex characters: {text}")
    if not _HEX.fullmatch(text):
        raise Malformed(f"parsing {text!r}: a trace id has hex digits only")
    return text.lower().zfill(32)


def integer(query: QueryParams, name: str, default: int, largest: int = BITS_64) -> int:
    """Return an integer parameter, or the default when it is not set."""
    text = _first(query, name)
    if not text:
        return default
    if not _INTEGER.fullmatch(text) or not -largest <= int(text) <= largest:
        raise Malformed(f"unable to parse param '{name}': {text!r} is no whole number up to {largest}")
    return int(text)


def time_ns(query: QueryParams, name: str, unit_ns: int, default: int) -> int:
    """Return a Unix time in ns from a parameter in units of `unit_ns`."""
    if not _first(query, name):
        return default
    return clamp_time(integer(query, name, 0) * unit_ns)


def clamp_time(ns: int) -> int:
    """Return a time clamped to 64 bits."""
    return max(-BITS_64, min(BITS_64, ns))


def duration_ns(query: QueryParams, name: str) -> int:
    """Return a duration in ns from Go's notation, such as `1h2m3.5s`; 0 when it is not set."""
    text = _first(query, name)
    if text in ("", "0"):
        return 0
    sign, amount = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    parts = _PART.findall(amount[:MAX_DURATION_TEXT])
    total = sum(Decimal(number) * _UNIT_NS[unit] for number, unit in parts)
    if not parts or "".join(number + unit for number, unit in parts) != amount or total > BITS_64:
        raise Malformed(f"unable to parse param '{name}': {text!r} is not a duration like 100ms or 1.2s")
    return sign * int(total)


def _tags(query: QueryParams) -> dict[str, str]:
    """Parse the tags from `tag=key:value` and `tags={"key": "value"}`, each of which may be repeated."""
    tags: dict[str, str] = {}
    for text in query.getlist("tag"):
        key, colon, value = text.partition(":")
        if not colon:
            raise Malformed(f"malformed 'tag' parameter, expecting key:value, received: {text}")
        tags[key] = value
    for text in query.getlist("tags"):
        try:
            pairs = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"malformed 'tags' parameter, cannot unmarshal JSON: {error}") from error
        if pairs is not None and not (
            isinstance(pairs, dict) and all(isinstance(value, str) for value in pairs.values())
        ):
            raise Malformed("malformed 'tags' parameter, cannot unmarshal JSON: not an object of strings")
        tags.update(pairs or {})
    return tags


def _first(query: QueryParams, name: str) -> str:
    return next(iter(query.getlist(name)), "")
