"""The demand file, which the traffic generator reads at SIGHUP: fulfils `ports.Demand`."""

import os
from dataclasses import dataclass
from pathlib import Path

from sre_chaos.errors import NoTarget

KEY = "TRAFFIC_JOURNEYS_PER_SECOND"


@dataclass(frozen=True)
class DemandFile:
    """The file `demand.env` in a folder that the traffic generator sees."""

    folder: Path

    def ask_for(self, per_second: float) -> None:
        """Write the rate, in one step."""
        path = self._path()
        beside = path.with_suffix(".new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(f"{KEY}={per_second:g}\n")
        beside.replace(path)

    def restore(self) -> None:
        """Remove the file."""
        self._path().unlink(missing_ok=True)

    def _path(self) -> Path:
        if not self.folder.is_dir():
            raise NoTarget(f"{self.folder} is missing; the space has no customers")
        return self.folder / "demand.env"
