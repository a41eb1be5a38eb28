"""Sketches: exact merges, bounded errors, constant space."""

from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.traffic_model import sketch_of

from sre_space.analysis.statistics.sketch import (
    EXEMPLARS,
    MAX_BUCKET,
    MAX_DURATION_NS,
    MIN_BUCKET,
    MIN_DURATION_NS,
    RELATIVE_ERROR,
    Durations,
    Sketch,
    examples_of,
)

Span = tuple[int, bool, bytes]

SPANS = st.lists(
    st.tuples(st.integers(0, 2**63), st.booleans(), st.integers(0, 20).map(lambda number: number.to_bytes(16, "big"))),
    max_size=40,
)
MEASURABLE = st.lists(st.integers(MIN_DURATION_NS, MAX_DURATION_NS), min_size=1, max_size=200)


def sketch(spans: list[Span]) -> Sketch:
    one = Sketch()
    for span in spans:
        one.add(*span)
    return one


def merged(*parts: Sketch) -> Sketch:
    whole = Sketch()
    for part in parts:
        whole.merge(part)
    return whole


@given(SPANS, SPANS)
def test_sketches_of_parts_merge_to_the_sketch_of_the_whole(one: list[Span], other: list[Span]) -> None:
    assert merged(sketch(one), sketch(other)) == sketch(one + other)


@given(SPANS, SPANS, SPANS)
def test_the_order_and_the_grouping_of_merges_do_not_matter(a: list[Span], b: list[Span], c: list[Span]) -> None:
    one, other, third = sketch(a), sketch(b), sketch(c)

    assert merged(one, merged(other, third)) == merged(merged(one, other), third) == merged(third, other, one)


@given(SPANS, SPANS, SPANS)
def test_the_examples_of_parts_are_those_of_the_whole(a: list[Span], b: list[Span], c: list[Span]) -> None:
    parts = [sketch(a), sketch(b), sketch(c)]
    whole = merged(*parts)

    assert examples_of(parts) == Sketch(slowest=whole.slowest, failed=whole.failed)


@given(SPANS)
def test_merging_nothing_changes_nothing(spans: list[Span]) -> None:
    assert merged(sketch(spans), Sketch()) == sketch(spans)


@given(SPANS, SPANS)
def test_a_merge_is_undone_exactly(kept: list[Span], expired: list[Span]) -> None:
    durations = sketch(kept + expired).durations
    durations.remove(sketch(expired).durations)

    assert durations == sketch(kept).durations


@given(MEASURABLE, st.floats(0, 1))
def test_a_quantile_is_within_two_per_cent_of_the_true_one(values: list[int], share: float) -> None:
    durations = Durations()
    for value in values:
        durations.add(value)
    true = sorted(values)[floor(share * (len(values) - 1))]

    assert abs(durations.quantile(share) - true) <= true * (RELATIVE_ERROR + 1e-9)


@given(MEASURABLE, st.floats(0, 1))
def test_what_lies_above_a_quantile_is_counted_exactly(values: list[int], share: float) -> None:
    durations = Durations()
    for value in values:
        durations.add(value)
    bucket = durations.bucket_at(share)

    assert durations.above(bucket) <= (1 - share) * len(values) + 1
    assert durations.above(bucket) == sum(n for at, n in durations.buckets.items() if at > bucket)


def test_nothing_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Durations().bucket_at(0.5)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=2000))
def test_the_state_does_not_grow_with_the_number_of_spans(values: list[int]) -> None:
    one = sketch([(value, value % 2 == 0, value.to_bytes(16, "big")) for value in values])

    assert len(one.durations.buckets) <= MAX_BUCKET - MIN_BUCKET + 1 == 461
    assert max(len(one.slowest), len(one.failed)) <= EXEMPLARS
    assert one.count == len(values)


def test_the_exemplars_are_the_slowest_traces_and_a_sample_of_the_failed_ones() -> None:
    ids = [bytes([number] * 16) for number in range(9)]
    one = sketch([(100 + number, number >= 4, ids[number]) for number in range(9)])

    assert [exemplar.trace_id for exemplar in one.slowest] == [ids[8], ids[7], ids[6]]
    assert [exemplar.trace_id for exemplar in one.failed] == [ids[4], ids[5], ids[6]]


@given(st.lists(st.tuples(st.integers(0, 10**13), st.booleans()), min_size=1, max_size=50))
def test_the_generated_patient_makes_the_same_sketches(spans: list[tuple[int, bool]]) -> None:
    durations, failed = np.array([duration for duration, _ in spans], float), np.array([bad for _, bad in spans])
    drawn = sketch_of(durations, failed, np.random.default_rng(1))
    added = sketch([(duration, bad, b"") for duration, bad in spans])

    assert (drawn.durations, drawn.errors) == (added.durations, added.errors)
