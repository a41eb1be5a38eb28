"""More or fewer customers: the traffic generator reads its demand again on SIGHUP."""

from collections.abc import Callable, Mapping

from sre_chaos.errors import NoTarget
from sre_chaos.run import Hit, Run


def customers(per_second: float) -> Callable[[Run], Hit]:
    """Return an injector that sets the rate of customers."""

    def inject(run: Run) -> Hit:
        if not run.space.runtime.living(run.service):
            raise NoTarget(f"{run.service} does not run; there is nothing to hit")
        run.space.demand.ask_for(per_second)
        run.space.runtime.reload(run.service)
        return Hit()

    return inject


def restore_demand(run: Run, _: Mapping[str, str | int]) -> None:
    """Restore the usual rate of customers."""
    run.space.demand.restore()
    if run.space.runtime.living(run.service):
        run.space.runtime.reload(run.service)
