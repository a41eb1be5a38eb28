"""Query strings of Jaeger's API: Go's durations and numbers, and nothing that breaks the server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from sre_embedded.servers.telemetry.trace_query import BITS_64, TraceQuery, duration_ns, integer
from sre_space.domain.errors import Malformed

NOW = 1_800_000_000 * 10**9
PARAMETERS = ("service", "operation", "start", "end", "limit", "minDuration", "maxDuration", "tag", "tags", "traceID")


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("", 0), ("0", 0), ("1ns", 1), ("1us", 1000), ("1µs", 1000), ("1μs", 1000), ("1.5ms", 1_500_000),
        (".5s", 500_000_000), ("5.s", 5 * 10**9), ("1h2m3.5s", 3_723_500_000_000), ("-1s", -(10**9)), ("+1s", 10**9),
        (f"{BITS_64}ns", BITS_64),
    ],
)  # fmt: skip
def test_a_duration_is_read_as_go_reads_it(text: str, ns: int) -> None:
    assert duration_ns(QueryParams({"d": text}), "d") == ns


@pytest.mark.parametrize(
    "text", ["5", "1s1", "1 s", "1S", "s", ".s", "-", "+-1s", f"{BITS_64 + 1}ns", "99999999h", "１s"]
)
def test_what_go_does_not_read_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match="'d'"):
        duration_ns(QueryParams({"d": text}), "d")


@pytest.mark.parametrize("text", ["1.0", " 5", "1_0", "x", "0x1", "９", str(BITS_64 + 1), "9" * 5000])
def test_what_is_no_number_of_64_bits_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match="'n'"):
        integer(QueryParams({"n": text}), "n", 0)


def test_the_first_of_several_values_counts_and_tags_add_up() -> None:
    pairs = [("service", "a"), ("service", "b"), ("tag", "k:v:w"), ("tags", '{"j": "x"}'), ("tags", '{"i": "y"}')]
    query = TraceQuery.read(QueryParams(pairs), NOW)

    assert query.service == "a"
    assert query.tags == {("k", "v:w"), ("j", "x"), ("i", "y")}


@given(st.lists(st.tuples(st.sampled_from(PARAMETERS), st.text(max_size=25) | st.integers().map(str)), max_size=8))
def test_any_query_is_read_or_malformed_and_its_numbers_fit_into_sqlite(pairs: list[tuple[str, str]]) -> None:
    try:
        query = TraceQuery.read(QueryParams(pairs), NOW)
    except Malformed:
        return
    assert all(
        abs(one) <= BITS_64
        for one in (query.since, query.until, query.min_duration_ns, query.max_duration_ns, query.limit)
    )
