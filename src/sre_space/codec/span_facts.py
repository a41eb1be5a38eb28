"""The peer, statement, HTTP code and failure of a span, read from its attributes under any naming convention.

Used by the OTLP/JSON and the Jaeger parser. The names are OpenTelemetry's semantic conventions (old and stable) and
OpenTracing's tags.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

PEERS = (
    "peer.service",
    "rpc.service",
    "db.name",
    "db.namespace",
    "messaging.destination.name",
    "messaging.destination",
    "server.address",
    "net.peer.name",
    "http.host",
    "peer.address",
    "db.instance",
    "db.system",
    "db.system.name",
)
URLS = ("url.full", "http.url")
STATEMENTS = ("db.query.text", "db.statement")
CODES = ("http.response.status_code", "http.status_code")
MESSAGES = ("exception.message", "otel.status_description", "error.message", "error.type", "exception.type")
# gRPC codes that the semantic conventions count as server errors
_GRPC_FAULTS = frozenset(("2", "4", "8", "12", "13", "14", "15"))
WANTED = frozenset((*PEERS, *URLS, *STATEMENTS, *CODES, *MESSAGES, "rpc.grpc.status_code", "error"))
MAX_LENGTH = 512  # characters kept of a statement or message

_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b|\B\$\d+|%s|%\(\w+\)s|:\w+")
_REPEATED = re.compile(r"\?(?:\s*,\s*\?)+")
_NUMBERED = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{13,}\b|\b[0-9a-fA-F]{16,}\b|(?<=[/=:#])\d+\b")

Attributes = Mapping[str, Any]
Pairs = tuple[tuple[str, Any], ...]


class Facts(NamedTuple):
    """The facts of one span: whether its protocol reports a failure, HTTP code (0: none), called peer, statement."""

    failed: bool
    code: int
    peer: str
    statement: str


@lru_cache(maxsize=65_536)
def facts_of(pairs: Pairs) -> Facts:
    """Return the facts in a span's `WANTED` attributes; cached, for similar spans have equal attributes."""
    attributes = dict(pairs)
    code = code_of(attributes)
    marked = str(attributes.get("error", "")).lower() == "true"
    failed = marked or code >= 500 or str(attributes.get("rpc.grpc.status_code", "")) in _GRPC_FAULTS
    return Facts(failed, code, peer_of(attributes), statement_of(attributes))


def statement_of(attributes: Attributes) -> str:
    """Return the SQL with literals replaced by `?`, so that equal statements have equal text; "" without SQL."""
    text = next((str(attributes[key]) for key in STATEMENTS if attributes.get(key)), "")
    return _REPEATED.sub("?", _LITERAL.sub("?", text[:MAX_LENGTH]))


@lru_cache(maxsize=65_536)
def operation_of(name: str) -> str:
    """Return a span name with the ids that some instrumentations put into it replaced by `{id}`."""
    return _NUMBERED.sub("{id}", name[:MAX_LENGTH])


def peer_of(attributes: Attributes) -> str:
    """Return the called peer: `peer.service`, else the URL's host, else the first of `PEERS`; "" when unknown."""
    if attributes.get("peer.service"):
        return str(attributes["peer.service"])
    for key in URLS:
        if attributes.get(key):
            return str(attributes[key]).partition("://")[2].partition("/")[0].partition(":")[0]
    return next((str(attributes[key]) for key in PEERS if attributes.get(key)), "")


def code_of(attributes: Attributes) -> int:
    """Return the HTTP status code, 0 when there is none."""
    for key in CODES:
        code = str(attributes.get(key, ""))
        if code.isdecimal() and len(code) == 3:
            return int(code)
    return 0


def message_of(attributes: Attributes) -> str:
    """Return the error message of a failed span, cut to `MAX_LENGTH`; "" when there is none."""
    return next((str(attributes[key])[:MAX_LENGTH] for key in MESSAGES if attributes.get(key)), "")
