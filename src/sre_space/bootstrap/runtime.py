"""The runtime that RUNTIME chooses, for agents, deployer and command line alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sre_space.adapters.docker.door import DockerDoor
from sre_space.adapters.docker.events import DockerEvents
from sre_space.adapters.docker.output import DockerOutput
from sre_space.adapters.docker.runtime import DockerReader, DockerRuntime, engine_and_project
from sre_space.adapters.no_runtime import NoEvents, NoOutput, PartialReader, PartialRuntime
from sre_space.adapters.supervisord import SupervisordDoor, SupervisordRuntime
from sre_space.adapters.supervisord_events import SupervisordEvents
from sre_space.adapters.supervisord_reader import SupervisordReader
from sre_space.adapters.unit_logs import UnitLogs
from sre_space.bootstrap.choice import Choice
from sre_space.domain.space_config import SpaceConfig
from sre_space.paths import StatePaths
from sre_space.ports.runtime import Runtime, RuntimeEvents, RuntimeReader
from sre_space.ports.server_check import DoorCheck
from sre_space.ports.unit_output import UnitOutput

NONE = "none"
Names = Mapping[str, str]


@dataclass(frozen=True)
class RuntimeAdapter:
    """How a runtime is controlled, and how it is read and followed through doors that can change nothing.

    Each takes what follows the word in the address ("" for nothing), the runtime's name of each unit, and the state
    folder.
    """

    control: Callable[[str, Names, StatePaths], Runtime]
    reading: Callable[[str, Names, StatePaths], RuntimeReader]
    events: Callable[[str, Names, StatePaths], RuntimeEvents]
    output: Callable[[str, Names, StatePaths], UnitOutput]


def _no_control(_at: str, names: Names, _state: StatePaths) -> Runtime:
    return PartialRuntime(None, tuple(names))


def _no_reading(_at: str, names: Names, _state: StatePaths) -> RuntimeReader:
    return PartialReader(None, tuple(names))


def _supervisord_events(at: str, names: Names, _state: StatePaths) -> RuntimeEvents:
    return SupervisordEvents(at, names)


def _supervisord_output(_at: str, names: Names, state: StatePaths) -> UnitOutput:
    return UnitLogs(names, state)


def _docker_control(at: str, names: Names, _state: StatePaths) -> Runtime:
    return DockerRuntime(*engine_and_project(at), names)


def _docker_reading(at: str, names: Names, _state: StatePaths) -> DockerReader:
    return DockerReader(*engine_and_project(at), names)


def _docker_events(at: str, names: Names, state: StatePaths) -> RuntimeEvents:
    return DockerEvents(_docker_reading(at, names, state))


def _docker_output(at: str, names: Names, state: StatePaths) -> UnitOutput:
    return DockerOutput(_docker_reading(at, names, state))


def _no_events(_at: str, _names: Names, _state: StatePaths) -> RuntimeEvents:
    return NoEvents()


def _no_output(_at: str, _names: Names, _state: StatePaths) -> UnitOutput:
    return NoOutput()


RUNTIMES: dict[str, RuntimeAdapter] = {
    "supervisord": RuntimeAdapter(SupervisordRuntime, SupervisordReader, _supervisord_events, _supervisord_output),
    "docker": RuntimeAdapter(_docker_control, _docker_reading, _docker_events, _docker_output),
    NONE: RuntimeAdapter(_no_control, _no_reading, _no_events, _no_output),
}
_CHOICE = Choice("RUNTIME", RUNTIMES)
DOORS: dict[str, Callable[[str], DoorCheck]] = {
    "supervisord": SupervisordDoor,
    "docker": lambda at: DockerDoor(*engine_and_project(at)),
}


def runtime_of(address: str, config: SpaceConfig, state: StatePaths) -> Runtime:
    """Return the runtime at an address, in which services without one have unknown units.

    Raise `Malformed` for an unknown address, and for none ("") when a service needs it.
    """
    names = units(config)
    adapter, at = _CHOICE.of(address if names else NONE)
    return PartialRuntime(adapter.control(at, names, state), _units_without(config))


def runtime_reader_of(address: str, config: SpaceConfig, state: StatePaths) -> RuntimeReader:
    """Return the same runtime, only to be read."""
    names = units(config)
    adapter, at = _CHOICE.of(address if names else NONE)
    return PartialReader(adapter.reading(at, names, state), _units_without(config))


def processes_reader_of(address: str, names: Sequence[str], state: StatePaths) -> RuntimeReader:
    """Return the reader of processes that run beside the units, by their names in the runtime: the agents, say."""
    adapter, at = _CHOICE.of(address)
    return adapter.reading(at, {name: name for name in names}, state)


def runtime_events_of(address: str, config: SpaceConfig, state: StatePaths) -> RuntimeEvents:
    """Return the starts and ends of its units; raise as `runtime_of`."""
    names = units(config)
    adapter, at = _CHOICE.of(address if names else NONE)
    return adapter.events(at, names, state)


def unit_output_of(address: str, config: SpaceConfig, state: StatePaths) -> UnitOutput:
    """Return what its units write; raise as `runtime_of`."""
    names = units(config)
    adapter, at = _CHOICE.of(address if names else NONE)
    return adapter.output(at, names, state)


def door_of(address: str) -> DoorCheck:
    """Return what asks an address of a runtime what may be done there; raise `Malformed` for an unknown one."""
    door, at = Choice("RUNTIME", DOORS).of(address)
    return door(at)


def as_run(config: SpaceConfig, address: str) -> SpaceConfig:
    """Return the configuration as it holds with the runtime at an address: with `none`, no service has a runtime."""
    if address != NONE:
        return config
    services = {name: replace(service, has_runtime=False) for name, service in config.services.items()}
    return replace(config, services=services)


def units(config: SpaceConfig) -> Names:
    """Return the runtime's name of each configured unit, by unit; the two are the same today."""
    return {service.unit: service.unit for service in config.services.values() if service.has_runtime}


def _units_without(config: SpaceConfig) -> tuple[str, ...]:
    return tuple(service.unit for service in config.services.values() if not service.has_runtime)
