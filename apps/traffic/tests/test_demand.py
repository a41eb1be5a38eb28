"""How many customers come: the usual number, unless a demand file says another."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traffic.demand import parse, per_second
from traffic.settings import MAX_PER_SECOND, Settings


def settings(file: Path | None) -> Settings:
    return Settings(traffic_journeys_per_second=5.0, traffic_demand_file=file)


def test_without_a_demand_file_as_many_come_as_usual(tmp_path: Path) -> None:
    assert per_second(settings(None)) == per_second(settings(tmp_path / "none.env")) == 5.0


def test_a_demand_file_is_followed_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "demand.env"
    for number in (20.0, 0.1):
        path.write_text(f"TRAFFIC_JOURNEYS_PER_SECOND={number}\n")

        assert per_second(settings(path)) == number


def test_a_demand_that_makes_no_sense_is_said_and_not_followed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "demand.env"
    path.write_text("TRAFFIC_JOURNEYS_PER_SECOND=many\n")

    with caplog.at_level(logging.WARNING):
        assert per_second(settings(path)) == 5.0

    assert "the usual rate of customers is kept" in caplog.text


@given(st.text() | st.floats().map(lambda number: f"TRAFFIC_JOURNEYS_PER_SECOND={number}"))
def test_any_text_is_a_number_in_range_or_none(text: str) -> None:
    number = parse(text)

    assert number is None or 0 < number <= MAX_PER_SECOND
