"""The journal of chaos, in its own folder outside of the space: which runs are active and how they are undone."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sre_chaos.errors import NoTarget
from sre_chaos.space import Space

STATE = "state-folder"


@dataclass(frozen=True)
class Active:
    """An injection that was not undone yet; `at` is Unix ns."""

    fault: str
    service: str
    canary: str
    at: int
    undo: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Journal:
    """A folder with one file of mode 0600 for each active run, and one line in `runs.jsonl` for each run ever."""

    folder: Path

    @classmethod
    def of(cls, space: Space) -> "Journal":
        """Return the journal of one space; journals of spaces whose folder is gone are deleted."""
        for path in home().glob(f"*/{STATE}"):
            if not Path(path.read_text()).exists():
                shutil.rmtree(path.parent, ignore_errors=True)
        journal = cls(home() / space.mark)
        journal.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (journal.folder / STATE).write_text(str(space.state))
        return journal

    def begin(self, entry: Active) -> None:
        """Record a run before its injection, so that an interrupted injection can be undone."""
        self._write(self._path(entry.canary), json.dumps(asdict(entry)), os.O_TRUNC)

    def record(self, entry: Active) -> None:
        """Record an injection that took effect, with how to undo it."""
        self.begin(entry)
        line = json.dumps({"fault": entry.fault, "service": entry.service, "canary": entry.canary, "at": entry.at})
        self._write(self.folder / "runs.jsonl", line + "\n", os.O_APPEND)

    def active(self) -> list[Active]:
        """Return all active runs, the newest first, as they have to be undone."""
        entries = [_entry(path) for path in self.folder.glob("*.active.json")]
        return sorted(entries, key=lambda entry: -entry.at)

    def end(self, canary: str) -> None:
        """Remove a run that was undone."""
        self._path(canary).unlink(missing_ok=True)

    def _path(self, canary: str) -> Path:
        return self.folder / f"{canary}.active.json"

    @staticmethod
    def _write(path: Path, text: str, how: int) -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600), "w") as file:
            file.write(text)


def _entry(path: Path) -> Active:
    try:
        return Active(**json.loads(path.read_text()))
    except (ValueError, TypeError, RecursionError) as error:
        raise NoTarget(f"{path} is damaged, so its fault cannot be undone; undo it by hand and remove it") from error


def home() -> Path:
    """Return the folder of chaos' files."""
    named = os.environ.get("SRE_CHAOS_HOME")
    base = os.environ.get("XDG_STATE_HOME")
    return Path(named) if named else (Path(base) if base else Path.home() / ".local" / "state") / "sre-chaos"
