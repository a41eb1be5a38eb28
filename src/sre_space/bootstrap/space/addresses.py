"""The addresses of a space's servers and services: variables of its processes and of `${NAME}` in the configuration."""

import os
from collections.abc import Mapping

from sre_space.bootstrap.space import servers as space_servers
from sre_space.bootstrap.space.servers import (
    BUS,
    DASHBOARD_PORT,
    HOST,
    NO_EXTERNAL_SERVERS,
    OTLP,
    PORTS,
    ExternalServers,
)

_LINK = "_link_port"
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "PYTHONPATH")


def config_environment(ports: Mapping[str, int], external: ExternalServers = NO_EXTERNAL_SERVERS) -> dict[str, str]:
    """Return the variables for `${NAME}` in the configuration: addresses, and what all processes inherit."""
    return inherited() | addresses(ports, external)


def addresses(ports: Mapping[str, int], external: ExternalServers = NO_EXTERNAL_SERVERS) -> dict[str, str]:
    """Return the addresses in every process's environment, by variable; `ports` are by name.

    A port that is no server's is a service's, or its link's: other services then call the link.
    """
    values = {
        name: address for name, address in space_servers.addresses(ports, external).items() if name in (BUS, OTLP)
    }
    of_servers = {DASHBOARD_PORT, *(name for names in PORTS.values() for name in names)}
    for name, port in ports.items():
        if name not in of_servers:
            values[name.upper()] = str(port)
        if name not in of_servers and not name.endswith(_LINK):
            service = name.removesuffix("_port")
            values[f"{service.upper()}_URL"] = f"http://{HOST}:{ports.get(f'{service}{_LINK}', port)}"
    return values


def inherited() -> dict[str, str]:
    """Return the variables that every process of a space inherits."""
    return {name: os.environ[name] for name in _INHERITED if os.environ.get(name)}
