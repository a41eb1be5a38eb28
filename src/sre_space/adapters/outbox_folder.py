"""The outbox as one small file per incident: fulfils `ports.outbox.Outbox`."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from sre_space.ports.outbox import Pending


@dataclass(frozen=True)
class OutboxFolder:
    """Files are replaced atomically and flushed to disk."""

    folder: Path

    def put(self, pending: Pending) -> None:
        """Write beside, flush, rename."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(pending.incident)
        beside = path.with_suffix(".new")
        with beside.open("w") as file:
            json.dump(asdict(pending), file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    def get(self, incident: str) -> Pending | None:
        """A file that a crash left half written was never renamed, so what is there parses."""
        try:
            return Pending(**json.loads(self._path(incident).read_text()))
        except FileNotFoundError:
            return None

    def drop(self, incident: str) -> None:
        """Remove the file."""
        self._path(incident).unlink(missing_ok=True)

    def _path(self, incident: str) -> Path:
        if not incident.isalnum():
            raise ValueError(f"not an incident id: {incident!r}")
        return self.folder / f"{incident}.json"
