"""`sre-space status`: processes, disk, journeys, open incidents, Scout's detectors, a halt; also as JSON."""

import json
import sys
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from rich.console import RenderableType

from sre_space.bootstrap.connections import is_elsewhere
from sre_space.bootstrap.operator import Operator, disk_space_of
from sre_space.bootstrap.space import crash_watch
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.crash_watch import CrashLoop
from sre_space.bootstrap.space.state import SpaceState, running_space
from sre_space.bootstrap.space.supervisor import UnitState
from sre_space.cli import detectors, views
from sre_space.cli.queries import ask_operator
from sre_space.cli.screen import out
from sre_space.domain.errors import SpaceError

MINUTE_NS = 60 * 10**9
T = TypeVar("T")


def status(state: Path, as_json: bool) -> None:
    """Print the status for people or as one JSON object; of a remote space, only what its servers know."""
    if as_json:
        _write(state)
    elif is_elsewhere(SpaceState(state)):
        _show_servers(state)
    else:
        _show(state)


def _show(state: Path) -> None:
    units, loops = _processes(state)
    out.print(views.processes(units, loops))
    for loop in loops:
        out.print(views.crash_loop(loop), markup=False, highlight=False)
    out.print(f"disk: {disk_space_of(SpaceState(state))}", highlight=False)
    _show_servers(state)
    if SpaceState(state).halt.exists():
        out.print("halted: no action is taken until `sre-space resume`")


def _show_servers(state: Path) -> None:
    for part in ask_operator(state, _for_people):
        out.print(part, markup=False, highlight=False)


def _write(state: Path) -> None:
    local_state = {} if is_elsewhere(SpaceState(state)) else _local_state(state)
    sys.stdout.write(json.dumps({**local_state, **ask_operator(state, document)}) + "\n")


def _local_state(state: Path) -> dict[str, object]:
    units, loops = _processes(state)
    return {
        "processes": [asdict(unit) for unit in units],
        "cannot_start": [views.crash_loop(loop) for loop in loops],
        "disk": disk_space_of(SpaceState(state)),
        "halted": SpaceState(state).halt.exists(),
    }


def _processes(state: Path) -> tuple[Sequence[UnitState], Sequence[CrashLoop]]:
    return space_supervisor.units(running_space(SpaceState(state)).socket), crash_watch.crash_loops(SpaceState(state))


async def _for_people(operator: Operator) -> Sequence[RenderableType]:
    now = time.time_ns()
    summary = await views.space_summary(operator)
    try:
        return [summary, *detectors.rendered(await operator.symptom_report(now), now)]
    except SpaceError as error:
        return [summary, f"{detectors.UNKNOWN}{error}"]


async def document(operator: Operator) -> Mapping[str, object]:
    """Return the status that the servers know; null where a server did not answer, whose error is in `away`."""
    now = time.time_ns()
    away: list[str] = []
    journey = await _answer(operator.journeys(now - MINUTE_NS, now), away)
    cases = await _answer(operator.incidents.open_cases(), away)
    symptom_report = await _answer(operator.symptom_report(now), away)
    holds = await _answer(operator.holds.current(), away)
    incidents = [
        {"issue": case.issue, "waits_for": views.waits_for(case, operator, holds or ())} for case in cases or ()
    ]
    return {
        "journey": asdict(journey) if journey else None,
        "incidents": None if cases is None else incidents,
        "holds": None if holds is None else [views.hold_document(hold) for hold in holds],
        "report": detectors.document(symptom_report, now),
        "hindered": operator.hindered(),
        "notices": operator.config.notices,
        "away": away,
    }


async def _answer(answer: Awaitable[T], away: list[str]) -> T | None:
    try:
        return await answer
    except SpaceError as error:
        away += [str(error)] if str(error) not in away else []
        return None
