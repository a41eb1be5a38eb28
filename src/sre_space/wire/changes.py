"""`changes.jsonl` and `alert.json`: what people changed and what paged, any field may be missing."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sre_space.analysis.diagnosis.tables import Alert, Change
from sre_space.domain.errors import Malformed

Json = Mapping[str, Any]  # foreign JSON
_BROKEN = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


def change_of(line: bytes, number: int) -> Change:
    """One change; a line without an id is known by its number."""
    try:
        told: Json = json.loads(line)
        at = time_of(told.get("time") or told.get("timestamp"))
        return Change(
            id=str(told.get("id") or f"line-{number}"),
            time=at,
            service=str(told.get("service") or ""),
            kind=str(told.get("kind") or ""),
            summary=str(told.get("summary") or ""),
            diff=_diff(told),
            units=tuple(_units(told, at)),
        )
    except _BROKEN as error:
        raise Malformed(f"no change: {type(error).__name__}: {error}") from error


def _units(told: Json, at: int) -> Iterator[tuple[str, int]]:
    for step in told.get("steps") or ():
        yield from ((str(name), time_of(step.get("time")) or at) for name in step.get("new_pods") or ())


def _diff(told: Json) -> str:
    """The diff, headed by the files that the record lists beside it."""
    files = told.get("files") or ()
    listed = "\n".join(f"@@ {name} @@" for name in files) if isinstance(files, list) else ""
    return f"{listed}\n{told.get('diff') or ''}".strip()


def alert_of(document: bytes) -> Alert:
    """What paged."""
    try:
        told: Json = json.loads(document)
        words = (told.get("monitor") or told.get("name") or "", told.get("summary") or told.get("description") or "")
        return Alert(
            service=str(told.get("service") or ""),
            metric=str(told.get("metric") or ""),
            summary=": ".join(str(word) for word in words if word),
            fired_at=time_of(told.get("fired_at") or told.get("time")),
        )
    except _BROKEN as error:
        raise Malformed(f"no alert: {type(error).__name__}: {error}") from error


def time_of(told: object) -> int:
    """Unix ns from ns as a number or its text, or from ISO 8601; 0 when not told."""
    if not told:
        return 0
    if isinstance(told, int | float) or str(told).lstrip("-").isdigit():
        return int(told)  # type: ignore[call-overload,no-any-return]
    at = datetime.fromisoformat(str(told))
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()) * 10**9
