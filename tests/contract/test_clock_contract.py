"""`ports.clock` over the machine's clock and over the doubles: it goes on, and tells when the process did not."""

from collections.abc import Callable
from dataclasses import dataclass
from time import CLOCK_MONOTONIC, clock_gettime_ns, time_ns

import pytest
from support.clinic import Clinic
from support.world import SECOND, OwnClock, World

from sre_space.adapters.system_clock import SystemClock
from sre_space.domain.pauses import Reading
from sre_space.ports.clock import Clock

MINUTE = 60 * SECOND
CLOCKS: dict[str, Callable[[], Clock]] = {
    "adapter": SystemClock, "world": lambda: World().clock, "agent": lambda: OwnClock(World().clock), "clinic": Clinic,
}  # fmt: skip


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest) -> Clock:
    """One that begins now."""
    return CLOCKS[request.param]()


@dataclass(frozen=True)
class Process:
    """Its clock, and something that keeps it from running for a minute."""

    clock: Clock
    stand_still: Callable[[], None]


@pytest.fixture(params=["adapter", "agent"])  # nothing pauses the world itself, or the clinic
def process(request: pytest.FixtureRequest) -> Process:
    """One that runs."""
    if request.param == "adapter":
        stood = [0]
        clock = SystemClock(lambda: Reading(time_ns() + sum(stood), clock_gettime_ns(CLOCK_MONOTONIC) + sum(stood)))
        return Process(clock, lambda: stood.append(MINUTE))
    own = OwnClock(World().clock)

    def stand_still() -> None:
        own.stopped_at = own.now()
        own.clock.time += MINUTE
        own.go_on()

    return Process(own, stand_still)


async def test_time_goes_on_by_what_is_slept_at_least(clock: Clock) -> None:
    begun = clock.now()
    assert begun > SECOND
    await clock.sleep(0.02)
    assert clock.now() - begun >= 0.02 * SECOND


async def test_the_past_before_the_start_is_a_pause_and_the_reading_is_of_now(clock: Clock) -> None:
    begun = clock.now()
    told = clock.pauses()
    assert told.all[0].since == 0
    assert told.all[0].until <= told.read.wall
    assert begun <= told.read.wall <= clock.now()


def test_a_pause_is_told_to_whoever_asks_after_it_and_stays_known(process: Process) -> None:
    begun = process.clock.now()
    process.stand_still()
    for _ in range(2):
        told = [one for one in process.clock.pauses().all if one.until - one.since >= MINUTE and one.since >= begun]
        assert len(told) == 1
        assert told[0].until <= process.clock.now()
