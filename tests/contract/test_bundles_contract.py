"""What every shelf of bundles keeps to: equal names for equal files, nothing altered, bounded.

Stories that take a folder are about files: their rights, their room, their format.
"""

import os
import re
import stat
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.doubles import ADAPTER, BOTH
from support.evidence import Shelf

from sre_space.adapters.bundle_folder import BundleFolder, pack, unpack
from sre_space.domain.errors import Malformed, Missing
from sre_space.ports.bundles import Bundles

FILES = {"incident/traces.jaeger.json": b'{"data": []}', "baseline-1/logs.jsonl": b"", "incident/alert.json": b"\x00"}
PATHS = st.text("abcdefghijklmnopqrstuvwxyz-.", min_size=1, max_size=20).filter(lambda name: name.strip("."))


@pytest.fixture(params=BOTH)
def bundles(request: pytest.FixtureRequest, tmp_path: Path) -> Bundles:
    """Return the bundles in a folder, or those in memory that tests of agents use."""
    return BundleFolder(tmp_path / "bundles") if request.param == ADAPTER else Shelf()


def alter(bundles: Bundles, name: str, files: Mapping[str, bytes]) -> None:
    """Somebody puts other files in a bundle's place."""
    if isinstance(bundles, Shelf):
        bundles.kept[name] = files
        return
    assert isinstance(bundles, BundleFolder)
    (bundles.folder / f"{name}.tar.gz").write_bytes(pack(files))


async def test_what_was_kept_comes_back(bundles: Bundles) -> None:
    assert await bundles.load(await bundles.keep(FILES)) == FILES


async def test_equal_files_have_one_name_and_other_files_another(bundles: Bundles) -> None:
    again = dict(reversed(FILES.items()))

    assert await bundles.keep(FILES) == await bundles.keep(again)
    assert await bundles.keep(FILES) != await bundles.keep({**FILES, "incident/alert.json": b"\x01"})
    assert re.fullmatch("[0-9a-f]{64}", await bundles.keep(FILES))


async def test_a_bundle_stays_as_it_was_kept_whatever_becomes_of_what_it_was_made_of(bundles: Bundles) -> None:
    files = dict(FILES)
    name = await bundles.keep(files)
    files.clear()
    assert await bundles.load(name) == FILES


async def test_an_unknown_name_is_missing(bundles: Bundles) -> None:
    with pytest.raises(Missing):
        await bundles.load("0" * 64)


async def test_an_altered_bundle_is_refused_by_name(bundles: Bundles) -> None:
    name = await bundles.keep(FILES)
    alter(bundles, name, {**FILES, "incident/alert.json": b"forged"})

    with pytest.raises(Malformed, match="was altered"):
        await bundles.load(name)


@pytest.mark.parametrize("name", ["../" * 21 + "x", "", "A" * 64])
async def test_a_name_that_is_no_hash_is_malformed(bundles: Bundles, name: str) -> None:
    with pytest.raises(Malformed, match="names no bundle"):
        await bundles.load(name)


async def test_only_this_user_reads_a_bundle(tmp_path: Path) -> None:
    folder = BundleFolder(tmp_path / "bundles")
    path = tmp_path / "bundles" / f"{await folder.keep(FILES)}.tar.gz"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == [path.name]


async def test_the_oldest_bundles_are_forgotten(tmp_path: Path) -> None:
    folder = BundleFolder(tmp_path, kept_days=90)
    names = []
    for days in (91, 89, 1):
        names.append(await folder.keep({"incident/alert.json": bytes([days])}))
        then = time.time() - days * 86_400
        os.utime(tmp_path / f"{names[-1]}.tar.gz", (then, then))
    await folder.keep({"incident/alert.json": b"new"})

    with pytest.raises(Missing, match="is gone: bundles are kept for 90 days, at most 2000 MB of them"):
        await folder.load(names[0])
    assert await folder.load(names[1])
    assert len(list(tmp_path.iterdir())) == 3


async def test_bundles_that_are_too_large_together_are_forgotten_but_never_the_newest(tmp_path: Path) -> None:
    folder = BundleFolder(tmp_path, max_total_bytes=1)
    old = await folder.keep(FILES)
    new = await folder.keep({"incident/alert.json": os.urandom(1000)})

    assert await folder.load(new)
    with pytest.raises(Missing):
        await folder.load(old)


@given(st.dictionaries(PATHS, st.binary(max_size=500), max_size=6))
def test_an_archive_holds_exactly_what_was_packed(files: dict[str, bytes]) -> None:
    assert unpack(pack(files)) == files
    assert pack(files) == pack(dict(reversed(files.items())))


@given(st.binary(max_size=300))
def test_bytes_that_are_no_archive_are_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        unpack(content)
