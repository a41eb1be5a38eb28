"""The services of a deployment: which must be restarted for the desired state, and which serve afterwards.

The embedded launcher writes down the state a service was started with (`run/env/NAME.running`). Where another program
starts the services, the deployer writes down the state it restarted them for (`deploy/applied/NAME`).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sre_space.codec.desired_limits import desired_limits
from sre_space.codec.desired_values import value_of
from sre_space.codec.service_variables import variables_of
from sre_space.codec.variables import running_text
from sre_space.domain.errors import Missing, Refused, SpaceError
from sre_space.domain.space_config import Service, SpaceConfig
from sre_space.paths import StatePaths
from sre_space.ports.probe import Probe
from sre_space.ports.runtime import MemoryLimiter, Runtime
from sre_space.state_files import make_folder, write_private

log = logging.getLogger(__name__)

SERVES_WITHIN_S = 20.0
POLL_EVERY_S = 0.05
MAX_POLL_S = 2.0  # a longer poll means that this process was paused
MAX_ATTEMPTS = 3  # of a restart that another restart of the same service overtakes
ENDED = ("exited", "fatal", "stopped")
NOT_STARTED = ("", "stopped")  # not yet, or somebody stopped it


@dataclass(frozen=True)
class DeployedServices:
    """The configured services in the runtime; used by `Deployer`."""

    state: StatePaths
    config: SpaceConfig
    runtime: Runtime
    probe: Probe

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all configured services."""
        return tuple(self.config.services)

    async def stale(self, desired_files: Mapping[str, str], stopped: Sequence[str]) -> list[str]:
        """Return the services that run with another state than desired, or that a killed deployer left `stopped`.

        The others that do not run are left out: nobody has started them yet, or somebody stopped them.
        """
        stale = []
        for service, text in self._states(desired_files).items():
            state = await self._state(service)
            if (state not in NOT_STARTED and self._runs(service) != text) or (
                state == "stopped" and service in stopped
            ):
                stale.append(service)
        return stale

    async def note_next_start(self, desired_files: Mapping[str, str]) -> None:
        """Write down for each service that does not run that its next start applies this desired state."""
        for service, text in self._states(desired_files).items():
            if await self._state(service) in NOT_STARTED:
                note_applied(self.state, service, text)

    async def _state(self, service: str) -> str:
        """Return the state of a service's unit; "" where the runtime does not know it."""
        try:
            return (await self.runtime.unit(self._unit(service))).state
        except Missing:
            return ""

    async def restart(
        self, stale: Sequence[str], services: Sequence[str], desired_files: Mapping[str, str]
    ) -> list[str]:
        """Restart the `stale` ones, one after the other; return those of `services` that do not serve afterwards."""
        failed, states = [], self._states(desired_files)
        for service in services:
            if service in stale:
                await self._restart(service, self._limits(desired_files).get(service))
                note_applied(self.state, service, states[service])
            if not await self._serves(service):
                failed.append(service)
        return failed

    def _unit(self, service: str) -> str:
        return self.config.services[service].unit

    def _states(self, desired_files: Mapping[str, str]) -> Mapping[str, str]:
        return states_of(self.config, desired_files)

    def _runs(self, service: str) -> str:
        """Return the state a service was started with; "" when none was written down."""
        path = self.state.running(self._unit(service))
        return _text(path) or _text(self.state.applied(service))

    def _limits(self, desired_files: Mapping[str, str]) -> Mapping[str, int]:
        return desired_limits(self.config.services.values(), desired_files)

    async def _restart(self, service: str, limit: int | None) -> None:
        """Restart the current incarnation of a service, with its memory limit where the runtime sets it.

        A new process uses less than the old one, so a lower limit is set after the restart, and a higher one before.
        Raise `Refused` when the incarnation changes at each attempt.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            unit = await self.runtime.unit(self._unit(service))
            lower = limit is not None and unit.memory_limit is not None and limit < unit.memory_limit
            try:
                await self._limit_memory(unit.name, None if lower else limit)
                await self.runtime.restart(unit.name, unit.incarnation)
                break
            except Refused:
                if attempt == MAX_ATTEMPTS:
                    raise
        if lower:
            await self._lower_limit(unit.name, limit)

    async def _lower_limit(self, unit: str, limit: int | None) -> None:
        """Set a lower limit. Log where it is refused: some kernels do when the process uses more than that already.

        The old limit stays, and nothing is restarted once more for it.
        """
        try:
            await self._limit_memory(unit, limit)
        except SpaceError as error:
            log.error("%s keeps its memory limit; %s bytes cannot be set: %s", unit, limit, error)

    async def _limit_memory(self, unit: str, limit: int | None) -> None:
        """Set a memory limit (None: none to set), where the runtime sets limits."""
        if limit is not None and isinstance(self.runtime, MemoryLimiter):
            await self.runtime.limit_memory(unit, limit)

    async def _serves(self, service: str) -> bool:
        """Return True once a probe finds the service healthy; False when it ended or SERVES_WITHIN_S passed."""
        for _ in polls(SERVES_WITHIN_S, time.monotonic):
            if (await self.probe.check(self.config.services[service].ready)).healthy:
                return True
            if (await self.runtime.unit(self._unit(service))).state in ENDED:
                return False
            await asyncio.sleep(POLL_EVERY_S)
        return False


def states_of(config: SpaceConfig, desired_files: Mapping[str, str]) -> Mapping[str, str]:
    """Return the state each service that has a runtime is to run with, in the format the launcher writes."""
    return {name: _state(one, desired_files) for name, one in config.services.items() if one.has_runtime}


def note_applied(state: StatePaths, service: str, text: str) -> None:
    """Write down the state that a service was started with."""
    path = state.applied(service)
    make_folder(path.parent)
    write_private(path, text)


def _state(service: Service, desired_files: Mapping[str, str]) -> str:
    """Return the state a service is to run with; its own part of a file that is not there is empty."""
    text = desired_files.get(service.file)
    content = variables_of(service.own, text.encode()) if text is not None else b""
    limit = value_of(desired_files, service.memory) if service.memory else None
    return running_text(content, limit or "")


def polls(seconds: float, now: Callable[[], float]) -> Iterator[None]:
    """Yield until `seconds` have passed by the clock `now`, not counting time in which this process was paused."""
    remaining, last = seconds, now()
    while remaining > 0:
        yield
        remaining, last = remaining - min(now() - last, MAX_POLL_S), now()


def _text(path: Path) -> str:
    """Return the text of a file; "" when it cannot be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
