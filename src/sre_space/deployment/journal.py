"""The journal of deployments (`deploy/deployments.jsonl`), and the deployment under way (`deploy/underway.json`).

The second file outlives a killed deployer: it tells the next deployment which services may have been stopped.
"""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sre_space.domain.errors import Unavailable
from sre_space.paths import StatePaths
from sre_space.state_files import append_line, content_of, set_aside, write_private


@dataclass(frozen=True)
class Deployment:
    """A deployment: the commit and its subject, files replaced, services restarted, and services that do not serve.

    `at` is when it began (Unix ns); for a commit that runs already, when that was last deployed.
    """

    commit: str
    subject: str
    changed: tuple[str, ...]
    restarted: tuple[str, ...]
    at: int
    failed: tuple[str, ...] = ()

    @property
    def changes_something(self) -> bool:
        """Return whether files or services change; False when main runs already."""
        return bool(self.changed or self.restarted)


def last(state: StatePaths) -> Deployment | None:
    """Return the newest deployment of the journal, ignoring damaged lines; None when there is none."""
    lines = content_of(_journal_file(state)).decode(errors="replace").splitlines()
    return next((deployment for line in reversed(lines) if (deployment := _parsed(line)) is not None), None)


def under_way(state: StatePaths, services: Sequence[str]) -> Deployment | None:
    """Return the deployment that began and was not recorded as done, or None.

    A damaged record is set aside and replaced: any of the `services` may have been stopped.
    """
    path = _under_way_file(state)
    if not path.exists():
        return None
    deployment = _parsed(content_of(path).decode(errors="replace"))
    if deployment is None:
        if path.exists():
            set_aside(path, "the record of a deployment under way is damaged")
        deployment = Deployment("", "a deployment whose record is damaged", (), tuple(services), 0)
        begin(state, deployment)
    return deployment


def begin(state: StatePaths, deployment: Deployment) -> None:
    """Write the deployment down as under way: from now on services may be stopped."""
    write_private(_under_way_file(state), json.dumps(asdict(deployment)))


def record(state: StatePaths, deployment: Deployment) -> None:
    """Record a deployment as done; raise `Unavailable`, leaving it under way, when the journal cannot be written."""
    path = _journal_file(state)
    try:
        append_line(path, json.dumps(asdict(deployment)))
        _under_way_file(state).unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}; free some space there") from error


def _parsed(text: str) -> Deployment | None:
    with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
        document = json.loads(text)
        lists = {name: tuple(map(str, document[name])) for name in ("changed", "restarted", "failed")}
        texts = {name: str(document[name]) for name in ("commit", "subject")}
        return Deployment(**{**document, **lists, **texts, "at": int(document["at"])})
    return None


def _journal_file(state: StatePaths) -> Path:
    return state.deployed.parent / "deployments.jsonl"


def _under_way_file(state: StatePaths) -> Path:
    return state.deployed.parent / "underway.json"
