"""Pauses, hanging servers, wrong clocks, damaged files, a full disk in mid-incident: it goes on, nothing is wrong.

`make test-adversity` runs everything at every step of a restart and of a change, ADVERSITY_SHARD=1/12 a part of it.
"""

import os
import shutil
from collections.abc import Iterator

import pytest
from support.deeds import FAKETIME
from support.disks import small_disk
from support.interruptions import Deed, Interruption, Moment, adversities
from support.kills import interrupted
from support.live import LiveSpace, start
from support.troubles import STORY, BadCommit, Killed

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.adversity,
    pytest.mark.timeout(600),
]

SEED = int(os.environ.get("ADVERSITY_SEED", "1"))
WHOLE = adversities(SEED, [Moment(step) for step in STORY])
MEGABYTES = 500
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: no commits over HTTP")


def _listed(whole: list[Interruption], on_its_own_disk: bool = False) -> list[object]:
    return [_marked(one) for one in whole if (one.deed is Deed.FULL_DISK) is on_its_own_disk]


def _marked(what: Interruption) -> object:
    missing = pytest.mark.skipif(what.deed is Deed.FAST_CLOCK and not FAKETIME, reason="libfaketime is not installed")
    return pytest.param(what, marks=missing, id=str(what))


@pytest.fixture(scope="module")
def on_a_small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSpace]:
    """Yield a space on a small disk of its own, which can become full."""
    with small_disk(tmp_path_factory.mktemp("small") / "disk", MEGABYTES) as disk:
        live = start(disk.root)
        yield live
        live.down()


@pytest.mark.parametrize("what", _listed(WHOLE))
def test_what_befalls_a_process_at_any_step_of_a_restart_costs_time_only(live: LiveSpace, what: Interruption) -> None:
    interrupted(Killed.of(live), what)


@needs_git
@pytest.mark.parametrize("what", _listed(WHOLE))
def test_what_befalls_a_process_at_any_step_of_a_change_costs_time_only(live: LiveSpace, what: Interruption) -> None:
    interrupted(BadCommit.of(live), what)


@pytest.mark.parametrize("what", _listed(WHOLE, on_its_own_disk=True))
def test_a_disk_that_is_full_at_any_step_costs_time_only(on_a_small_disk: LiveSpace, what: Interruption) -> None:
    on_a_small_disk.healthy()
    interrupted(Killed.of(on_a_small_disk), what)
