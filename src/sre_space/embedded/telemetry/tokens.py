"""Who may send telemetry in whose name: each token has its names. What is kept is the SHA-256 of a token, never itself.

A client sends `authorization: Bearer TOKEN`, as HTTP header or gRPC metadata (RFC 6750), which the Collector's
extension `bearertokenauth` asks for too; OpenTelemetry's SDKs take it from OTEL_EXPORTER_OTLP_HEADERS.
"""

import hashlib
import hmac
import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sre_space.domain.errors import Malformed, Refused

REMEDY = "send it as OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN"
NO_TOKEN, UNKNOWN_TOKEN = "no token", "an unknown token"


class Unauthenticated(Refused):
    """Nobody knows who sent the request; `reason` is short and counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"telemetry with {reason} is refused: {REMEDY}")
        self.reason = reason


class Forbidden(Refused):
    """The sender is known, and may not use any name in the request."""


@dataclass(frozen=True)
class Tokens:
    """The names by the SHA-256 of their token."""

    names: Mapping[bytes, frozenset[str]]

    @classmethod
    def parse(cls, text: str) -> "Tokens":
        """Read `[{"sha256": HEX, "services": [NAME, ...]}, ...]`; `Malformed` says which entry is wrong."""
        try:
            entries = json.loads(text)
        except ValueError as error:
            raise Malformed(f"the tokens are no JSON: {error}") from error
        if not isinstance(entries, list):
            raise Malformed('the tokens are no list of {"sha256": HEX, "services": [NAME, ...]}')
        found = dict(_entry(number, entry) for number, entry in enumerate(entries, 1))
        if len(found) < len(entries):
            raise Malformed("a token stands twice in the list; give each its own entry")
        return cls(found)

    def names_of(self, authorization: Sequence[str]) -> frozenset[str]:
        """Return the names that go with an `authorization` value; `Unauthenticated` unless it is one that fits."""
        if len(authorization) != 1:
            raise Unauthenticated("several tokens" if authorization else NO_TOKEN)
        scheme, _, token = authorization[0].partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("no Bearer token")
        asked, found = digest(token.strip()), None
        for known, names in self.names.items():  # all of them: how long it takes tells nothing
            if hmac.compare_digest(known, asked):
                found = names
        if found is None:
            raise Unauthenticated(UNKNOWN_TOKEN)
        return found


def digest(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def render(names: Mapping[str, Sequence[str]]) -> str:
    """Return the text that `parse` reads, from the names by token."""
    return json.dumps([{"sha256": digest(token).hex(), "services": list(of)} for token, of in names.items()], indent=1)


def _entry(number: int, entry: object) -> tuple[bytes, frozenset[str]]:
    if not isinstance(entry, dict):
        raise Malformed(f"token {number} is no object with sha256 and services")
    told, services = entry.get("sha256"), entry.get("services")
    if not isinstance(told, str) or len(told) != 64 or not set(told) <= set(string.hexdigits):
        raise Malformed(f"token {number}: sha256 is not 64 hex digits; make it with: printf %s TOKEN | sha256sum")
    if not isinstance(services, list) or not services or not all(isinstance(one, str) and one for one in services):
        raise Malformed(f"token {number}: services is no list of names")
    return bytes.fromhex(told), frozenset(services)
