"""A whole space on a disk that fills up: the application lives on, and what happened is recorded when there is room."""

from pathlib import Path

import pytest
from support.disks import small_disk
from support.live import start
from support.waiting import until

from sre_space.bootstrap.operator import Operator

pytestmark = [pytest.mark.e2e, pytest.mark.long]


async def on_duty(operator: Operator) -> bool:
    """All four agents."""
    return operator.agents_on_duty()


def test_a_service_that_dies_on_a_full_disk_is_recorded_and_restarted_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 300) as disk:
        live = start(disk.root)
        try:
            units = {name: live.pid(name) for name in ("bus", "forge", "quote-service")}
            until(lambda: live.ask(on_duty), "all agents are on duty")
            disk.fill()
            told = f"FULL, nothing is recorded: 0 MB free in {live.state.root}; nothing can be written: No space left"
            assert told in live.command("status").stdout
            live.kill("user-service")
            until(lambda: not live.pid("user-service"), "the service is dead")
            assert live.running.alive
            assert {name: live.pid(name) for name in units} == units
            disk.free()

            case = live.outage("user-service", 0)
            assert case.detection.symptoms[0].service == "user-service"
            until(lambda: live.pid("user-service"), "it is restarted")
            assert (
                until(lambda: [one for one in live.cases() if one.recovered], "it has recovered")[0].issue == case.issue
            )
            assert "disk: " in live.answer("status")
            assert not [path for path in (disk.root / "state" / "logs").iterdir() if b"Traceback" in path.read_bytes()]
        finally:
            live.down()
