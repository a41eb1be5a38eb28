"""The halt file, made by `sre-space halt` or by the label: fulfils `ports.kill_switch.KillSwitch`."""

import logging
from dataclasses import dataclass
from pathlib import Path

from sre_space.domain.errors import Unavailable
from sre_space.state_files import remove

log = logging.getLogger(__name__)


@dataclass
class HaltFile:
    """A kill switch: on while its file exists, its folder is unreadable, or the file cannot be made (`unwritten`)."""

    path: Path
    unwritten: bool = False

    def halted(self) -> bool:
        """Return True while halted; reads the file system at every call."""
        if self.unwritten:
            self.halt()
            return True
        try:
            return self.path.name in {entry.name for entry in self.path.parent.iterdir()}
        except OSError:
            return True

    def halt(self) -> None:
        """Create the file; if the disk refuses, this process stays halted until the file can be created."""
        try:
            self.path.touch(mode=0o600)
            self.unwritten = False
        except OSError as error:
            log.error("halted, but %s cannot be made: %s", self.path, error)
            self.unwritten = True

    def release(self) -> None:
        """Remove the file; raise `Unavailable` when it cannot be removed."""
        try:
            remove(self.path)
        except OSError as error:
            raise Unavailable(f"still halted: {self.path} cannot be removed: {error.strerror}") from error
        self.unwritten = False
