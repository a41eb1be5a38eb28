"""The space on Docker Compose, reached from the container `chaos` of deploy/compose/chaos.yml.

What it sees of the space is mounted below /data, and its own secrets are in /state/keys.
"""

from collections.abc import Mapping
from pathlib import Path

from sre_chaos.adapters.demand_file import DemandFile
from sre_chaos.adapters.docker import DockerDoor
from sre_chaos.adapters.forge_tools import ForgeTools
from sre_chaos.adapters.links import Links
from sre_chaos.adapters.mcp import McpServer
from sre_chaos.adapters.postgresql import PostgresDatabase
from sre_chaos.adapters.sqlite import SqliteFile
from sre_chaos.errors import Unreachable
from sre_chaos.ports import Database
from sre_chaos.space import SERVICES, Space

DOOR = "SRE_CHAOS_DOOR"  # the setting that says that the space is one of containers
PORTS = {"quote-service": 8001, "policy-service": 8002, "user-service": 8003}
WRITTEN = {"quote-service": "quotes", "policy-service": "assessments", "user-service": "users"}


def compose_space(
    environment: Mapping[str, str], data: Path = Path("/data"), keys: Path = Path("/state/keys")
) -> Space:
    """Return the space of the containers around this one; raise `Unreachable` when its secrets are not here."""
    own = {**_secrets(keys / "environment"), **{name: value for name, value in environment.items() if value}}
    repository = f"{own.get('REPO_OWNER', 'local')}/{own.get('REPO_NAME', 'cloud-insurance')}"
    forge = McpServer(own.get("FORGE_URL", ""), own.get("GITHUB_PERSONAL_ACCESS_TOKEN", ""))
    return Space(
        data,
        DockerDoor(environment[DOOR]),
        Links(data / "network" / "network.sock", keys / "network.key"),
        DemandFile(data / "demand"),
        ForgeTools(forge, repository, data / "deployed"),
        {name: _database(name, own, data) for name in SERVICES},
        {name: (name, port) for name, port in PORTS.items()},
        lambda: True,  # this container ends with the space
    )


def _database(service: str, own: Mapping[str, str], data: Path) -> Database:
    """Return the database of a service: a file of a volume, else one of the server of databases."""
    if own.get("SRE_CHAOS_DATABASES") == "sqlite":
        return SqliteFile(service, data / service / f"{service}.db")
    name = service.replace("-", "_")
    return PostgresDatabase(service, f"{own.get('SRE_CHAOS_DATABASE_URL', '')}/{name}", WRITTEN[service])


def _secrets(path: Path) -> Mapping[str, str]:
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise Unreachable(f"{path} is not here; start the stack with deploy/compose/chaos.yml") from error
    return {name: value for name, found, value in (line.partition("=") for line in lines) if found}
