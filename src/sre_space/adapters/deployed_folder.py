"""The configuration files that the embedded space runs with: fulfils `ports.deployments.Deployments`.

The launcher records what it started a service with (`run/env/NAME.running` in the state folder): the digest of its file
and its memory limit. A file of memory limits is in force once every service was started with its own.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sre_space.codec.memory_limits import memory_limits
from sre_space.domain.space_config import Service
from sre_space.paths import StatePaths


@dataclass(frozen=True)
class DeployedFolder:
    """The deployed files of `services` in the space with the state folder `state`."""

    state: Path
    services: Mapping[str, Service]

    async def in_force(self, path: str, content: bytes) -> bool:
        """Return True when the services run with this content of the file; False for a file that was never deployed."""
        try:
            if path in self._shared():
                deployed = (StatePaths(self.state).deployed / Path(path).name).read_bytes() == content
                limits = memory_limits(self.services.values(), {path: content.decode()})
                return deployed and all(self._runs(service)[1] == str(limit) for service, limit in limits.items())
            owners = [service.name for service in self.services.values() if service.file == path]
            return bool(owners) and self._runs(owners[0])[0] == hashlib.sha256(content).hexdigest()
        except OSError:
            return False

    def _shared(self) -> frozenset[str]:
        """Return the files that hold the memory limits and replicas of the services."""
        places = (place for service in self.services.values() for place in (service.memory, service.replicas))
        return frozenset(place.file for place in places if place)

    def _runs(self, service: str) -> tuple[str, str]:
        """Return the file digest and the memory limit (bytes) that a service was started with."""
        lines = StatePaths(self.state).running(self.services[service].unit).read_text(errors="replace").splitlines()
        return (lines[0] if lines else "", lines[1] if len(lines) > 1 else "")
