"""Authorizes senders at the OTLP receivers: which service names a token may use, and a log of what is refused."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sre_embedded.servers.telemetry.tokens import Forbidden, Tokens, Unauthenticated
from sre_space.codec.otlp_names import Owned, owned
from sre_space.domain.tally import Tally

log = logging.getLogger(__name__)

Names = frozenset[str]


@dataclass(frozen=True)
class Authorizer:
    """Authorizes telemetry by `tokens`; with None, any sender may use any service name."""

    tokens: Tokens | None
    tally: Tally = field(default_factory=Tally)

    def names(self, authorization: Sequence[str]) -> Names | None:
        """Return the service names that the sender may use, None for all; `Unauthenticated` for an unknown sender."""
        if self.tokens is None:
            return None
        try:
            return self.tokens.names_of(authorization)
        except Unauthenticated as error:
            self._count(error.reason, str(error))
            raise

    def own(self, signal: str, body: bytes, names: Names | None) -> Owned:
        """Return the part of a request that the sender is authorized to send.

        `Forbidden` when there is none, `Malformed` when the body is not an export request.
        """
        if names is None:
            return Owned(body)
        authorized = owned(signal, body, names)
        if authorized.why:
            self._count(f"a foreign name with the token of {', '.join(sorted(names))}", authorized.why)
        if authorized.empty:
            raise Forbidden(authorized.why)
        return authorized

    def _count(self, reason: str, example: str) -> None:
        if due := self.tally.due(reason, 1, time.monotonic_ns()):
            log.warning("%d telemetry requests were refused: %s; the last: %s", due, reason, example)
