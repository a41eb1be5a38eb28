"""A container's memory limit as the adapter asks the engine for it."""

import json
from collections.abc import Iterator

import pytest
from support.engine_stand_in import MINE, StandIn, stand_in

from sre_space.adapters.docker.engine import Engine
from sre_space.adapters.docker.runtime import DockerRuntime
from sre_space.domain.errors import Missing

LIMIT = 64 * 2**20


@pytest.fixture
def engine() -> Iterator[StandIn]:
    """Yield an engine that writes down what it is asked."""
    with stand_in() as engine:
        yield engine


def runtime_at(engine: StandIn) -> DockerRuntime:
    """Return the runtime of the project `shop`, whose unit `policy` has a container and `gone` has none."""
    names = {"policy": "policy-service", "gone": "gone-service"}
    return DockerRuntime(Engine(f"tcp://127.0.0.1:{engine.port}"), "shop", names)


async def test_the_limit_of_a_units_container_is_changed_swap_included(engine: StandIn) -> None:
    (unit,) = await runtime_at(engine).limit_memory("policy", LIMIT)

    ((_, path, body),) = engine.changes
    assert unit.name == "policy"
    assert path.endswith(f"/containers/{MINE}/update")
    assert json.loads(body) == {"Memory": LIMIT, "MemorySwap": LIMIT}


async def test_of_a_unit_without_a_container_nothing_is_changed(engine: StandIn) -> None:
    with pytest.raises(Missing, match="gone-service has no container"):
        await runtime_at(engine).limit_memory("gone", LIMIT)

    assert not engine.changes
