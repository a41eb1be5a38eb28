"""`sre-space up` and `down`: start and stop a space on this machine."""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from sre_embedded.space import lifecycle as space
from sre_embedded.space.plan import plan_of
from sre_space.bootstrap.checkout import checkout_config
from sre_space.bootstrap.space.servers import addresses
from sre_space.bootstrap.space.state import SpaceState
from sre_space.cli.screen import err, out, progress
from sre_space.exits import INTERRUPTED

FAULTS = "trigger_chaos.py"  # the faults of an application, where it has them beside its configuration


def up(state: Path, ports: str, config_path: Path | None, dry_run: bool) -> None:
    """Start the space, leave it running, and print its addresses."""
    plan, environment = plan_of(state, ports == "free", config_path or checkout_config(), dry_run)
    begun = time.monotonic()
    with reporting_interruption(), environment.locating_errors():
        space.up(plan, progress)
    out.print(f"The space is up after {time.monotonic() - begun:.0f} s; state in {plan.state.root}", markup=False)
    pages = {"dashboard": plan.dashboard}
    pages |= {one.name: one.page for one in plan.application if one.page}
    pages["traces"] = f"{addresses(plan.ports.numbers, plan.external)['JAEGER_URL']}/api/services"
    for name, page in pages.items():
        out.print(f"{name:{max(map(len, pages))}}  {page}", markup=False)
    if (plan.checkout / FAULTS).exists():
        out.print("inject a fault:  python3 trigger_chaos.py kill")
    out.print("list incidents:  sre-space incidents")


def down(state: Path) -> None:
    """Stop the space, and print whether one was running."""
    out.print("the space is down" if space.down(SpaceState(state), progress) else "no space was running")


@contextlib.contextmanager
def reporting_interruption() -> Iterator[None]:
    """Report an interrupt, which has stopped the space being started, and exit with INTERRUPTED."""
    try:
        yield
    except KeyboardInterrupt:
        err.print("sre-space: stopped; nothing is left running", markup=False, highlight=False)
        sys.exit(INTERRUPTED)
