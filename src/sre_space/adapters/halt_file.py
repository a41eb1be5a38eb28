"""The halt file: fulfils `ports.brake.Brake`; written by `sre-space halt` and by the label."""

import logging
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)


@dataclass
class HaltFile:
    """Halted while the file exists, when its folder cannot be read, and while an order to halt cannot be written."""

    path: Path
    unwritten: bool = False

    def halted(self) -> bool:
        """Reads the file system each time."""
        if self.unwritten:
            self.halt()
            return True
        try:
            return self.path.name in {entry.name for entry in self.path.parent.iterdir()}
        except OSError:
            return True

    def halt(self) -> None:
        """Make the file; where the disk takes none, this process is halted until it does."""
        try:
            self.path.touch(mode=0o600)
            self.unwritten = False
        except OSError as error:
            log.error("halted, but %s cannot be made: %s", self.path, error)
            self.unwritten = True
