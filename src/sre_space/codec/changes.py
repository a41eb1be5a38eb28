"""`changes.jsonl` and `alert.json`: what people changed and what paged, any field may be missing."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import unified_diff
from typing import Any

from sre_space.analysis.diagnosis.tables import Alert, Change
from sre_space.domain.bounds import MAX_NAME, cut
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.errors import Malformed

Json = Mapping[str, Any]  # foreign JSON
MAX_TOLD = 500  # services, and files, of one deployment
MAX_LINES = 500  # of a file whose diff is the shortest one: to find that takes more than the square of them
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
            applied=time_of(told.get("applied")),
            settled=time_of(told.get("settled")),
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
            services=tuple(str(one) for one in told.get("services") or ()),
            ruled_out_causes=tuple(_ruled_out_causes(told)),
        )
    except _BROKEN as error:
        raise Malformed(f"no alert: {type(error).__name__}: {error}") from error


def _ruled_out_causes(told: Json) -> Iterator[tuple[str, CauseKind]]:
    for one in told.get("disproved") or ():
        yield str(one["service"]), CauseKind(one["kind"])


def alert_file(alert: Alert) -> bytes:
    """`alert.json`."""
    ruled_out_causes = [{"service": service, "kind": kind.value} for service, kind in alert.ruled_out_causes]
    told = {"service": alert.service, "metric": alert.metric, "summary": alert.summary, "fired_at": alert.fired_at}
    return json.dumps({**told, "services": alert.services, "disproved": ruled_out_causes}).encode()


@dataclass(frozen=True)
class AnnouncedDeployment:
    """What a deployment told the topic `changes`: the commit, when, which services it restarted, which files it took.

    `phase` is `started` before anything changes, `done` after. `previous` is the commit that was deployed before it.
    """

    commit: str
    phase: str
    at: int
    services: tuple[str, ...]
    files: tuple[str, ...]
    summary: str
    previous: str = ""


def deployment_of(record: bytes) -> AnnouncedDeployment:
    """One record of the topic; `Malformed` when it is none, or one without end."""
    try:
        told: Json = json.loads(record)
        found = AnnouncedDeployment(
            commit=str(told["id"]),
            phase=str(told["phase"]),
            at=time_of(told["time"]),
            services=tuple(name for name in str(told.get("service") or "").split(",") if name),
            files=tuple(str(name) for name in told.get("files") or ()),
            summary=cut(str(told.get("summary") or "")),
            previous=str(told.get("previous") or ""),
        )
    except _BROKEN as error:
        raise Malformed(f"no deployment: {type(error).__name__}: {error}") from error
    longest = max(map(len, (found.commit, found.phase, found.previous, *found.services, *found.files)))
    if longest > MAX_NAME or max(len(found.services), len(found.files)) > MAX_TOLD:
        raise Malformed(
            f"a deployment of {len(found.services)} services and {len(found.files)} files, or endless names"
        )
    return found


def diff_of(path: str, before: bytes, after: bytes) -> str:
    """A unified diff of one text file; bytes that are no text are replaced. Of a long one: the lines that differ."""
    old, new = (text.decode(errors="replace").splitlines() for text in (before, after))
    if max(len(old), len(new)) > MAX_LINES:
        gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
        lines = [*(f"-{line}" for line in gone.elements()), *(f"+{line}" for line in come.elements())]
        return "\n".join([f"--- a/{path}", f"+++ b/{path}", *lines]) if lines else ""
    return "\n".join(unified_diff(old, new, f"a/{path}", f"b/{path}", n=0, lineterm=""))


def time_of(told: object) -> int:
    """Unix ns from ns as a number or its text, or from ISO 8601; 0 when not told.

    `ValueError` or `OverflowError` for what is no time, or one that 64 bits do not hold (before 1678, after 2262).
    """
    if not told:
        return 0
    if isinstance(told, int | float) or str(told).lstrip("-").isdigit():
        at = int(told)  # type: ignore[call-overload]
    else:
        date = datetime.fromisoformat(str(told))
        at = int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()) * 10**9
    if not -(2**63) <= at < 2**63:
        raise ValueError("a time before 1678 or after 2262")
    return int(at)
