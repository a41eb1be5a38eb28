"""The baseline of a diagnosis: no other incident's time, as late as can be."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from support.clinic import SICK, case
from support.world import SECOND

from sre_space.agents.brain.healthy_time import MAX_LOOKBACK_NS, STILL_OPEN, Interval, healthy_windows, incident_times
from sre_space.agents.brain.investigation import plan_of
from sre_space.analysis.diagnosis.tables import Change

TIMES = st.integers(0, 1000)
END, LENGTH = 1000 * SECOND, 20 * SECOND


def seconds(parts: tuple[Interval, ...]) -> list[tuple[int, int]]:
    """In seconds before the end."""
    return [((END - since) // SECOND, (END - until) // SECOND) for since, until in parts]


def test_without_other_incidents_it_is_the_time_right_before() -> None:
    assert seconds(healthy_windows(END, LENGTH, 3, [])) == [(60, 40), (40, 20), (20, 0)]


def test_an_incident_in_between_is_left_out() -> None:
    ill = [(END - 70 * SECOND, END - 30 * SECOND)]
    assert seconds(healthy_windows(END, LENGTH, 3, ill)) == [(110, 90), (90, 70), (20, 0)]


def test_where_too_little_health_was_it_is_the_time_right_before_all_the_same() -> None:
    ill = [(END - 170 * SECOND, END - 5 * SECOND)]
    assert seconds(healthy_windows(END, LENGTH, 3, ill)) == [(60, 40), (40, 20), (20, 0)]


@given(st.lists(st.tuples(TIMES, TIMES).map(sorted), max_size=5), st.integers(1, 4))
def test_parts_are_in_order_as_long_as_wanted_and_untouched_or_right_before(ill: list[list[int]], count: int) -> None:
    windows = [(begin * SECOND, over * SECOND) for begin, over in ill]
    parts = healthy_windows(END, LENGTH, count, windows)

    assert len(parts) == count
    assert all(until - since == LENGTH for since, until in parts)
    assert all(one[1] <= other[0] for one, other in pairwise(parts))
    assert parts[0][0] >= END - MAX_LOOKBACK_NS
    touched = any(begin < until and since < over for since, until in parts for begin, over in windows)
    assert not touched or parts == healthy_windows(END, LENGTH, count, [])


def test_an_incident_is_ill_from_its_first_symptom_and_while_it_is_open() -> None:
    assert incident_times([case()], "another") == [(SICK, STILL_OPEN)]
    assert incident_times([case()], case().incident) == []


def test_what_shows_right_after_a_deployment_began_with_it() -> None:
    usual, since = around(restarted_s=5)
    assert (usual, since) == (5, 3)
    usual, since = around(restarted_s=8)
    assert (usual, since) == (1, 1)


def around(restarted_s: int) -> tuple[int, int]:
    """When health ends and the incident is looked at, in seconds before the symptom; the deployment took two."""
    begun = SICK - restarted_s * SECOND
    tune = Change("c0ffee", begun, "tax", "deployment", "Tune", "", applied=begun, settled=begun + 2 * SECOND)
    plan = plan_of(case(), [], changes=[tune])
    return (SICK - plan.usual[-1][1]) // SECOND, (SICK - plan.since) // SECOND


def test_the_inquest_reads_its_baseline_from_healthy_time() -> None:
    usual = plan_of(case(), []).usual
    ill = [(usual[1][0], usual[1][1])]

    moved = plan_of(case(), [], ill).usual

    assert moved[2] == usual[2]
    assert moved[1] == usual[0]
    assert moved[0] == (usual[0][0] - (usual[0][1] - usual[0][0]), usual[0][0])
