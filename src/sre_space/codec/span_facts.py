"""What a span's attributes say, whichever convention wrote them: peer, statement, HTTP code, failure.

Used by the OTLP/JSON and the Jaeger reader. The names are OpenTelemetry's semantic conventions
(old and stable) and OpenTracing's tags.
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
# gRPC codes that the conventions count as a server's error
_GRPC_FAULTS = frozenset(("2", "4", "8", "12", "13", "14", "15"))
WANTED = frozenset((*PEERS, *URLS, *STATEMENTS, *CODES, *MESSAGES, "rpc.grpc.status_code", "error"))
MAX_LENGTH = 512  # characters kept of a statement or message

_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b|\B\$\d+|%s|%\(\w+\)s|:\w+")
_REPEATED = re.compile(r"\?(?:\s*,\s*\?)+")
_NUMBERED = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{13,}\b|\b[0-9a-fA-F]{16,}\b|(?<=[/=:#])\d+\b")

Attributes = Mapping[str, Any]
Pairs = tuple[tuple[str, Any], ...]


class Facts(NamedTuple):
    """Of one span: does its protocol say that it failed, its HTTP code, whom it called, its statement."""

    failed: bool
    code: int
    peer: str
    statement: str


@lru_cache(maxsize=65_536)
def facts_of(pairs: Pairs) -> Facts:
    """From the WANTED attributes; spans of one kind share them, so most are answered from memory."""
    attributes = dict(pairs)
    code = code_of(attributes)
    told = str(attributes.get("error", "")).lower() == "true"
    failed = told or code >= 500 or str(attributes.get("rpc.grpc.status_code", "")) in _GRPC_FAULTS
    return Facts(failed, code, peer_of(attributes), statement_of(attributes))


def statement_of(attributes: Attributes) -> str:
    """SQL without its literals, so that one statement has one name; "" when there is none."""
    text = next((str(attributes[key]) for key in STATEMENTS if attributes.get(key)), "")
    return _REPEATED.sub("?", _LITERAL.sub("?", text[:MAX_LENGTH]))


@lru_cache(maxsize=65_536)
def operation_of(name: str) -> str:
    """A span name without the ids that some instrumentations put into it."""
    return _NUMBERED.sub("{id}", name[:MAX_LENGTH])


def peer_of(attributes: Attributes) -> str:
    """Who was called: `peer.service`, else the host of the URL, else the first other name; "" when nobody says."""
    if attributes.get("peer.service"):
        return str(attributes["peer.service"])
    for key in URLS:
        if attributes.get(key):
            return str(attributes[key]).partition("://")[2].partition("/")[0].partition(":")[0]
    return next((str(attributes[key]) for key in PEERS if attributes.get(key)), "")


def code_of(attributes: Attributes) -> int:
    """The HTTP status, 0 when not told."""
    for key in CODES:
        code = str(attributes.get(key, ""))
        if code.isdecimal() and len(code) == 3:
            return int(code)
    return 0


def message_of(attributes: Attributes) -> str:
    """What a failed span said."""
    return next((str(attributes[key])[:MAX_LENGTH] for key in MESSAGES if attributes.get(key)), "")
