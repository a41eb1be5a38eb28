"""What the containers of a Compose project wrote: fulfils `ports.unit_output.UnitOutput`."""

from dataclasses import dataclass

from sre_space.adapters.docker.runtime import DockerReader
from sre_space.codec.docker_output import output_of
from sre_space.ports.unit_output import MAX_OUTPUT, UnitOutput

LINES = 200  # of a container
_QUERY = {"stdout": "1", "stderr": "1", "timestamps": "1", "tail": str(LINES)}


@dataclass(frozen=True)
class DockerOutput(UnitOutput):
    """The logs of the units that `reader` reads."""

    reader: DockerReader

    async def newest(self, name: str) -> bytes:
        """Return the newest lines of a unit's containers, each under its name; raise `Missing` or `Unavailable`."""
        found = await self.reader.containers_of(name)
        share = MAX_OUTPUT // len(found)
        return b"".join([await self._of(unit.instance, id, share) for unit, id in found])

    async def _of(self, instance: str, id: str, share: int) -> bytes:
        head = f"==> {instance} <==\n".encode()
        written = output_of(await self.reader.engine.read(f"/containers/{id}/logs", _QUERY))
        return head + written[-(share - len(head)) :]
