"""The contract of `ports.blocks.Blocks`: the dashboard's history outlives a restart and stays bounded."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sre_space.adapters.block_database import BlockDatabase
from sre_space.domain.errors import Unavailable
from sre_space.ports.blocks import Blocks, StoredBlock


def block(start: int, values: bytes = b"x", subject: str = "journey/buy", step: int = 1) -> StoredBlock:
    return StoredBlock(subject, step, start, values)


@pytest.fixture
async def blocks(tmp_path: Path) -> AsyncIterator[Blocks]:
    database = BlockDatabase(tmp_path / "dashboard" / "history.db")
    yield database
    await database.close()


async def test_what_was_put_is_read_by_subject_resolution_and_time(blocks: Blocks) -> None:
    await blocks.put([block(60), block(0), block(120), block(0, subject="service/a"), block(0, b"m", step=60)])

    assert [one.start for one in await blocks.read("journey/buy", 1, 0, 120)] == [0, 60]
    assert {one.subject for one in await blocks.at(1, 0)} == {"journey/buy", "service/a"}
    assert await blocks.first("journey/buy") == 0
    assert await blocks.first("journey/none") is None


async def test_a_block_replaces_the_one_in_its_place(blocks: Blocks) -> None:
    await blocks.put([block(0, b"old")])
    await blocks.put([block(0, b"new")])

    assert [one.values for one in await blocks.read("journey/buy", 1, 0, 1)] == [b"new"]


async def test_it_survives_a_restart_and_forgets_what_is_old(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    first = BlockDatabase(path)
    await first.put([block(0), block(60), block(0, step=60)])
    await first.close()
    second = BlockDatabase(path)
    await second.forget(1, 60)

    assert [one.start for one in await second.read("journey/buy", 1, 0, 999)] == [60]
    assert len(await second.read("journey/buy", 60, 0, 999)) == 1
    await second.close()
    await second.close()


async def test_its_size_is_bounded_by_dropping_the_oldest_days(tmp_path: Path) -> None:
    database = BlockDatabase(tmp_path / "history.db", max_bytes=500_000)
    for day in range(20):
        await database.put([block(day * 86_400 + minute, b"x" * 2_000) for minute in range(40)])
    await database.forget(1, 0)
    left = await database.read("journey/buy", 1, 0, 10**9)

    assert left[-1].start == 19 * 86_400 + 39
    assert sum(len(one.values) for one in left) < 500_000
    await database.close()


async def test_a_damaged_file_is_set_aside_and_a_new_one_is_begun(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"this is no database" * 1_000)
    database = BlockDatabase(path)
    with pytest.raises(Unavailable, match="cannot be used"):
        await database.put([block(0)])
    await database.put([block(0)])

    assert len(await database.read("journey/buy", 1, 0, 1)) == 1
    assert list(tmp_path.glob("history.db.damaged-*"))
    await database.close()


async def test_many_ask_at_once(blocks: Blocks) -> None:
    await asyncio.gather(*(blocks.put([block(number)]) for number in range(50)))

    assert len(await blocks.read("journey/buy", 1, 0, 50)) == 50
