"""Memory that grows with an endless upload, which the service buffers until it is complete.

Web frameworks hold a request's body in memory until its last byte has arrived. A client that sends without an end is a
leak by load, up to the unit's real memory limit; a restart ends the connection, and the client gives up.
"""

import contextlib
import socket
import time
from collections.abc import Mapping, Sequence

from sre_chaos import background
from sre_chaos.background import Stopped
from sre_chaos.errors import NoTarget
from sre_chaos.run import Hit, Run

PATHS = {"policy-service": "/risk-assessments", "quote-service": "/quotes"}
BYTES_PER_SECOND = 10_000_000
CHUNK = b"x" * 125_000


def upload(run: Run) -> Hit:
    """Start the endless upload."""
    pid = run.space.runtime.living(run.service)
    if not pid:
        raise NoTarget(f"{run.service} does not run; there is nothing to hit")
    background.start(run, "upload")
    return Hit(undo={"pid": pid}, at=time.time_ns())


def hang_up(run: Run, undo: Mapping[str, str | int]) -> None:
    """End the upload, so that the service frees its buffer; start the service if it was killed."""
    background.stop(run, "upload")
    if undo:
        run.space.runtime.start(run.service)


def send_endlessly(run: Run, stopped: Stopped, _: Sequence[str]) -> None:
    """Send a request body without end, until stopped or until the service closes the connection."""
    address = run.space.address(run.service)
    head = (
        f"POST {PATHS[run.service]} HTTP/1.1\r\nHost: {address[0]}\r\nContent-Type: application/json\r\n"
        f'Content-Length: {10**12}\r\n\r\n{{"attachment": "'
    )
    pause = len(CHUNK) / BYTES_PER_SECOND
    with contextlib.suppress(OSError), socket.create_connection(address) as client:
        client.sendall(head.encode())
        due = time.monotonic()
        while not stopped():
            client.sendall(CHUNK)
            due = max(due + pause, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))
