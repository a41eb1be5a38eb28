"""The outbox as one small file per incident: fulfils `ports.outbox.Outbox`.

What the disk does not take is held in memory, and written as soon as the disk takes it.
"""

import contextlib
import json
import logging
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sre_space.ports.outbox import Pending

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OutboxFolder:
    """Files are replaced atomically and flushed to disk. `held` is what the disk has not taken yet, by incident."""

    folder: Path
    held: dict[str, Pending] = field(default_factory=dict)

    def put(self, pending: Pending) -> None:
        """Write it, or hold it."""
        try:
            self._write(pending)
        except OSError as error:
            if pending.incident not in self.held:
                log.error("%s: %s; fact %d of %s is held in memory", self.folder, error, pending.seq, pending.incident)
            self.held[pending.incident] = pending
        else:
            self.held.pop(pending.incident, None)

    def _write(self, pending: Pending) -> None:
        """Write beside, flush, rename."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(pending.incident)
        beside = path.with_suffix(".new")
        try:
            with beside.open("w") as file:
                json.dump(asdict(pending), file)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise

    def get(self, incident: str) -> Pending | None:
        """A file that a crash left half written was never renamed, so what is there parses."""
        if incident in self.held:
            held = self.held[incident]
            self.put(held)
            return held
        try:
            return Pending(**json.loads(self._path(incident).read_text()))
        except FileNotFoundError:
            return None

    def drop(self, incident: str) -> None:
        """Remove the file; one that a read-only disk keeps is overtaken by what the issue says."""
        self.held.pop(incident, None)
        try:
            self._path(incident).unlink(missing_ok=True)
        except OSError as error:
            log.error("%s: %s; a fact that is recorded stays there", self.folder, error)

    def _path(self, incident: str) -> Path:
        if not incident.isalnum():
            raise ValueError(f"not an incident id: {incident!r}")
        return self.folder / f"{incident}.json"
