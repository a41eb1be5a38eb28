"""The outbox as one small file per incident: fulfils `ports.outbox.Outbox`."""

import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sre_space.ports.outbox import Pending

log = logging.getLogger(__name__)


def _logged(what: str) -> None:
    log.error("%s", what)


@dataclass(frozen=True)
class OutboxFolder:
    """Files are replaced atomically and flushed to disk. `told` hears of each one that had to be set aside."""

    folder: Path
    told: Callable[[str], None] = _logged

    def put(self, pending: Pending) -> None:
        """Write beside, flush, rename."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(pending.incident)
        beside = path.with_name(f"{path.name}.{os.getpid()}.new")
        with beside.open("w") as file:
            json.dump(asdict(pending), file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    def get(self, incident: str) -> Pending | None:
        """What a crash left half written was never renamed: what is there and does not parse is damaged."""
        try:
            told = json.loads(self._path(incident).read_text())
            pending = Pending(**told)
            kinds = [type(value) for value in asdict(pending).values()]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, RecursionError) as error:
            self.set_aside(incident, str(error))
            return None
        if kinds != [int, str, int, str, str] or pending.incident != incident:
            self.set_aside(incident, "it holds other fields than a pending fact has")
            return None
        return pending

    def set_aside(self, incident: str, why: str) -> None:
        """Rename it: a signed fact is never thrown away."""
        path = self._path(incident)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = path.with_name(f"{path.name}.damaged-{stamp}")
        path.rename(aside)
        self.told(f"{path}, a signed fact that was to be posted, is damaged: {why}; it is kept as {aside.name}")

    def drop(self, incident: str) -> None:
        """Remove the file."""
        self._path(incident).unlink(missing_ok=True)

    def _path(self, incident: str) -> Path:
        if not incident.isalnum():
            raise ValueError(f"not an incident id: {incident!r}")
        return self.folder / f"{incident}.json"
