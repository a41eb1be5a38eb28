"""The application's business events (CloudEvents, binary mode): when one happened, and the key that it has."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from sre_space.domain.errors import Malformed
from sre_space.domain.journeys import RECORD_KEY

SECOND = 10**9
TIME = "ce_time"


def event_time(headers: Mapping[str, bytes]) -> int:
    """Return when a CloudEvent happened (Unix ns), by its own header: a bus that was away delays only the record.

    Raise `Malformed` when the header is missing or no time.
    """
    try:
        at = datetime.fromisoformat(headers[TIME].decode())
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * SECOND)
    except (KeyError, ValueError, OverflowError) as error:
        raise Malformed(f"a CloudEvent without a time: {error!r}") from error


def event_key(place: str, key: bytes, headers: Mapping[str, bytes], value: bytes) -> str:
    """Return the key at a place of an event: the record's `key`, `header:NAME` or `data:a.b`.

    Raise `Malformed` when the event has none there, and `UnicodeDecodeError` for one that is no text.
    """
    if place == RECORD_KEY:
        return key.decode()
    where, _, name = place.partition(":")
    if where == "header":
        if name not in headers:
            raise Malformed(f"an event without the header {name}")
        return headers[name].decode()
    return _in_data(value, name)


def _in_data(value: bytes, path: str) -> str:
    try:
        found = json.loads(value)
        for part in path.split("."):
            found = found[part]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed(f"an event whose data has no {path}: {error!r}") from error
    if not isinstance(found, str | int) or isinstance(found, bool):
        raise Malformed(f"an event whose {path} is no text and no number")
    return str(found)
