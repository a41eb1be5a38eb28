"""Notifications recorded as empty files, so that each is sent once: fulfils `ports.calls.Calls`."""

import logging
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

MAX_FILES = 1000  # older ones belong to incidents that are over


@dataclass(frozen=True)
class CallsFolder:
    """A folder with one empty file per notification."""

    folder: Path

    def first(self, what: str) -> bool:
        """Return True for the first caller with this name, by creating its file; True too when that is impossible."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.folder / what).touch(mode=0o600, exist_ok=False)
            self._prune()
        except FileExistsError:
            return False
        except OSError as error:
            log.warning("a person may be notified twice, for the record of notifications cannot be written: %s", error)
        return True

    def _prune(self) -> None:
        kept = sorted(self.folder.iterdir(), key=lambda path: path.name)  # named by ULIDs: oldest first
        for path in kept[:-MAX_FILES]:
            path.unlink(missing_ok=True)
