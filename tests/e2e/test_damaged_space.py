"""A small space whose files are damaged while it runs."""

import json
from collections.abc import Iterator

import pytest
from support.damage import Damage, damage_file
from support.live import LiveSpace, start
from support.waiting import until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSpace]:
    """Yield a space of two processes: the network and the warden."""
    live = start(tmp_path_factory.mktemp("small"), ("network", "warden"))
    yield live
    live.down()


@pytest.mark.parametrize("damage", [Damage.EMPTY, Damage.FOLDER])
def test_a_space_whose_record_is_damaged_is_known_and_is_not_started_twice(small: LiveSpace, damage: Damage) -> None:
    record = small.state.run / "space.json"
    before = json.loads(record.read_text())
    damage_file(record, damage)

    refused = small.command("up")

    assert refused.returncode == 1
    assert "a space is already running in" in refused.stderr
    assert json.loads(record.read_text())["pid"] == before["pid"] == small.running.pid
    assert small.running.alive


def test_a_process_that_cannot_start_is_told_by_status_and_a_person_is_called(small: LiveSpace) -> None:
    key = small.state.network_key
    key.write_text("")
    small.kill("network")

    asked = "a person is asked: network cannot start"
    until(lambda: asked in small.state.log("warden").read_text(), "the warden calls")

    units = small.state.log("warden").read_text()
    assert "is damaged; `sre-space up` makes it anew" in units
    table = small.command("status").stdout
    assert "cannot start" in table
    assert "network has started" in table
