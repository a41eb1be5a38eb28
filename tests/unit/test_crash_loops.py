"""A process that cannot start: it waits longer each time, `status` tells it, and a person is called once."""

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.planned import planned, table

from sre_embedded.launcher import Launch, environment_of
from sre_embedded.space.environment import TokenSetup, write_environments
from sre_space.bootstrap.space.crash_watch import CrashWatch, crash_loops, last_line
from sre_space.bootstrap.space.state import SpaceState
from sre_space.bootstrap.space.supervisor import UnitState
from sre_space.cli.views import crash_loop, processes
from sre_space.loop.stalls import SeenOnce
from sre_space.ports.notifier import Note, Notifier
from sre_space.starts import MAX_PAUSE_S, MAX_SHORT_RUNS, PAUSE_S, SHORT_RUN_S, Starts


class Called(Notifier):
    """Keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    def notify(self, note: Note) -> None:
        self.notes.append(note)


@pytest.fixture
def state(tmp_path: Path) -> SpaceState:
    found = SpaceState(tmp_path / "state")
    found.make()
    return found


def started(state: SpaceState, unit: str, starts: Starts, age_s: float = 0) -> None:
    """Write the launcher's note on the starts of a unit that began `age_s` ago."""
    path = state.run / "env" / f"{unit}.started"
    path.write_text(f"{starts.count} {starts.short}\n")
    os.utime(path, (time.time() - age_s,) * 2)


@given(st.lists(st.floats(0, 100), max_size=60))
def test_the_pause_doubles_with_short_lives_alone_and_has_a_bound(lives: Sequence[float]) -> None:
    starts, short = Starts().next(SHORT_RUN_S), 0
    assert (starts.count, starts.pause_s) == (1, PAUSE_S)
    for number, life in enumerate(lives, 2):
        starts, short = starts.next(life), short + 1 if life < SHORT_RUN_S else 0
        assert (starts.count, starts.short) == (number, short)
        assert PAUSE_S <= starts.pause_s == min(MAX_PAUSE_S, PAUSE_S * 2 ** max(0, short - MAX_SHORT_RUNS))


def test_who_is_called_for_what_cannot_start_is_called_once_until_it_has_lived(state: SpaceState) -> None:
    called = Called()
    watch = CrashWatch(state, called, excluded=("warden",))
    state.log("scout").write_text("a\nscout: SRE_SPACE_CHART: line 3 is wrong\n\n")
    started(state, "scout", Starts(5, MAX_SHORT_RUNS))
    started(state, "warden", Starts(9, 9))
    watch.check()
    assert not called.notes

    for count in (6, 7, 8):
        started(state, "scout", Starts(count, count - 2))
        watch.check()
    (note,) = called.notes
    assert note.title == "scout cannot start"
    assert "scout has started 6 times" in note.text
    assert "scout: SRE_SPACE_CHART: line 3 is wrong" in note.text
    assert "sre-space logs scout" in note.text

    started(state, "scout", Starts(8, 6), age_s=MAX_PAUSE_S + SHORT_RUN_S + 1)
    watch.check()
    assert not crash_loops(state, ("scout",))
    started(state, "scout", Starts(12, 9))
    watch.check()
    assert len(called.notes) == 2


def test_for_a_held_service_somebody_is_called_once_it_is_held_no_more(state: SpaceState) -> None:
    called = Called()
    watch = CrashWatch(state, called)
    for unit in ("policy-service", "user-service"):
        started(state, unit, Starts(9, 9))
    watch.check({"policy-service"})
    assert [note.title for note in called.notes] == ["user-service cannot start"]
    assert [loop.unit for loop in watch.news()] == ["policy-service"]

    watch.check()
    watch.check()
    assert [note.title for note in called.notes] == ["user-service cannot start", "policy-service cannot start"]


def test_of_four_agents_one_calls_and_another_one_when_it_is_down(state: SpaceState) -> None:
    called, calls, clock = Called(), SeenOnce(), [0.0]
    fixer, scout, brain = (
        CrashWatch(state, called, patience_s=patience_s, calls=calls, clock=lambda: clock[0])
        for patience_s in (0.0, 10.0, 20.0)
    )
    started(state, "policy-service", Starts(9, 9))
    fixer.check()
    for clock[0] in (1.0, 15.0, 30.0):
        scout.check()
        brain.check()
    assert [note.title for note in called.notes] == ["policy-service cannot start"]

    started(state, "user-service", Starts(9, 9))
    for seconds in range(9):  # Fixer is down
        clock[0] = 40.0 + seconds
        scout.check()
        brain.check()
    assert len(called.notes) == 1
    clock[0] = 51.0
    scout.check()
    clock[0] = 70.0
    for watch in (scout, brain, fixer):
        watch.check()
    assert [note.title for note in called.notes] == ["policy-service cannot start", "user-service cannot start"]


def test_a_crash_loop_has_one_name_and_another_one_has_another(state: SpaceState) -> None:
    def name(starts: Starts) -> str:
        started(state, "bus", starts)
        return crash_loops(state)[0].name

    environment = state.run / "env" / "bus.env"
    environment.touch()
    first = name(Starts(9, 8))
    assert name(Starts(10, 9)) == first
    assert name(Starts(20, 9)) != first
    os.utime(environment, (1, 1))  # the space was started anew
    assert name(Starts(9, 8)) != first


async def test_in_its_rounds_it_asks_who_is_held_and_calls_for_the_others(state: SpaceState) -> None:
    called = Called()

    async def held() -> set[str]:
        return {"policy-service"}

    for unit in ("policy-service", "user-service"):
        started(state, unit, Starts(9, 9))
    watching = asyncio.create_task(CrashWatch(state, called, held=held).watch_forever())
    async with asyncio.timeout(10):
        while not called.notes:
            await asyncio.sleep(0.01)
    watching.cancel()

    assert [note.title for note in called.notes] == ["user-service cannot start"]


def test_the_warden_itself_is_watched_by_another(state: SpaceState) -> None:
    called = Called()
    watch = CrashWatch(state, called, units=("warden",))
    started(state, "warden", Starts(9, 9))
    started(state, "scout", Starts(9, 9))
    watch.check()

    assert [note.title for note in called.notes] == ["warden cannot start"]


def test_status_tells_how_often_it_started_and_what_it_said(state: SpaceState) -> None:
    started(state, "bus", Starts(9, 8))
    state.log("bus").write_bytes(b"\xff\xfe\nbus: port 1 is in use\n")
    (loop,) = crash_loops(state)

    process_table = processes([UnitState("bus", "RUNNING", 7, 0), UnitState("brain", "RUNNING", 8, 0)], [loop])

    assert list(process_table.columns[1].cells) == ["cannot start", "running"]
    assert crash_loop(loop) == "bus has started 9 times and ended each time; its log ends with: bus: port 1 is in use"
    assert last_line(state.log("nobody")) == ""
    assert last_line(state.root) == ""


def test_the_launcher_takes_what_up_writes_and_nothing_that_was_cut_off(tmp_path: Path) -> None:
    plan = planned(tmp_path / "state")
    plan.state.make()
    units = [one for one in table(plan) if one.name in ("bus", "quote-service")]
    write_environments(plan, tuple(units), TokenSetup({}, {}))
    for unit in units:
        path = plan.state.run / "env" / f"{unit.name}.env"
        text = path.read_text()
        launch = Launch(unit.name, None, ("x",))
        assert environment_of(plan.state.root, launch)["SRE_SPACE_UNIT"] == f"{unit.name}@{plan.state.mark}"
        assert text.splitlines()[-1].startswith("SRE_SPACE_UNIT=")
        for cut in range(0, len(text) - 1, 7):
            path.write_text(text[:cut])
            with pytest.raises(Exception, match=r"run `sre-space down`|is not NAME=value"):
                environment_of(plan.state.root, launch)
