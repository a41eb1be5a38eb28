"""At a terminal the demonstration leaves its space up until Enter, for a look at the dashboard; elsewhere it ends."""

import io
import os
import pty
import sys
from pathlib import Path

import pytest
from rich.console import Console
from support.planned import planned

from sre_embedded.cli.demo import await_enter


def test_at_a_terminal_it_waits_for_enter_and_says_where_the_dashboard_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader, follower = pty.openpty()
    told, plan = io.StringIO(), planned(tmp_path)
    os.write(leader, b"\nnot read")
    with os.fdopen(follower) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        await_enter(Console(file=told, force_terminal=True, width=200), plan)
    os.close(leader)

    assert f"{plan.dashboard} shows the incident. Press Enter to stop it." in told.getvalue()


def test_elsewhere_it_waits_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO("not read"))

    await_enter(Console(file=told, force_terminal=True), planned(tmp_path))

    assert told.getvalue() == ""
