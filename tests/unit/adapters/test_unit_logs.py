"""The end of a unit's log is what it wrote last."""

from pathlib import Path

import pytest

from sre_space.adapters.unit_logs import UnitLogs
from sre_space.domain.errors import Missing, Unavailable
from sre_space.paths import StatePaths
from sre_space.ports.unit_output import MAX_OUTPUT

NAMES = {"checkout": "checkout-program"}


async def test_the_newest_bytes_of_the_log_are_returned_and_no_more(tmp_path: Path) -> None:
    state = StatePaths(tmp_path)
    state.logs.mkdir()
    state.log("checkout-program").write_bytes(b"old\n" + b"x" * MAX_OUTPUT + b"\nlast\n")
    written = await UnitLogs(NAMES, state).newest("checkout")

    assert len(written) == MAX_OUTPUT
    assert written.endswith(b"x\nlast\n")
    assert not written.startswith(b"old")


async def test_a_log_that_is_not_there_is_unavailable_and_a_stranger_is_missing(tmp_path: Path) -> None:
    logs = UnitLogs(NAMES, StatePaths(tmp_path))
    with pytest.raises(Unavailable, match=r"checkout-program\.log cannot be read: No such file"):
        await logs.newest("checkout")
    with pytest.raises(Missing, match="no unit 'stranger'"):
        await logs.newest("stranger")
