"""What a span's attributes say, whichever convention wrote them: peer, statement, HTTP code, failure.

Used by the OTLP/JSON and the Jaeger reader. The names are OpenTelemetry's semantic conventions
(old and stable) and OpenTracing's tags.
"""

import re
from collections.abc import Mapping
from typing import Any

from sre_space.analysis.diagnosis.tables import ERROR, OK, UNSET

PEERS = ("peer.service", "rpc.service", "db.name", "db.namespace", "messaging.destination.name", "messaging.destination")
PEERS += ("server.address", "net.peer.name", "http.host", "peer.address", "db.instance", "db.system", "db.system.name")
URLS = ("url.full", "http.url")
STATEMENTS = ("db.query.text", "db.statement")
CODES = ("http.response.status_code", "http.status_code")
MESSAGES = ("exception.message", "otel.status_description", "error.message", "error.type", "exception.type")
GRPC_FAULTS = frozenset((2, 4, 8, 12, 13, 14, 15))  # the codes that the conventions count as a server's error
WANTED = frozenset((*PEERS, *URLS, *STATEMENTS, *CODES, *MESSAGES, "rpc.grpc.status_code", "error"))
LONGEST = 512  # characters kept of a statement or message

_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b|\B\$\d+|%s|%\(\w+\)s|:\w+")
_REPEATED = re.compile(r"\?(?:\s*,\s*\?)+")
_NUMBERED = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{13,}\b|\b[0-9a-fA-F]{16,}\b|(?<=[/=:#])\d+\b")

Attributes = Mapping[str, Any]


def statement_of(attributes: Attributes) -> str:
    """SQL without its literals, so that one statement has one name; "" when there is none."""
    for key in STATEMENTS:
        text = attributes.get(key)
        if text:
            return _REPEATED.sub("?", _LITERAL.sub("?", str(text)[:LONGEST]))
    return ""


def operation_of(name: str) -> str:
    """A span name without the ids that some instrumentations put into it."""
    return _NUMBERED.sub("{id}", name[:LONGEST])


def peer_of(attributes: Attributes) -> str:
    """Who was called: the first name that is told, else the host of the URL; "" when nobody says."""
    for key in PEERS[:1]:
        if attributes.get(key):
            return str(attributes[key])
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
    return next((str(attributes[key])[:LONGEST] for key in MESSAGES if attributes.get(key)), "")


def status_of(status: int, attributes: Attributes) -> int:
    """The span's own status, else what its protocol's code says, else UNSET."""
    if status == ERROR or str(attributes.get("error", "")).lower() == "true":
        return ERROR
    if code_of(attributes) >= 500 or str(attributes.get("rpc.grpc.status_code", "")) in _GRPC_TEXT:
        return ERROR
    return OK if status == OK else UNSET


_GRPC_TEXT = frozenset(map(str, GRPC_FAULTS))
