"""Pauses of a process, however its machine's clocks tell of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_space.adapters.system_clock import SystemClock
from sre_space.deployment.services import polls
from sre_space.domain.pauses import MAX_PAUSES, PAUSE_NS, ClockPair, Pause, Pauses

SECOND = 10**9
START = 1_000_000 * SECOND
BEAT = SECOND // 4


def moved(reading: ClockPair, wall: int, steady: int) -> ClockPair:
    """Return the reading after both clocks have advanced by so many ns."""
    return ClockPair(reading.wall + wall, reading.steady + steady)


def lived(*steps: tuple[int, int]) -> Pauses:
    """Return the pauses of a process that begins at START and reads its clocks after each step."""
    pauses = Pauses.of_start(ClockPair(START, 0))
    for wall, steady in steps:
        pauses = pauses.at(moved(pauses.read, wall, steady))
    return pauses


@pytest.mark.parametrize(
    ("wall", "steady"),
    [(27, 27), (27, 0), (0, 27)],
    ids=["stopped or suspended", "suspended where no clock goes on, or the guest of a paused machine", "clock stood"],
)
def test_a_pause_shows_on_whichever_clock_went_on(wall: int, steady: int) -> None:
    pauses = lived((BEAT, BEAT), (wall * SECOND, steady * SECOND), (BEAT, BEAT))

    assert pauses.resumed_at == START + BEAT + wall * SECOND
    assert pauses.ran(START, pauses.read.wall) == 2 * BEAT
    assert pauses.after(START + BEAT - 1)
    assert not pauses.after(pauses.read.wall)


def test_a_busy_moment_is_no_pause() -> None:
    pauses = lived((PAUSE_NS, PAUSE_NS), (PAUSE_NS, PAUSE_NS))

    assert not pauses.since_start
    assert pauses.ran(START, pauses.read.wall) == 2 * PAUSE_NS


def test_the_time_before_a_process_began_counts_for_no_deadline() -> None:
    pauses = lived((BEAT, BEAT))

    assert pauses.ran(START - 3600 * SECOND, pauses.read.wall) == BEAT
    assert pauses.after(START - 1)


def test_a_clock_that_is_set_back_leaves_nothing_in_the_future() -> None:
    pauses = lived((30 * SECOND, 30 * SECOND), (-600 * SECOND, BEAT), (BEAT, BEAT))

    assert pauses.resumed_at == START - 570 * SECOND
    assert pauses.ran(START, pauses.read.wall) == 0
    assert pauses.ran(START - 3600 * SECOND, pauses.read.wall) == BEAT


def test_what_is_kept_of_pauses_is_bounded() -> None:
    pauses = lived(*[(3 * SECOND, 3 * SECOND), (BEAT, BEAT)] * (2 * MAX_PAUSES))

    assert len(pauses.all) == MAX_PAUSES
    assert pauses.all[0].since == 0
    assert pauses.ran(pauses.resumed_at, pauses.read.wall) == BEAT


STEPS = st.lists(st.sampled_from([(BEAT, BEAT), (5 * SECOND, 5 * SECOND), (9 * SECOND, 0)]), max_size=30)


@given(STEPS, st.integers(-20 * SECOND, 60 * SECOND), st.integers(0, 30 * SECOND))
def test_time_that_ran_adds_up_and_is_never_more_than_went_by(
    steps: list[tuple[int, int]], since: int, more: int
) -> None:
    pauses, now = lived(*steps), START + 300 * SECOND
    begun, middle = START + since, START + since + more

    assert 0 <= pauses.ran(begun, now) <= now - begun
    assert pauses.ran(begun, now) == pauses.ran(begun, middle) + pauses.ran(middle, now)
    assert pauses.ran(START, pauses.read.wall) == sum(wall for wall, _ in steps if wall <= PAUSE_NS)


def test_whoever_asks_first_after_a_pause_is_told() -> None:
    readings = [ClockPair(START, 0), ClockPair(START + BEAT, BEAT), ClockPair(START + 9 * SECOND, 9 * SECOND)]
    clock = SystemClock(iter(readings).__next__)

    assert clock.now() == START + BEAT
    assert clock.pauses().since_start == (Pause(START + BEAT, START + 9 * SECOND),)


def test_the_machines_clock_begins_to_run_now() -> None:
    clock = SystemClock()

    assert clock.pauses().resumed_at <= clock.now()
    assert not clock.pauses().since_start


def test_a_deployer_that_stood_still_looks_again_before_it_says_that_nobody_serves() -> None:
    times = iter([0.0, 5.0, 5.0, 300.0, 300.0, *(300.0 + number for number in range(1, 40) for _ in range(2))])

    assert sum(1 for _ in polls(20.0, times.__next__)) == 18  # two of two seconds at most, and sixteen of one
