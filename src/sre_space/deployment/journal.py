"""What was deployed (`deploy/deployments.jsonl`) and what is being deployed now (`deploy/underway.json`).

The second file outlives a deployer that was killed: the next deployment then knows which services it may have stopped.
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
    """What was done: the commit and its subject, files replaced, services restarted, and those that do not serve now.

    `at` is when the first change began (Unix ns); when main runs already, when it was last deployed.
    """

    commit: str
    subject: str
    changed: tuple[str, ...]
    restarted: tuple[str, ...]
    at: int
    failed: tuple[str, ...] = ()

    @property
    def changes_something(self) -> bool:
        """False when main runs already."""
        return bool(self.changed or self.restarted)


def last(state: StatePaths) -> Deployment | None:
    """The newest deployment on record; lines that are cut off or damaged count as none."""
    lines = content_of(_records(state)).decode(errors="replace").splitlines()
    return next((found for line in reversed(lines) if (found := _parsed(line)) is not None), None)


def under_way(state: StatePaths, services: Sequence[str]) -> Deployment | None:
    """The deployment that began and was not recorded; of a damaged record nothing is known but that it was one.

    Then any of the `services` may have been stopped.
    """
    path = _begun(state)
    if not path.exists():
        return None
    found = _parsed(content_of(path).decode(errors="replace"))
    if found is None:
        if path.exists():
            set_aside(path, "the record of a deployment under way is damaged")
        found = Deployment("", "a deployment whose record is damaged", (), tuple(services), 0)
        begin(state, found)
    return found


def begin(state: StatePaths, deployment: Deployment) -> None:
    """From now on services may be stopped."""
    write_private(_begun(state), json.dumps(asdict(deployment)))


def record(state: StatePaths, deployment: Deployment) -> None:
    """It is done; `Unavailable` when that cannot be written down: no half line is left, and it counts as under way."""
    path = _records(state)
    try:
        append_line(path, json.dumps(asdict(deployment)))
        _begun(state).unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}; free some space there") from error


def _parsed(text: str) -> Deployment | None:
    with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
        told = json.loads(text)
        lists = {name: tuple(map(str, told[name])) for name in ("changed", "restarted", "failed")}
        texts = {name: str(told[name]) for name in ("commit", "subject")}
        return Deployment(**{**told, **lists, **texts, "at": int(told["at"])})
    return None


def _records(state: StatePaths) -> Path:
    return state.deployed.parent / "deployments.jsonl"


def _begun(state: StatePaths) -> Path:
    return state.deployed.parent / "underway.json"
