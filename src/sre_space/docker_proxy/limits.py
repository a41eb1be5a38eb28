"""The one change of a container's limits that is let through: its memory, within bounds, without swap."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sre_space.domain.errors import Refused

MIN_BYTES = 16 * 2**20
MAX_BODY = 1_000  # bytes of a request
_KEYS = {"Memory", "MemorySwap"}


@dataclass(frozen=True)
class MemoryBounds:
    """The bounds of a memory limit in bytes."""

    largest: int
    smallest: int = MIN_BYTES

    def checked(self, body: bytes) -> Mapping[str, int]:
        """Return the body of the engine's `update` for that of a request; raise `Refused` for any other change."""
        sent = _object(body)
        if set(sent) != _KEYS or sent["Memory"] != sent["MemorySwap"]:
            raise Refused("an update is let through with Memory and an equal MemorySwap, and nothing else")
        memory = sent["Memory"]
        if type(memory) is not int or not self.smallest <= memory <= self.largest:
            raise Refused(f"a memory limit is a number of bytes from {self.smallest} to {self.largest}")
        return {"Memory": memory, "MemorySwap": memory}


def _object(body: bytes) -> Mapping[str, object]:
    """Return a JSON object; raise `Refused` for anything else, and for a name that is there twice."""
    try:
        sent = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Refused(f"the body of an update is a JSON object: {error}") from error
    if not isinstance(sent, dict):
        raise Refused("the body of an update is a JSON object")
    return sent


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name is there twice")
    return dict(pairs)
