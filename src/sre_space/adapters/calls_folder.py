"""Calls as empty files that only the first one can make: fulfils `ports.calls.Calls`."""

import logging
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

MAX_FILES = 1000  # files; older ones are of incidents that are over


@dataclass(frozen=True)
class CallsFolder:
    """One file a call."""

    folder: Path

    def first(self, what: str) -> bool:
        """Make the file; the operating system lets one process do so."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.folder / what).touch(mode=0o600, exist_ok=False)
            self._prune()
        except FileExistsError:
            return False
        except OSError as error:
            log.warning("whether a person was called already cannot be known: %s", error)
        return True

    def _prune(self) -> None:
        kept = sorted(self.folder.iterdir(), key=lambda path: path.name)  # named by ULIDs: oldest first
        for path in kept[:-MAX_FILES]:
            path.unlink(missing_ok=True)
