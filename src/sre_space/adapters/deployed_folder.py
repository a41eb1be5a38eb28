"""The configuration files that the embedded space runs with: fulfils `ports.deployments.Deployments`.

The embedded launcher records what it started a service with (`run/env/NAME.running` in the state folder): the digest
of its own part of desired state and its memory limit. Where another program starts the services, the deployer records
what it restarted them for (`deploy/applied/NAME`). A file that several share, or that holds more than one service's
variables, is in force once it is deployed and every service was started with its own part and limit.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sre_space.codec.desired_limits import desired_limits
from sre_space.codec.service_variables import variables_of
from sre_space.domain.configuration import Format
from sre_space.domain.errors import Malformed
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
            owners = [service for service in self.services.values() if service.file == path and service.has_runtime]
            shared = len(owners) > 1 or path in self._shared()
            if shared and StatePaths(self.state).copy_of(path).read_bytes() != content:
                return False
            limits = desired_limits(self._limited(path), {path: content.decode()})
            return (
                (shared or bool(owners))
                and all(self._runs(one.name)[0] == _digest(variables_of(one.own, content)) for one in owners)
                and all(self._runs(service)[1] == str(limit) for service, limit in limits.items())
            )
        except (OSError, UnicodeDecodeError, Malformed):
            return False

    def _limited(self, path: str) -> list[Service]:
        """Return the services whose memory limit lies in a file."""
        return [one for one in self.services.values() if one.memory and one.memory.file == path and one.has_runtime]

    def _shared(self) -> frozenset[str]:
        """Return the files that hold more than the variables of one service."""
        services = self.services.values()
        declared = {place.file for service in services for place in service.declared} - {one.file for one in services}
        limits = {place.file for service in services for place in (service.memory, service.replicas) if place}
        return frozenset({*declared, *limits, *(one.file for one in services if one.own.format is Format.YAML)})

    def _runs(self, service: str) -> tuple[str, str]:
        """Return the file digest and the memory limit (bytes) that a service was started with."""
        state = StatePaths(self.state)
        running = state.running(self.services[service].unit)
        path = running if running.exists() else state.applied(service)
        lines = path.read_text(errors="replace").splitlines()
        return (lines[0] if lines else "", lines[1] if len(lines) > 1 else "")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
