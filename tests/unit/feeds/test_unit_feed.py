"""What the runtime says of limits and restarts reaches Scout's detectors and snapshots."""

from dataclasses import dataclass, field, replace

import pytest
from support.world import World

from sre_space.agents.scout.processes import Processes
from sre_space.agents.unit_state import memory_limits
from sre_space.domain.errors import Unavailable
from sre_space.feeds.unit_feed import UnitFeed
from sre_space.ports.runtime import Unit

POLICY = "policy-service"
WELL = Unit(POLICY, "running", "1:1", 1, 7, None, memory_limit=400, restarts=2, instance="policy-1")
OTHER = replace(WELL, incarnation="2:1", memory_limit=300, restarts=0, instance="policy-2")


def feed(world: World) -> UnitFeed:
    """Return the feed of a world whose runtime is the world."""
    return UnitFeed(world, world.config.services, world.processes, world.clock)


def test_the_limit_of_a_service_is_the_lowest_of_its_instances_and_none_is_guessed() -> None:
    world = World()
    ours = feed(world)

    ours.take([WELL, OTHER, Unit("user-service", "running", "3:1", 3, 0, None), replace(WELL, name="stranger")])
    assert world.processes.memory_limits == {POLICY: 300}

    ours.take([replace(WELL, memory_limit=None)])
    assert world.processes.memory_limits == {}


def test_a_service_is_known_by_its_unit_whatever_that_is_called() -> None:
    world = World()
    services = {POLICY: replace(world.config.services[POLICY], unit="policy.service")}

    assert memory_limits(services, [replace(WELL, name="policy.service")]) == {POLICY: 400}


def test_restarts_are_those_since_scout_watches_over_all_instances() -> None:
    processes = Processes(1)
    for count, at in ((5, 10), (5, 10), (7, 20)):
        processes.counted(POLICY, "a", count, at)
    processes.counted(POLICY, "b", 3, 15)
    assert (processes.restarts_of(POLICY), processes.restarted[POLICY]) == (2, 20)

    processes.counted(POLICY, "a", 1, 30)  # it was made anew, and restarted once since
    assert (processes.restarts_of(POLICY), processes.restarted[POLICY]) == (4, 30)


def test_where_the_runtime_counts_a_new_process_in_the_telemetry_is_not_counted_again() -> None:
    processes = Processes(1)
    assert processes.restarts_of(POLICY) is None
    processes.counted(POLICY, "", 0, 5)
    assert processes.restarts_of(POLICY) == 0

    for name in ("p0", "p1"):
        processes.began(POLICY, name, 9)
    processes.counted(POLICY, "", 1, 8)

    assert (processes.restarts_of(POLICY), processes.restarted[POLICY]) == (1, 8)


@dataclass
class Silent(World):
    """Its runtime answers once, is silent then, and answers again with a higher limit at last."""

    answers: list[int] = field(default_factory=lambda: [400, 0, 0, 600])

    async def units(self) -> list[Unit]:
        """Return what comes next; stop the reading when nothing does."""
        if not self.answers:
            raise StopReadingError
        limit = self.answers.pop(0)
        if not limit:
            raise Unavailable("the runtime does not answer")
        return [replace(WELL, memory_limit=limit)]


class StopReadingError(Exception):
    """The end of a test."""


async def test_while_the_runtime_is_silent_its_last_word_stays_and_it_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = Silent()

    with pytest.raises(StopReadingError):
        await feed(world).read_forever()

    assert world.processes.memory_limits == {POLICY: 600}
    assert [one.getMessage() for one in caplog.records] == [
        "limits and restarts cannot be read from the runtime: the runtime does not answer"
    ]
