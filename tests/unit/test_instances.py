"""A unit with several instances: no healthy copy hides one that has ended."""

from dataclasses import replace

import pytest

from sre_space.ports.runtime import State, Unit, by_name, representative

WELL = Unit("web", "running", "1:1", 1, 0, None, instance="web-1")
OTHER = replace(WELL, incarnation="2:1", instance="web-2")


@pytest.mark.parametrize("state", ["fatal", "exited", "stopped", "unknown", "starting"])
@pytest.mark.parametrize("turned", [False, True])
def test_the_instance_in_the_worst_state_stands_for_the_unit(state: State, turned: bool) -> None:
    bad = replace(OTHER, state=state)

    assert representative([bad, WELL] if turned else [WELL, bad]) == bad


def test_among_equals_it_is_the_first_by_name_so_that_a_decision_stays_with_one() -> None:
    assert representative([OTHER, WELL]) == representative([WELL, OTHER]) == WELL


def test_each_unit_is_read_once_by_its_name() -> None:
    dead, shop = replace(OTHER, state="exited"), Unit("shop", "running", "3:1", 3, 0, None)

    assert by_name([dead, shop, WELL]) == {"web": dead, "shop": shop}
    assert by_name([]) == {}
