"""More or fewer customers: the traffic generator reads its demand file again on SIGHUP."""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from sre_chaos.run import Hit, Run
from sre_chaos.runtime import NoTarget

KEY = "TRAFFIC_JOURNEYS_PER_SECOND"


def customers(per_second: float) -> Callable[[Run], Hit]:
    """Return an injector that sets the rate of customers."""

    def inject(run: Run) -> Hit:
        run.space.runtime.pid(run.service)
        path = _file(run)
        beside = path.with_suffix(".new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(f"{KEY}={per_second:g}\n")
        beside.replace(path)
        run.space.runtime.signal(run.service, signal.SIGHUP)
        return Hit()

    return inject


def restore_demand(run: Run, _: Mapping[str, str | int]) -> None:
    """Restore the usual rate of customers."""
    _file(run).unlink(missing_ok=True)
    if run.space.runtime.living(run.service):
        run.space.runtime.signal(run.service, signal.SIGHUP)


def _file(run: Run) -> Path:
    folder = run.space.state / "apps"
    if not folder.is_dir():
        raise NoTarget(f"{folder} is missing; the space has no customers")
    return folder / "demand.env"
