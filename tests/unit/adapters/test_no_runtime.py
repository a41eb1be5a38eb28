"""A runtime for some services beside others that have none."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from support.world import World

from sre_space.adapters.no_runtime import PartialReader, PartialRuntime
from sre_space.domain.errors import Missing, Refused
from sre_space.ports.runtime import Unit


async def test_the_units_without_a_runtime_are_unknown_and_cannot_be_restarted() -> None:
    world = World()
    runtime = PartialRuntime(world, ("mainframe",))
    unit = await runtime.unit("mainframe")

    assert [one.name for one in await runtime.units()] == [*(one.name for one in await world.units()), "mainframe"]
    assert (unit.state, unit.pid) == ("unknown", None)
    with pytest.raises(Refused, match="mainframe has no runtime here; restart it where it runs"):
        await runtime.restart("mainframe", unit.incarnation)


async def test_the_others_are_restarted_by_their_runtime() -> None:
    world = World()
    runtime = PartialRuntime(world, ("mainframe",))
    before = await runtime.unit("user-service")

    assert (await runtime.restart("user-service", before.incarnation)).incarnation != before.incarnation


async def test_without_any_runtime_no_other_unit_is_known() -> None:
    reader = PartialReader(None, ("mainframe",))

    assert [one.name for one in await reader.units()] == ["mainframe"]
    with pytest.raises(Missing, match="web is not known"):
        await reader.unit("web")


@dataclass
class Limiting(World):
    """A runtime that sets memory limits, and what it set."""

    limited: list[tuple[str, int]] = field(default_factory=list)

    async def limit_memory(self, name: str, limit: int) -> Sequence[Unit]:
        """As the port says."""
        self.limited.append((name, limit))
        return [await self.unit(name)]


async def test_memory_is_limited_where_the_runtime_does_that_and_nowhere_else() -> None:
    limiting = Limiting()
    runtime = PartialRuntime(limiting, ("mainframe",))

    (limited,) = await runtime.limit_memory("user-service", 64 * 2**20)

    assert limited.name == "user-service"
    assert not await runtime.limit_memory("mainframe", 64 * 2**20)
    assert not await PartialRuntime(World(), ()).limit_memory("user-service", 64 * 2**20)
    assert not await PartialRuntime(None, ("mainframe",)).limit_memory("mainframe", 64 * 2**20)
    assert limiting.limited == [("user-service", 64 * 2**20)]
