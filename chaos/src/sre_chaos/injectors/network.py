"""A slow network: the link in front of a service delays every byte, in both directions."""

from collections.abc import Mapping

from sre_chaos.run import Hit, Run

DELAY_MS = 400


def slow(run: Run) -> Hit:
    """Delay the link to the service."""
    run.space.network.delay(run.service, DELAY_MS)
    return Hit()


def restore_speed(run: Run, _: Mapping[str, str | int]) -> None:
    """Remove the delay."""
    run.space.network.delay(run.service, 0)
