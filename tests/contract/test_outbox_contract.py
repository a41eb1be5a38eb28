"""`ports.outbox` over the folder and over the double: at most one fact an incident, and it outlives its agent."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.doubles import ADAPTER, BOTH
from support.world import Outbox as MemoryOutbox
from support.world import World

from sre_space.adapters.outbox_folder import OutboxFolder
from sre_space.domain.facts import Agent
from sre_space.ports.outbox import Outbox, Pending

FIRST, SECOND = (Pending(1, "01I", seq, "prev", f"body {seq}\n\u00e9") for seq in (1, 2))
OTHER = Pending(2, "01J", 1, "prev", "of another incident")


@dataclass(frozen=True)
class Agents:
    """The outbox of one agent, `opened` each time as by a fresh process, and what people were `told`."""

    opened: Callable[[], Outbox]
    told: Callable[[], list[str]]


@pytest.fixture(params=BOTH)
def agents(request: pytest.FixtureRequest, tmp_path: Path) -> Agents:
    """Nothing is in it."""
    told: list[str] = []
    if request.param == ADAPTER:
        return Agents(lambda: OutboxFolder(tmp_path, told.append), lambda: told)
    world = World()
    return Agents(lambda: MemoryOutbox(world, Agent.BRAIN), lambda: [why for _, _, why in world.set_aside])


def test_a_fact_is_there_until_it_is_dropped_also_for_a_fresh_process(agents: Agents) -> None:
    assert agents.opened().get("01I") is None
    agents.opened().put(FIRST)
    assert agents.opened().get("01I") == FIRST
    agents.opened().drop("01I")
    agents.opened().drop("01I")
    assert agents.opened().get("01I") is None


def test_the_newest_fact_of_an_incident_replaces_the_one_before_and_no_others(agents: Agents) -> None:
    for one in (FIRST, OTHER, SECOND):
        agents.opened().put(one)
    assert (agents.opened().get("01I"), agents.opened().get("01J")) == (SECOND, OTHER)
    agents.opened().drop("01I")
    assert agents.opened().get("01J") == OTHER


def test_what_is_set_aside_is_told_and_not_given_and_the_next_fact_is(agents: Agents) -> None:
    agents.opened().put(FIRST)
    agents.opened().set_aside("01I", "it is not signed")
    assert agents.opened().get("01I") is None
    assert ["it is not signed" in one for one in agents.told()] == [True]
    agents.opened().put(SECOND)
    assert agents.opened().get("01I") == SECOND
