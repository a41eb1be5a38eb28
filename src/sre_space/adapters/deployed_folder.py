"""What the embedded space runs with: fulfils `ports.deployments.Deployments` over the folder of its state.

The launcher writes down the digest of the desired state that it started a service with (`run/env/NAME.running`); the
limits of `space.env` are in force once the deployment has put the file where the warden reads it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sre_space.domain.configuration import SPACE_FILE


@dataclass(frozen=True)
class DeployedFolder:
    """`state`: the space's folder."""

    state: Path

    async def in_force(self, path: str, content: bytes) -> bool:
        """A file that nobody has put there yet is not in force."""
        name = Path(path).name
        try:
            if path == SPACE_FILE:
                return (self.state / "deploy" / "config" / name).read_bytes() == content
            running = self.state / "run" / "env" / f"{Path(path).stem}.running"
            return running.read_text() == hashlib.sha256(content).hexdigest()
        except FileNotFoundError:
            return False
