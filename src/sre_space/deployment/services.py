"""The services that a deployment restarts: which run with another desired state, and which serve afterwards.

The embedded launcher notes what it started a service with (`run/env/NAME.running`). Where another program starts the
services, the deployer notes what it restarted them for (`deploy/applied/NAME`).
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sre_space.domain.configuration import SPACE_NAME
from sre_space.domain.errors import Missing, Refused
from sre_space.domain.space_config import SpaceConfig
from sre_space.embedded.launcher import desired, parse_variables
from sre_space.paths import StatePaths
from sre_space.ports.probe import Probe
from sre_space.ports.runtime import Runtime
from sre_space.state_files import make_folder, write_private

SERVES_WITHIN_S = 20.0
LOOK_EVERY_S = 0.05
MAX_LOOK_S = 2.0  # one that took longer was interrupted by a pause of this process
TRIES = 3  # of a restart, when somebody else restarts the service meanwhile
ENDED = ("exited", "fatal", "stopped")


@dataclass(frozen=True)
class DeployedServices:
    """Those of the configuration, in the runtime."""

    state: StatePaths
    config: SpaceConfig
    runtime: Runtime
    probe: Probe

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self.config.services)

    async def stale(self, wanted: Mapping[str, str], stopped: Sequence[str]) -> list[str]:
        """Services that run with another state than the wanted one, or that a killed deployer may have left `stopped`.

        What the runtime does not know is not there to be restarted.
        """
        found = []
        for service, text in self._states(wanted).items():
            with contextlib.suppress(Missing):
                unit = await self.runtime.unit(self._unit(service))
                if (service in stopped and unit.state == "stopped") or self._runs(service) != text:
                    found.append(service)
        return found

    async def restart(self, stale: Sequence[str], all_of_it: Sequence[str], wanted: Mapping[str, str]) -> list[str]:
        """Restart those that are stale, one after the other; return those of all that do not serve afterwards."""
        failed, states = [], self._states(wanted)
        for service in all_of_it:
            if service in stale:
                await self._restart(service)
                self._note(service, states[service])
            if not await self._serves(service):
                failed.append(service)
        return failed

    def _unit(self, service: str) -> str:
        return self.config.services[service].unit

    def _states(self, wanted: Mapping[str, str]) -> Mapping[str, str]:
        """What each service is to run with, in the launcher's words."""
        space = parse_variables(wanted.get(SPACE_NAME, ""), SPACE_NAME)
        return {one: desired(one, wanted.get(f"{one}.env", "").encode(), space) for one in self.config.services}

    def _runs(self, service: str) -> str:
        """What a service was started with, "" when nobody knows."""
        told = self.state.running(self._unit(service))
        return _text(told) or _text(self._applied(service))

    def _note(self, service: str, text: str) -> None:
        path = self._applied(service)
        make_folder(path.parent)
        write_private(path, text)

    def _applied(self, service: str) -> Path:
        return self.state.applied(service)

    async def _restart(self, service: str) -> None:
        """Restart the life that there is; `Refused` when there is another one each time."""
        for tried in range(1, TRIES + 1):
            unit = await self.runtime.unit(self._unit(service))
            try:
                await self.runtime.restart(unit.name, unit.incarnation)
                return
            except Refused:
                if tried == TRIES:
                    raise

    async def _serves(self, service: str) -> bool:
        """True once a probe gets its health; False when it ended or took too long."""
        for _ in looks(SERVES_WITHIN_S, time.monotonic):
            if (await self.probe.check(self.config.services[service].health)).healthy:
                return True
            if (await self.runtime.unit(self._unit(service))).state in ENDED:
                return False
            await asyncio.sleep(LOOK_EVERY_S)
        return False


def looks(seconds: float, now: Callable[[], float]) -> Iterator[None]:
    """Go on for so long by `now` (seconds), not counting the time in which this process did not run."""
    left, begun = seconds, now()
    while left > 0:
        yield
        left, begun = left - min(now() - begun, MAX_LOOK_S), now()


def _text(path: Path) -> str:
    """Nothing, for what cannot be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
