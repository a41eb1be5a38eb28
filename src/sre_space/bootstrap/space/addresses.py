"""The addresses of a space's servers and services: variables of its processes and of `${NAME}` in the configuration."""

import os
from collections.abc import Mapping

from sre_space.bootstrap.space import servers as space_servers
from sre_space.bootstrap.space.names import SERVICES
from sre_space.bootstrap.space.servers import BUS, HOST, NO_EXTERNAL_SERVERS, OTLP, ExternalServers

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "PYTHONPATH")


def config_environment(ports: Mapping[str, int], external: ExternalServers = NO_EXTERNAL_SERVERS) -> dict[str, str]:
    """Return the variables for `${NAME}` in the configuration: addresses, and what all processes inherit."""
    return inherited() | addresses(ports, external)


def addresses(ports: Mapping[str, int], external: ExternalServers = NO_EXTERNAL_SERVERS) -> dict[str, str]:
    """Return the addresses in every process's environment, by variable; `ports` are by name."""
    values = {
        name: address for name, address in space_servers.addresses(ports, external).items() if name in (BUS, OTLP)
    }
    for service in SERVICES:
        variable = service.upper().replace("-", "_")
        port = ports[f"{variable.lower()}_port"]
        link = ports.get(f"{variable.lower()}_link_port")
        values |= {f"{variable}_PORT": str(port), f"{variable}_URL": f"http://{HOST}:{link or port}"}
        values |= {f"{variable}_LINK_PORT": str(link)} if link else {}
    return values


def inherited() -> dict[str, str]:
    """Return the variables that every process of a space inherits."""
    return {name: os.environ[name] for name in _INHERITED if os.environ.get(name)}
