"""`sre-space status`: processes, disk, journeys, open incidents, what Scout's detectors say, a halt; also as JSON."""

import json
import sys
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from rich.console import RenderableType

from sre_space.bootstrap.connections import is_elsewhere
from sre_space.bootstrap.operator import Operator, room_of
from sre_space.bootstrap.space import crash_watch
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.crash_watch import Loop
from sre_space.bootstrap.space.state import SpaceState, running_space
from sre_space.bootstrap.space.supervisor import UnitState
from sre_space.cli import detectors, views
from sre_space.cli.queries import asked
from sre_space.cli.screen import out
from sre_space.domain.errors import SpaceError

MINUTE_NS = 60 * 10**9
T = TypeVar("T")


def status(state: Path, as_json: bool) -> None:
    """Print it for people, or as one JSON object; of a space elsewhere only what its servers tell."""
    if as_json:
        _write(state)
    elif is_elsewhere(SpaceState(state)):
        _show_told(state)
    else:
        _show(state)


def _show(state: Path) -> None:
    units, loops = _processes(state)
    out.print(views.processes(units, loops))
    for loop in loops:
        out.print(views.crash_loop(loop), markup=False, highlight=False)
    out.print(f"disk: {room_of(SpaceState(state))}", highlight=False)
    _show_told(state)
    if SpaceState(state).halt.exists():
        out.print("halted: no action is taken until `sre-space resume`")


def _show_told(state: Path) -> None:
    for part in asked(state, _for_people):
        out.print(part, markup=False, highlight=False)


def _write(state: Path) -> None:
    here = {} if is_elsewhere(SpaceState(state)) else _here(state)
    sys.stdout.write(json.dumps({**here, **asked(state, document)}) + "\n")


def _here(state: Path) -> dict[str, object]:
    units, loops = _processes(state)
    return {
        "processes": [asdict(unit) for unit in units],
        "cannot_start": [views.crash_loop(loop) for loop in loops],
        "disk": room_of(SpaceState(state)),
        "halted": SpaceState(state).halt.exists(),
    }


def _processes(state: Path) -> tuple[Sequence[UnitState], Sequence[Loop]]:
    return space_supervisor.units(running_space(SpaceState(state)).socket), crash_watch.looping(SpaceState(state))


async def _for_people(operator: Operator) -> Sequence[RenderableType]:
    now = time.time_ns()
    vital = await views.vital_signs(operator)
    try:
        return [vital, *detectors.shown(await operator.symptom_report(now), now)]
    except SpaceError as error:
        return [vital, f"{detectors.UNKNOWN}{error}"]


async def document(operator: Operator) -> Mapping[str, object]:
    """Return what is asked of the servers; null is what one that is `away` would have told."""
    now = time.time_ns()
    away: list[str] = []
    journey = await _told(operator.journeys(now - MINUTE_NS, now), away)
    cases = await _told(operator.incidents.open_cases(), away)
    symptom_report = await _told(operator.symptom_report(now), away)
    incidents = [{"issue": case.issue, "waits_for": views.waits_for(case)} for case in cases or ()]
    return {
        "journey": asdict(journey) if journey else None,
        "incidents": None if cases is None else incidents,
        "report": detectors.document(symptom_report, now),
        "hindered": operator.hindered(),
        "away": away,
    }


async def _told(answer: Awaitable[T], away: list[str]) -> T | None:
    try:
        return await answer
    except SpaceError as error:
        away.append(str(error))
        return None
