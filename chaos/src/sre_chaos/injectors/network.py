"""A slow network: the link in front of a service delays every byte, in both directions."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path

from sre_chaos.run import Hit, Run
from sre_chaos.runtime import NoTarget

DELAY_MS = 400
ANSWERS_WITHIN_S = 5.0


def slow(run: Run) -> Hit:
    """Delay the link to the service."""
    _order(run, DELAY_MS)
    return Hit()


def restore_speed(run: Run, _: Mapping[str, str | int]) -> None:
    """Remove the delay."""
    _order(run, 0)


def _order(run: Run, delay_ms: int) -> None:
    """Send one order to the network process, authenticated by the space's secret."""
    address = Path(run.space.runtime.path).with_name("network.sock")
    try:
        secret = (run.space.state / "keys" / "network.key").read_text()
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(ANSWERS_WITHIN_S)
            control.connect(str(address))
            order = {"secret": secret, "link": run.service, "delay_ms": delay_ms}
            control.sendall(json.dumps(order).encode() + b"\n")
            answer = json.loads(control.makefile().readline())
    except (OSError, ValueError) as error:
        raise NoTarget(f"the space's network does not answer at {address}; is it up?") from error
    if not answer.get("done"):
        raise NoTarget(f"the space's network refused: {answer.get('why')}")
