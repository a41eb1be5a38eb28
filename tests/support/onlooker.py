"""A person who looks at the world of a test, as the command line does."""

from collections.abc import Sequence
from pathlib import Path

from support.world import World

from sre_space.adapters.ed25519 import make_key
from sre_space.bootstrap.operator import Operator
from sre_space.domain.telemetry import Span
from sre_space.paths import StatePaths
from sre_space.ports.traces import Traces


class Nothing(Traces):
    """No traces."""

    async def window(self, service: str, since: int, until: int, limit: int = 200) -> Sequence[Span]:
        """None."""
        return ()

    async def close(self) -> None:
        """Nothing to close."""


def operator(world: World, folder: Path) -> Operator:
    """Return an `Operator` of this world, as the command line has one."""
    key = make_key(folder / "operator.key", folder / "trust", "operator")
    paths = StatePaths(folder)
    return Operator(world.forge, world.incidents, Nothing(), world.config, world, paths, key, world.orders, world.bus)
