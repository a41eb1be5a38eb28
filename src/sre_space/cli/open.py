"""`sre-space open`: the dashboard in the browser."""

import socket
import webbrowser
from pathlib import Path

from sre_space.bootstrap.space.servers import DASHBOARD_PORT, HOST
from sre_space.bootstrap.space.state import SpaceState, running_space
from sre_space.cli.screen import out
from sre_space.domain.errors import Missing, Unavailable

ANSWERS_WITHIN_S = 2.0


def open_dashboard(state: Path) -> None:
    """Open the running space's dashboard and print its address; raise `Missing` or `Unavailable`."""
    port = running_space(SpaceState(state)).ports.get(DASHBOARD_PORT)
    if port is None:
        raise Missing("the running space has no dashboard: it was started by an older version; restart it")
    address = f"http://{HOST}:{port}"
    try:
        socket.create_connection((HOST, port), ANSWERS_WITHIN_S).close()
    except OSError as error:
        raise Unavailable(f"the dashboard does not answer at {address}; see: sre-space logs dashboard") from error
    webbrowser.open(address)
    out.print(address, markup=False, highlight=False)
