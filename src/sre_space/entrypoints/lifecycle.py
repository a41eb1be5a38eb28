"""`sre-space up`, `down` and `status`: the life of a space on this machine."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sre_space.bootstrap import crash_watch, space, space_supervisor
from sre_space.bootstrap.exits import INTERRUPTED
from sre_space.bootstrap.operator import room_of
from sre_space.bootstrap.space_env import Plan
from sre_space.bootstrap.space_ports import Ports
from sre_space.bootstrap.space_state import State, running_space
from sre_space.domain.errors import Malformed
from sre_space.entrypoints import looking
from sre_space.entrypoints.asking import asked
from sre_space.entrypoints.screen import err, out, progress
from sre_space.wire.addresses import repository_part


def up(state: Path, ports: str, chart: Path | None, dry_run: bool) -> None:
    """Start the space and leave it running."""
    plan = replace(plan_of(state, ports, chart), dry_run=dry_run)
    begun = time.monotonic()
    with ended_when_stopped():
        space.up(plan, progress)
    out.print(f"The space is up after {time.monotonic() - begun:.0f} s; state in {plan.state.root}", markup=False)
    out.print(f"quotes   http://127.0.0.1:{plan.ports.quote_service_port}/docs")
    out.print(f"traces   http://127.0.0.1:{plan.ports.jaeger_port}/api/services")
    out.print("break it: python trigger_chaos.py kill     watch it: sre-space incidents")


def down(state: Path) -> None:
    """End the space."""
    out.print("the space is down" if space.down(State(state), progress) else "no space was running")


def status(state: Path) -> None:
    """Show processes, disk, journeys, open incidents, and a halt."""
    folder = State(state)
    running = running_space(folder)
    units, loops = space_supervisor.units(running.socket), crash_watch.looping(folder)
    out.print(looking.processes(units, loops))
    for loop in loops:
        out.print(looking.crash_loop(loop), markup=False, highlight=False)
    out.print(f"disk: {room_of(folder)}", highlight=False)
    out.print(asked(state, looking.vital_signs), markup=False, highlight=False)
    if folder.halt.exists():
        out.print("halted: no action is taken until `sre-space resume`")


@contextlib.contextmanager
def ended_when_stopped() -> Iterator[None]:
    """Who is interrupted while he starts a space has ended it: say so."""
    try:
        yield
    except KeyboardInterrupt:
        err.print("sre-space: stopped; nothing is left running", markup=False, highlight=False)
        sys.exit(INTERRUPTED)


def plan_of(state: Path, ports: str, chart: Path | None) -> Plan:
    """What to start, from the options."""
    numbers = Ports.free_block() if ports == "free" else Ports.from_environment(os.environ)
    owner, repo = _named("REPO_OWNER", "local"), _named("REPO_NAME", "cloud-insurance")
    return Plan(State(state), numbers, (chart or space.checkout_chart()).resolve(), owner, repo)


def _named(variable: str, default: str) -> str:
    """A part of a repository's name, which is a folder too."""
    try:
        return repository_part(os.environ.get(variable) or default)
    except ValueError as error:
        raise Malformed(f"{variable}: {error}") from error
