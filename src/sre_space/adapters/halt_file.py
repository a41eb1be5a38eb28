"""The halt file: fulfils `ports.brake.Brake`; written by `sre-space halt` and by the label."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class HaltFile:
    """Halted while the file exists, or when its folder cannot be read."""

    path: Path

    def halted(self) -> bool:
        """Reads the file system each time."""
        try:
            return self.path.name in {entry.name for entry in self.path.parent.iterdir()}
        except OSError:
            return True

    def halt(self) -> None:
        """Make the file."""
        self.path.touch(mode=0o600)
