"""Orders to the network process, authenticated by the space's secret: fulfils `ports.Network`."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path

from sre_chaos.errors import NoTarget

ANSWERS_WITHIN_S = 5.0


@dataclass(frozen=True)
class Links:
    """The network process behind the socket at `address`; its secret is in the file `secret`."""

    address: Path
    secret: Path

    def delay(self, link: str, milliseconds: int) -> None:
        """Send one order; raise `NoTarget` without an answer, or when it is refused."""
        try:
            with socket.socket(socket.AF_UNIX) as control:
                control.settimeout(ANSWERS_WITHIN_S)
                control.connect(str(self.address))
                order = {"secret": self.secret.read_text(), "link": link, "delay_ms": milliseconds}
                control.sendall(json.dumps(order).encode() + b"\n")
                answer = json.loads(control.makefile().readline())
        except (OSError, ValueError) as error:
            raise NoTarget(f"the space's network does not answer at {self.address}; is it up?") from error
        if not answer.get("done"):
            raise NoTarget(f"the space's network refused: {answer.get('why')}")
