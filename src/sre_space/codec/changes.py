"""`changes.jsonl` and `alert.json`: what people changed, and the alert that paged. Any field may be missing."""

import codecs
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from sre_space.analysis.diagnosis.tables import Alert, Change
from sre_space.codec.times import nanoseconds
from sre_space.domain.bounds import MAX_NAME, cut
from sre_space.domain.configuration import FOLDER
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.errors import Malformed

Json = Mapping[str, Any]  # foreign JSON
MAX_LISTED = 500  # services, and files, that one deployment may list
MAX_LINES = 500  # of a file that gets a minimal diff: finding it takes more than quadratic time
# By the names that deployment tools and Git give them, in lower case and without `_`
_TIMES = (
    "time", "timestamp", "@timestamp", "at", "date", "deployedat", "finishedat", "completedat", "startedat",
    "starttime", "eventtime", "committedat", "committeddate", "createdat",
)  # fmt: skip
_IDS = ("id", "sha", "commit", "commitid", "revision", "hash", "deploymentid", "changeid", "version")
_SERVICES = ("service", "servicename", "services", "app", "application", "component")
_SUMMARIES = ("summary", "message", "title", "subject", "description")
_PARSE_ERRORS = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


def change_of(line: bytes, number: int) -> Change:
    """Return the change in a line (without an id: `line-NUMBER`); raise `Malformed` when the line is not a change."""
    try:
        record: Json = json.loads(line.removeprefix(codecs.BOM_UTF8))
        fields = {str(key).lower().replace("_", ""): value for key, value in record.items()}
        at = time_of(_first(fields, _TIMES))
        named = _first(fields, _SERVICES) or ""
        service = (named[0] if len(named) == 1 else "") if isinstance(named, list) else named
        return Change(
            id=str(_first(fields, _IDS) or f"line-{number}"),
            time=at,
            service=str(service),
            kind=str(_first(fields, ("kind", "type")) or ""),
            summary=str(_first(fields, _SUMMARIES) or ""),
            diff=_diff(record),
            units=tuple(_units(record, at)),
            applied=time_of(record.get("applied")),
            settled=time_of(record.get("settled")),
        )
    except _PARSE_ERRORS as error:
        raise Malformed(f"no change: {type(error).__name__}: {error}") from error


def _first(fields: Json, keys: Sequence[str]) -> Any:  # noqa: ANN401 - foreign JSON
    return next((fields[key] for key in keys if fields.get(key)), None)


def _units(record: Json, at: int) -> Iterator[tuple[str, int]]:
    for step in record.get("steps") or ():
        yield from ((str(name), time_of(step.get("time")) or at) for name in step.get("new_pods") or ())


def _diff(record: Json) -> str:
    """Return the record's diff under a list of the files that the record names."""
    files = record.get("files") or ()
    listed = "\n".join(f"@@ {name} @@" for name in files) if isinstance(files, list) else ""
    return f"{listed}\n{record.get('diff') or record.get('patch') or ''}".strip()


def alert_of(document: bytes) -> Alert:
    """Return the alert in `alert.json`; raise `Malformed` when the document is not an alert."""
    try:
        fields: Json = json.loads(document)
        words = (
            fields.get("monitor") or fields.get("name") or "",
            fields.get("summary") or fields.get("description") or "",
        )
        return Alert(
            service=str(fields.get("service") or ""),
            metric=str(fields.get("metric") or ""),
            summary=": ".join(str(word) for word in words if word),
            fired_at=time_of(fields.get("fired_at") or fields.get("time")),
            services=tuple(str(name) for name in fields.get("services") or ()),
            ruled_out_causes=tuple(_ruled_out_causes(fields)),
        )
    except _PARSE_ERRORS as error:
        raise Malformed(f"no alert: {type(error).__name__}: {error}") from error


def _ruled_out_causes(document: Json) -> Iterator[tuple[str, CauseKind]]:
    for cause in document.get("disproved") or ():
        yield str(cause["service"]), CauseKind(cause["kind"])


def alert_file(alert: Alert) -> bytes:
    """Return `alert.json` with this alert."""
    ruled_out_causes = [{"service": service, "kind": kind.value} for service, kind in alert.ruled_out_causes]
    fields = {"service": alert.service, "metric": alert.metric, "summary": alert.summary, "fired_at": alert.fired_at}
    return json.dumps({**fields, "services": alert.services, "disproved": ruled_out_causes}).encode()


@dataclass(frozen=True)
class AnnouncedDeployment:
    """A deployment as announced on the topic `changes`: commit, time (Unix ns), restarted services, changed files.

    `phase` is `started` before anything changes, `done` after. `previous` is the commit that was deployed before.
    """

    commit: str
    phase: str
    at: int
    services: tuple[str, ...]
    files: tuple[str, ...]
    summary: str
    previous: str = ""


def deployment_of(record: bytes) -> AnnouncedDeployment:
    """Return the deployment in a record of `changes`; raise `Malformed` for other records and those over the limits."""
    try:
        fields: Json = json.loads(record)
        deployment = AnnouncedDeployment(
            commit=str(fields["id"]),
            phase=str(fields["phase"]),
            at=time_of(fields["time"]),
            services=tuple(name for name in str(fields.get("service") or "").split(",") if name),
            files=tuple(str(name) for name in fields.get("files") or ()),
            summary=cut(str(fields.get("summary") or "")),
            previous=str(fields.get("previous") or ""),
        )
    except _PARSE_ERRORS as error:
        raise Malformed(f"no deployment: {type(error).__name__}: {error}") from error
    longest_name = max(
        map(len, (deployment.commit, deployment.phase, deployment.previous, *deployment.services, *deployment.files))
    )
    if longest_name > MAX_NAME or max(len(deployment.services), len(deployment.files)) > MAX_LISTED:
        raise Malformed(
            f"a deployment over the limits: {len(deployment.services)} services, {len(deployment.files)} files, "
            f"a name of {longest_name} characters"
        )
    return deployment


def name_of(path: str) -> str:
    """Return a file of desired state (a path in the repository) as a deployment names it: in its folder by name alone.

    >>> [name_of(path) for path in ("deploy/config/shop.env", "charts/shop.yaml", "shop.yaml")]
    ['shop.env', 'charts/shop.yaml', './shop.yaml']
    """
    folder, _, name = path.rpartition("/")
    return name if folder == FOLDER else path if folder else f"./{path}"


def path_of(name: str) -> str:
    """Return the path in the repository of a file that a deployment names.

    >>> [path_of(name) for name in ("shop.env", "charts/shop.yaml", "./shop.yaml")]
    ['deploy/config/shop.env', 'charts/shop.yaml', 'shop.yaml']
    """
    return name.removeprefix("./") if "/" in name else f"{FOLDER}/{name}"


def diff_of(path: str, before: bytes, after: bytes) -> str:
    """Return the unified diff of a text file, undecodable bytes replaced; of a long file only the lines that differ."""
    old, new = (text.decode(errors="replace").splitlines() for text in (before, after))
    if max(len(old), len(new)) > MAX_LINES:
        removed, added = Counter(old) - Counter(new), Counter(new) - Counter(old)
        lines = [*(f"-{line}" for line in removed.elements()), *(f"+{line}" for line in added.elements())]
        return "\n".join([f"--- a/{path}", f"+++ b/{path}", *lines]) if lines else ""
    return "\n".join(unified_diff(old, new, f"a/{path}", f"b/{path}", n=0, lineterm=""))


def time_of(value: object) -> int:
    """Return Unix ns from a number of s, ms, µs or ns, its text, or a date (UTC without a zone); 0 for an empty value.

    Raise `ValueError` or `OverflowError` for anything else, or a time beyond 64 bits (before 1678, after 2262).
    """
    return nanoseconds(value)
