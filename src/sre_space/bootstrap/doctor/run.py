"""All checks of `sre-space doctor`, in the order in which they are shown."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sre_space.bootstrap.connections import Connections, configured_environment
from sre_space.bootstrap.doctor.agents import agents_check
from sre_space.bootstrap.doctor.asking import all_asked, failed
from sre_space.bootstrap.doctor.installation import Installation
from sre_space.bootstrap.doctor.local import (
    configuration_checks,
    disk_check,
    key_checks,
    settings_check,
    switch_checks,
)
from sre_space.bootstrap.doctor.remote import clock_check, runtime_checks, server_checks, service_checks
from sre_space.bootstrap.space.state import NotRunning, SpaceState
from sre_space.domain.checks import Check, Level
from sre_space.domain.errors import Malformed, Refused, SpaceError
from sre_space.settings import CommandLineSettings


async def checks_of(state: SpaceState) -> Sequence[Check]:
    """Return all checks of the space running in a state folder, else of the installation that settings describe."""
    try:
        environment, config_path = configured_environment(state)
        settings = settings_check(environment.lines, environment.values)
    except Malformed as error:
        return [failed("settings", error)]
    here = [settings, disk_check(state), *key_checks(state), *switch_checks(state, environment.values)]
    if not settings.holds:
        return here
    try:
        connections = Connections.of(state, CommandLineSettings.read(environment.lines), config_path)
    except (NotRunning, Refused) as error:
        return [*here, failed("space", error)]
    return [*here, *await _checks_beyond(connections, environment.values, config_path)]


async def _checks_beyond(connections: Connections, values: Mapping[str, str], path: Path) -> Sequence[Check]:
    """Return the checks of the configuration and of everything that it and the settings name."""
    running = connections.running
    space = f"runs in {connections.state.root}" if running else "none runs here: the settings name the servers"
    try:
        config = connections.config()
    except SpaceError as error:
        return [failed("configuration", error)]
    installation = Installation(connections, config, values)
    checks = [*server_checks(installation), *runtime_checks(installation), ("clocks", clock_check(installation))]
    checks += [("agents", agents_check(installation)), *service_checks(installation)]
    found = await all_asked(checks)
    return [Check("space", Level.OK, space), *configuration_checks(path, config), *found]
