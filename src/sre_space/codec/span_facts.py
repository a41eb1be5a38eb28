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
    "message_bus.destination",
    "network.peer.address",
    "net.peer.ip",
    "peer.hostname",
    "net.sock.peer.name",
    "net.sock.peer.addr",
    "server.socket.domain",
    "destination.address",
    "destination.domain",
    "out.host",
    "peer.host",
    "peer.ipv4",
    "upstream_cluster",
)
URLS = ("url.full", "http.url", "http.uri")
STATEMENTS = ("db.query.text", "db.statement", "sql.query", "db.query.summary")
CODES = ("http.response.status_code", "http.status_code", "http.response.status", "http.status", "http.code")
MESSAGES = ("exception.message", "otel.status_description", "error.message", "error.type", "exception.type")
RPC_CODES = (
    "rpc.response.status_code",
    "rpc.grpc.status_code",
    "grpc.status_code",
    "rpc.status_code",
    "grpc.code",
    "rpc.connect_rpc.error_code",
)
ERROR_TAGS = ("error", "error.type", "otel.status_code")
# gRPC codes that the semantic conventions count as server errors, by number and by name
_GRPC_FAULTS = frozenset(("2", "4", "8", "12", "13", "14", "15"))
_GRPC_FAULTS |= frozenset(("UNKNOWN", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "UNIMPLEMENTED"))
_GRPC_FAULTS |= frozenset(("INTERNAL", "UNAVAILABLE", "DATA_LOSS"))
_NO_ERROR = frozenset(("", "false", "0", "no", "none", "null", "ok", "unset"))
_REFUSED = re.compile(r"4\d\d")  # an error type that is the HTTP code of a refusal, which is no failure
WANTED = frozenset((*PEERS, *URLS, *STATEMENTS, *CODES, *MESSAGES, *RPC_CODES, *ERROR_TAGS))
_HTTP_CODE = re.compile(r"\s*([1-5]\d\d)(?:\.0*)?(?:\s|$)")  # 503, 503.0, "503 Service Unavailable"
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
    failed = code >= 500 or is_marked(attributes) or any(is_grpc_fault(attributes.get(key)) for key in RPC_CODES)
    return Facts(failed, code, peer_of(attributes), statement_of(attributes))


def is_marked(attributes: Attributes) -> bool:
    """Return True when a tag says that the span failed: `error`, `error.type`, or OpenTelemetry's status as a tag."""
    if str(attributes.get("otel.status_code", "")).upper() in ("ERROR", "STATUS_CODE_ERROR"):
        return True
    if str(attributes.get("error", "")).strip().lower() not in _NO_ERROR:
        return True
    kind = str(attributes.get("error.type", "")).strip()
    return kind.lower() not in _NO_ERROR and not _REFUSED.fullmatch(kind)


def is_grpc_fault(code: object) -> bool:
    """Return True for the gRPC codes of a server's failure, as number (also as a float) or as name.

    >>> [is_grpc_fault(code) for code in (13, 14.0, "Unavailable", "DeadlineExceeded", "NOT_FOUND", 0, None)]
    [True, True, True, True, False, False, False]
    """
    return _rpc_code(code) in _GRPC_FAULTS


def _rpc_code(code: object) -> str:
    """Return a code of gRPC as it is or as its name in capitals, without what some clients write around it."""
    word = str(code).strip().partition(":")[0].split(" ")[0]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).upper().removesuffix(".0").removeprefix("STATUSCODE.")


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
        stated = _HTTP_CODE.match(str(attributes.get(key, "")))
        if stated:
            return int(stated[1])
    return 0


def message_of(attributes: Attributes) -> str:
    """Return the error message of a failed span, cut to `MAX_LENGTH`; "" when there is none."""
    found = next((str(attributes[key])[:MAX_LENGTH] for key in MESSAGES if attributes.get(key)), "")
    if found:
        return found
    marked = str(attributes.get("error", ""))
    if marked.lower() not in (*_NO_ERROR, "true", "1", "yes"):
        return marked[:MAX_LENGTH]
    return next((f"gRPC {attributes[key]}" for key in RPC_CODES if is_grpc_fault(attributes.get(key))), "")
