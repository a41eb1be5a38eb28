"""What was deployed (`deploy/deployments.jsonl`) and what is being deployed now (`deploy/underway.json`).

The second file outlives a deployer that was killed: the next deployment then knows which services it may have stopped.
"""

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from sre_space.bootstrap.space_state import State, write_private
from sre_space.domain.errors import Unavailable
from sre_space.embedded.storing import append_line


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


def last(state: State) -> Deployment | None:
    """The newest deployment on record; a line that was cut off counts as none."""
    with contextlib.suppress(FileNotFoundError, IndexError):
        return _parsed(_records(state).read_text().splitlines()[-1])
    return None


def under_way(state: State) -> Deployment | None:
    """The deployment that began and was not recorded."""
    with contextlib.suppress(FileNotFoundError):
        return _parsed(_begun(state).read_text())
    return None


def begin(state: State, deployment: Deployment) -> None:
    """From now on services may be stopped."""
    write_private(_begun(state), json.dumps(asdict(deployment)))


def record(state: State, deployment: Deployment) -> None:
    """It is done; `Unavailable` when that cannot be written down: no half line is left, and it counts as under way."""
    path, line = _records(state), json.dumps(asdict(deployment)) + "\n"
    try:
        append_line(path, line)
        _begun(state).unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}; free some space there") from error


def _parsed(text: str) -> Deployment | None:
    with contextlib.suppress(ValueError, TypeError, KeyError):
        told = json.loads(text)
        lists = {name: tuple(told[name]) for name in ("changed", "restarted", "failed")}
        return Deployment(**{**told, **lists})
    return None


def _records(state: State) -> Path:
    return state.deployed.parent / "deployments.jsonl"


def _begun(state: State) -> Path:
    return state.deployed.parent / "underway.json"
