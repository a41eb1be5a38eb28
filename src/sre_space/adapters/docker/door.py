"""What is behind an address of Docker, asked without changing anything: fulfils `ports.server_check.DoorCheck`."""

from dataclasses import dataclass

from sre_space.adapters.docker.engine import Engine
from sre_space.codec.docker import listing_query
from sre_space.domain.errors import Missing, Refused
from sre_space.ports.server_check import Door

NOBODY = "sre-space-doctor-no-such-container"


@dataclass(frozen=True)
class DockerDoor:
    """The engine, or a proxy in front of it, for one Compose project."""

    engine: Engine
    project: str

    async def ask(self) -> Door:
        """Return how many containers of the project are seen, and whether a restart would be let through.

        A container that does not exist is asked to restart: the acting door and the engine say that there is none, the
        reading door that it lets no such request through.
        """
        listed = await self.engine.ask("GET", "/containers/json", listing_query(self.project))
        seen = len(listed) if isinstance(listed, list) else 0
        name = f"Docker at {self.engine.address}, {seen} container(s) of {self.project}"
        try:
            await self.engine.ask("POST", f"/containers/{NOBODY}/restart", {"t": "0"})
        except Missing:
            return Door(name, True)
        except Refused as refused:
            return Door(name, NOBODY in str(refused) and "has no container" in str(refused))
        return Door(name, True)
