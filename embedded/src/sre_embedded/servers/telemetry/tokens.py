"""Which service names a token may use in telemetry. Only the SHA-256 of each token is stored.

A client sends `authorization: Bearer TOKEN`, as HTTP header or gRPC metadata (RFC 6750), as the Collector's extension
`bearertokenauth` does; OpenTelemetry's SDKs take it from OTEL_EXPORTER_OTLP_HEADERS.
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
    """The sender is unknown; `reason` is short, for counting."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"telemetry with {reason} is refused: {REMEDY}")
        self.reason = reason


class Forbidden(Refused):
    """The sender is known, but may not use any service name in the request."""


@dataclass(frozen=True)
class Tokens:
    """The service names by the SHA-256 of their token; used by the OTLP receivers."""

    names: Mapping[bytes, frozenset[str]]

    @classmethod
    def parse(cls, text: str) -> "Tokens":
        """Read `[{"sha256": HEX, "services": [NAME, ...]}, ...]`; `Malformed` says which entry is wrong."""
        try:
            entries = json.loads(text)
        except ValueError as error:
            raise Malformed(f"the tokens are not JSON: {error}") from error
        if not isinstance(entries, list):
            raise Malformed('the tokens are not a list of {"sha256": HEX, "services": [NAME, ...]}')
        names = dict(_entry(number, entry) for number, entry in enumerate(entries, 1))
        if len(names) < len(entries):
            raise Malformed("a token is listed twice; give each its own entry")
        return cls(names)

    def names_of(self, authorization: Sequence[str]) -> frozenset[str]:
        """Return the service names of an `authorization` value; `Unauthenticated` unless there is one known token."""
        if len(authorization) != 1:
            raise Unauthenticated("several tokens" if authorization else NO_TOKEN)
        scheme, _, token = authorization[0].partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("no Bearer token")
        sent, allowed = digest(token.strip()), None
        for known, names in self.names.items():  # compare all of them, so that the duration reveals nothing
            if hmac.compare_digest(known, sent):
                allowed = names
        if allowed is None:
            raise Unauthenticated(UNKNOWN_TOKEN)
        return allowed


def digest(token: str) -> bytes:
    """Return the SHA-256 of a token, the form in which it is stored."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def render(names: Mapping[str, Sequence[str]]) -> str:
    """Return the text that `parse` reads, from the service names by token."""
    return json.dumps([{"sha256": digest(token).hex(), "services": list(of)} for token, of in names.items()], indent=1)


def _entry(number: int, entry: object) -> tuple[bytes, frozenset[str]]:
    if not isinstance(entry, dict):
        raise Malformed(f"token {number} is not an object with sha256 and services")
    sha256, services = entry.get("sha256"), entry.get("services")
    if not isinstance(sha256, str) or len(sha256) != 64 or not set(sha256) <= set(string.hexdigits):
        raise Malformed(f"token {number}: sha256 is not 64 hex digits; make it with: printf %s TOKEN | sha256sum")
    if not isinstance(services, list) or not services or not all(isinstance(name, str) and name for name in services):
        raise Malformed(f"token {number}: services is not a list of names")
    return bytes.fromhex(sha256), frozenset(services)
