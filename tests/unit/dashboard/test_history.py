"""What is kept of the reports: per second and per minute, with gaps as gaps, over a restart of the dashboard."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.dashboards import AFTER, JOURNEY, SERVICES, healthy, said
from support.world import SECOND

from sre_space.adapters.block_database import BlockDatabase
from sre_space.dashboard.history.columns import Wanted, columns
from sre_space.dashboard.history.recorder import Recorder
from sre_space.domain.detectors import JourneyReport

BEGIN = AFTER - AFTER % (3600 * SECOND)
OF = f"journey/{JOURNEY}"


def fed(recorder: Recorder, first: int, last: int, blind: bool = False, since: int = BEGIN) -> None:
    """Give a report for each second in [first, last) after BEGIN: ten attempts a second, one of them bad."""
    for second in range(first, last):
        at = BEGIN + second * SECOND
        journey = JourneyReport(JOURNEY, since, 9 * second, second, 4 * second, 2 * second)
        recorder.take(said(at, replace(healthy(at), journeys=(journey,)), blind))


async def shown(recorder: Recorder, first: int, last: int, points: int = 600) -> dict[str, tuple[float | None, ...]]:
    second, now = BEGIN // SECOND, BEGIN // SECOND + last
    wanted = Wanted(OF, second + first, second + last, points)
    return (await columns(recorder.blocks, recorder.unstored(OF), wanted, now)).lines


async def test_each_second_has_its_increment_and_a_missing_one_is_a_gap(tmp_path: Path) -> None:
    recorder = Recorder(BlockDatabase(tmp_path / "history.db"))
    fed(recorder, 0, 5)
    fed(recorder, 20, 23)
    lines = await shown(recorder, 0, 23)

    assert lines["good"] == (None, 9, 9, 9, 9, *[None] * 16, 9, 9)
    assert lines["value"][4:6] == (0.61, None)
    await recorder.blocks.close()


async def test_gaps_say_whether_scout_was_blind_or_unheard(tmp_path: Path) -> None:
    recorder = Recorder(BlockDatabase(tmp_path / "history.db"))
    fed(recorder, 0, 3)
    fed(recorder, 3, 6, blind=True)
    second = BEGIN // SECOND
    found = await columns(recorder.blocks, recorder.unstored(OF), Wanted(OF, second, second + 9, 600), second + 9)

    assert [(gap.why, gap.until - gap.since) for gap in found.gaps] == [("blind", 3000), ("none", 3000)]
    assert found.lines["value"][:7] == (0.61, 0.61, 0.61, None, None, None, None)
    await recorder.blocks.close()


async def test_it_goes_on_after_a_restart_and_what_was_missed_is_a_gap(tmp_path: Path) -> None:
    first = Recorder(BlockDatabase(tmp_path / "history.db"))
    fed(first, 0, 90)
    await first.store(BEGIN + 90 * SECOND)
    await first.blocks.close()
    second = Recorder(BlockDatabase(tmp_path / "history.db"))
    await second.resume(BEGIN + 100 * SECOND)
    fed(second, 100, 110)
    await second.store(BEGIN + 110 * SECOND)
    lines = await shown(second, 80, 110)

    assert lines["bad"] == (*[1] * 10, *[None] * 11, *[1] * 9)
    counted = second.counted(JOURNEY, BEGIN, BEGIN + 110 * SECOND)
    assert counted is not None
    assert (counted.good, counted.bad, counted.since) == (9 * 98, 98, BEGIN + SECOND)
    await second.blocks.close()


async def test_minutes_add_counts_up_and_average_all_else(tmp_path: Path) -> None:
    recorder = Recorder(BlockDatabase(tmp_path / "history.db"))
    fed(recorder, 0, 600)
    await recorder.store(BEGIN + 600 * SECOND)
    second = BEGIN // SECOND
    later = second + 3 * 86_400
    found = await columns(recorder.blocks, [], Wanted(OF, second, second + 600, 600), later)

    assert found.step == 60
    assert found.lines["good"][1:] == (540,) * 9
    assert found.lines["value"][0] == pytest.approx(0.61)
    await recorder.blocks.close()


async def test_another_scout_begins_its_counts_anew(tmp_path: Path) -> None:
    recorder = Recorder(BlockDatabase(tmp_path / "history.db"))
    fed(recorder, 0, 5)
    fed(recorder, 5, 8, since=BEGIN + 5 * SECOND)
    counted = recorder.counted(JOURNEY, BEGIN, BEGIN + 10 * SECOND)

    assert counted is not None
    assert counted.bad == 4 + 2
    await recorder.blocks.close()


async def test_a_sparkline_has_gaps_too(tmp_path: Path) -> None:
    recorder = Recorder(BlockDatabase(tmp_path / "history.db"))
    fed(recorder, 0, 20)
    fed(recorder, 40, 50)
    spark = recorder.sparklines(BEGIN + 49 * SECOND)[SERVICES[0]]

    assert spark.rate[-5:] == (12.0, 12.0, None, None, 12.0)
    assert len(spark.rate) == 60
    await recorder.blocks.close()


async def test_what_is_kept_stays_bounded(tmp_path: Path) -> None:
    """Of a day of one journey and three services, an hour of seconds and a day of minutes are kept."""
    recorder = Recorder(BlockDatabase(tmp_path / "history.db"))
    for hour in range(24):
        fed(recorder, hour * 3600, hour * 3600 + 70)
        await recorder.store(BEGIN + (hour * 3600 + 70) * SECOND)
    seconds = await recorder.blocks.read(OF, 1, 0, 10**11)
    minutes = await recorder.blocks.read(OF, 60, 0, 10**11)

    assert len(minutes) == 24
    assert {block.start // 3600 for block in seconds} <= {(BEGIN // SECOND) // 3600 + hour for hour in (22, 23)}
    await recorder.blocks.close()
