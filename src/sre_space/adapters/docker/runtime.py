"""The containers of a Compose project: fulfils `ports.runtime.RuntimeReader` and `ports.runtime.Runtime`."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sre_space.adapters.docker.engine import Engine
from sre_space.codec.addresses import compose_name, docker_address
from sre_space.codec.docker import PROJECT, SERVICE, listing_query, unit_of
from sre_space.domain.errors import Malformed, Missing, Refused, Unavailable
from sre_space.ports.runtime import MemoryLimiter, Runtime, RuntimeReader, Unit, representative

STOP_S = 3  # a container that has not ended this long after SIGTERM is killed
RESTARTS_WITHIN_S = STOP_S + 20.0


def engine_and_project(place: str) -> tuple[Engine, str]:
    """Return the engine and the Compose project of `PROJECT@ADDRESS`; raise `Malformed` with an example otherwise."""
    project, _, address = place.partition("@")
    try:
        return Engine(docker_address(address)), compose_name(project)
    except ValueError as error:
        raise Malformed(f"{error}; RUNTIME of Docker is written docker://sre-cp@unix:///var/run/docker.sock") from error


@dataclass(frozen=True)
class DockerReader(RuntimeReader):
    """The reader of a project's containers; `names` maps each unit to its service in the Compose file.

    Containers are chosen by the labels that Compose gives them, never by their names.
    """

    engine: Engine
    project: str
    names: Mapping[str, str]

    async def units(self) -> Sequence[Unit]:
        """Return each container of each unit; one in an unknown state stands for a unit without a container."""
        found = await self.containers()
        without = [_without_container(name) for name in self.names if name not in {unit.name for unit, _ in found}]
        return [*(unit for unit, _ in found), *without]

    async def unit(self, name: str) -> Unit:
        """Return a unit, its worst container of several; raise `Missing` for an unknown name or without a container."""
        return representative(unit for unit, _ in await self.containers_of(name))

    async def containers(self) -> Sequence[tuple[Unit, str]]:
        """Return all containers of all units, each with its id."""
        return await self._found(self.names)

    async def container(self, name: str, id: str) -> Unit:
        """Return a container of a unit by its id; raise `Missing` when it was removed."""
        return _unit(self.engine, name, await self.engine.ask("GET", f"/containers/{id}/json"))

    async def containers_of(self, name: str) -> Sequence[tuple[Unit, str]]:
        """Return the containers of a unit with their ids; raise `Missing` when there is none."""
        if name not in self.names:
            raise Missing(f"the runtime has no unit {name!r}; the configuration names {', '.join(self.names)}")
        found = await self._found([name])
        if not found:
            service = self.names[name]
            raise Missing(
                f"{service} has no container in the Compose project {self.project} at {self.engine.address}; "
                f"run docker compose up -d {service}"
            )
        return found

    async def _found(self, names: Sequence[str] | Mapping[str, str]) -> Sequence[tuple[Unit, str]]:
        unit_by_service = {self.names[name]: name for name in names}
        listed = await self.engine.ask("GET", "/containers/json", listing_query(self.project))
        try:
            wanted = [
                (unit_by_service[one["Labels"][SERVICE]], str(one["Id"]))
                for one in listed
                if one["Labels"].get(PROJECT) == self.project and one["Labels"].get(SERVICE) in unit_by_service
            ]
        except (TypeError, KeyError, AttributeError) as error:
            raise Unavailable(
                f"the answer of Docker at {self.engine.address} is not a listing of containers"
            ) from error
        found = await asyncio.gather(*(self._inspected(name, id) for name, id in wanted))
        order = list(self.names)
        present = [one for one in found if one is not None]
        return sorted(present, key=lambda one: (order.index(one[0].name), one[0].instance))

    async def _inspected(self, name: str, id: str) -> tuple[Unit, str] | None:
        """Return a container as a unit; None when it was removed meanwhile."""
        try:
            return await self.container(name, id), id
        except Missing:
            return None


@dataclass(frozen=True)
class DockerRuntime(DockerReader, Runtime, MemoryLimiter):
    """The same, and the containers can be restarted and given another memory limit."""

    async def restart(self, name: str, expected: str) -> Unit:
        """Restart the container with the incarnation `expected` and return its new state; raise `Refused` without."""
        id = await self._expected(name, expected)
        await self.engine.ask("POST", f"/containers/{id}/restart", {"t": str(STOP_S)}, within_s=RESTARTS_WITHIN_S)
        return await self.container(name, id)

    async def limit_memory(self, name: str, limit: int) -> Sequence[Unit]:
        """Give each container of a unit a memory limit in bytes, which includes swap; return those that had another.

        A limit below what a running container uses is refused by some kernels, and kills on others.
        """
        body = {"Memory": limit, "MemorySwap": limit}
        others = [id for unit, id in await self.containers_of(name) if unit.memory_limit != limit]
        for id in others:
            await self.engine.ask("POST", f"/containers/{id}/update", body=body)
        return [await self.container(name, id) for id in others]

    async def _expected(self, name: str, expected: str) -> str:
        """Return the id of a unit's container by its incarnation; raise `Refused` when no container has it."""
        found = await self.containers_of(name)
        for unit, id in found:
            if unit.incarnation == expected:
                return id
        now = ", ".join(unit.incarnation for unit, _ in found)
        raise Refused(f"the incarnation of {name} is {now}, not {expected}; nothing was changed")


def _unit(engine: Engine, name: str, container: Any) -> Unit:  # noqa: ANN401 - JSON
    """Return the unit of an inspected container; raise `Unavailable` when the answer has another shape."""
    try:
        return unit_of(name, container)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise Unavailable(f"the answer of Docker at {engine.address} is not a container") from error


def _without_container(name: str) -> Unit:
    return Unit(name, "unknown", "none", None, 0, None, "it has no container")
