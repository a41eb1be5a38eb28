"""The parts of a matrix of tests are together the whole, and none is twice in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.shards import left_out, part_of


@given(st.lists(st.integers(), unique=True), st.integers(1, 20))
def test_the_parts_are_the_whole_and_differ_in_size_by_one_at_most(whole: list[int], of: int) -> None:
    parts = [part_of(whole, f"{number}/{of}") for number in range(1, of + 1)]

    assert sorted(one for part in parts for one in part) == sorted(whole)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert part_of(whole, "") == whole


@pytest.mark.parametrize("shard", ["0/12", "13/12", "1", "/", "1/", "a/b", "-1/2", "1/0", "1/2/3"])
def test_what_is_no_part_is_named_with_its_setting(shard: str) -> None:
    with pytest.raises(ValueError, match=r"^KILL_SHARD: .* is no part of a matrix; give its number"):
        left_out({"kill": [1, 2, 3]}, {"KILL_SHARD": shard})


def test_each_matrix_has_its_own_setting() -> None:
    matrices = {"kill": ["a", "b", "c"], "adversity": ["x", "y"]}

    assert left_out(matrices, {}) == []
    assert left_out(matrices, {"KILL_SHARD": "1/2"}) == ["b"]
    assert left_out(matrices, {"KILL_SHARD": "2/2", "ADVERSITY_SHARD": "2/2"}) == ["a", "c", "x"]
