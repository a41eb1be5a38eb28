"""The door of the OTLP receivers: who sends, in whose names, and what is told of those who may not."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sre_space.codec.otlp_names import Owned, owned
from sre_space.domain.tally import Tally
from sre_space.embedded.telemetry.tokens import Forbidden, Tokens, Unauthenticated

log = logging.getLogger(__name__)

Names = frozenset[str]


@dataclass(frozen=True)
class Door:
    """Without `tokens` it stands open: anybody may send anything in any name."""

    tokens: Tokens | None
    tally: Tally = field(default_factory=Tally)

    def names(self, authorization: Sequence[str]) -> Names | None:
        """Return the names that the sender may use, None for all; `Unauthenticated` when nobody knows him."""
        if self.tokens is None:
            return None
        try:
            return self.tokens.names_of(authorization)
        except Unauthenticated as error:
            self._count(error.reason, str(error))
            raise

    def own(self, signal: str, body: bytes, names: Names | None) -> Owned:
        """Return what of a request is the sender's own; `Forbidden` when nothing is, `Malformed` when it is none."""
        if names is None:
            return Owned(body)
        found = owned(signal, body, names)
        if found.why:
            self._count(f"a foreign name with the token of {', '.join(sorted(names))}", found.why)
        if found.empty:
            raise Forbidden(found.why)
        return found

    def _count(self, reason: str, example: str) -> None:
        if due := self.tally.due(reason, 1, time.monotonic_ns()):
            log.warning("%d requests of telemetry were refused: %s; the last: %s", due, reason, example)
