"""The runtime's socket of events: a connection gets the units that run, then each start and end, a line of JSON each.

supervisord serves it in its own loop, as it does the listing (`unit_listing.py`), and takes nothing from a connection.
A program that listens for supervisord's events (`eventlistener`) would be one more process, which supervisord hands one
event at a time, and a poll of its state would be late by half its period.

supervisord sees the end of a process when its loop turns: at the end of the process's output, which comes before the
process can be reaped, or after up to a second. So SIGCHLD, which comes with it, wakes the loop (`ChildWatch`).
"""

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from supervisor import events
from supervisor.medusa import asyncore_25 as asyncore
from supervisor.states import ProcessStates, getProcessStateDescription

CLIENTS = 16
MAX_PENDING = 2**16  # bytes that a client has not read yet: some hundreds of events
SENT = {
    events.ProcessStateRunningEvent: ProcessStates.RUNNING,
    events.ProcessStateExitedEvent: ProcessStates.EXITED,
    events.ProcessStateBackoffEvent: ProcessStates.BACKOFF,
    events.ProcessStateStoppedEvent: ProcessStates.STOPPED,
}


class UnitEvents(asyncore.dispatcher):  # type: ignore[misc]  # supervisor ships no types
    """Listens on a Unix socket of mode 0600; `supervisord` is the running instance whose events are sent."""

    def __init__(self, path: Path, supervisord: Any) -> None:  # noqa: ANN401 - supervisor ships no types
        super().__init__()
        self._supervisord, self._clients = supervisord, list[_Client]()
        self._reaped = _Reaped(supervisord.options)
        self._watch = ChildWatch()
        self.create_socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self.bind(str(path))
        finally:
            os.umask(before)
        self.listen(CLIENTS)
        events.subscribe(events.ProcessStateEvent, self._changed)

    def writable(self) -> bool:
        """Return False: the socket only accepts connections."""
        return False

    def handle_accept(self) -> None:
        """Send the units that run, and keep the connection; refuse it when there are `CLIENTS` already."""
        with contextlib.suppress(OSError):  # the client is gone, or this process may open no more files
            connection, _ = self.socket.accept()
            if len(self._clients) >= CLIENTS:
                connection.close()
                return
            client = _Client(connection, self._clients.remove)
            self._clients.append(client)
            client.push(self._present())

    def close(self) -> None:
        """Close the socket and all connections, and listen to supervisord no more."""
        with contextlib.suppress(ValueError):
            events.unsubscribe(events.ProcessStateEvent, self._changed)
        for client in list(self._clients):
            client.close()
        self._watch.close()
        super().close()

    def _present(self) -> bytes:
        groups = self._supervisord.process_groups.values()
        running = [
            one for group in groups for one in group.processes.values() if one.get_state() == ProcessStates.RUNNING
        ]
        return b"".join(_line(one, ProcessStates.RUNNING, one.laststart, None) for one in running)

    def _changed(self, event: Any) -> None:  # noqa: ANN401 - supervisor ships no types
        """Send a change of a unit's state, called by supervisord."""
        state = SENT.get(type(event))
        if state is None or not event.process.pid:  # a program that could not be started has no process that ended
            return
        line = _line(event.process, state, time.time(), self._reaped.status(event.process.pid))
        for client in list(self._clients):
            client.push(line)


class _Client(asyncore.dispatcher):  # type: ignore[misc]  # same
    """A connection that is only written to; one that reads too slowly is closed: its end says that events are lost."""

    connected: bool

    def __init__(self, connection: socket.socket, gone: Callable[["_Client"], None]) -> None:
        connection.setblocking(False)
        super().__init__(connection)
        self._pending, self._gone = b"", gone

    def push(self, data: bytes) -> None:
        """Send as much as the connection takes now, and keep the rest; close it when the rest is too much."""
        self._pending += data
        self.handle_write()
        if len(self._pending) > MAX_PENDING:
            self.close()

    def writable(self) -> bool:
        """Return whether there is something left to send."""
        return bool(self._pending)

    def handle_write(self) -> None:
        """Send what is left."""
        try:
            if self._pending and self.connected:
                self._pending = self._pending[self.socket.send(self._pending) :]
        except BlockingIOError:
            pass
        except OSError:
            self.close()

    def handle_read(self) -> None:
        """Close the connection: its client has closed it, or sends something, which nobody does."""
        self.close()

    handle_error = handle_close = handle_read

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        if self.connected:
            self.connected = False
            self._gone(self)
            super().close()


class ChildWatch(asyncore.dispatcher):  # type: ignore[misc]  # same
    """A socket that Python writes to on every signal, so that supervisord's loop turns when a process has ended.

    Without it a signal interrupts the loop's wait and Python resumes the wait (PEP 475).
    """

    def __init__(self) -> None:
        read, self._write = socket.socketpair()
        for end in (read, self._write):
            end.setblocking(False)
        super().__init__(read)
        signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)

    def writable(self) -> bool:
        """Return False: the loop only reads."""
        return False

    def handle_read(self) -> None:
        """Forget the signals: the loop turns now."""
        with contextlib.suppress(OSError):
            self.socket.recv(4096)

    def close(self) -> None:
        """Have signals wake the loop no more."""
        signal.set_wakeup_fd(-1)
        self._write.close()
        super().close()


class _Reaped:
    """The wait status of the process that supervisord has just reaped, which its events do not carry."""

    def __init__(self, options: Any) -> None:  # noqa: ANN401 - supervisor ships no types
        self._waitpid: Callable[[], tuple[int | None, int | None]] = options.waitpid
        self._last: tuple[int | None, int | None] = (None, None)
        options.waitpid = self._waited

    def _waited(self) -> tuple[int | None, int | None]:
        self._last = self._waitpid()
        return self._last

    def status(self, pid: int) -> int | None:
        """Return the status of the process, None when it is not the one that was reaped last."""
        reaped, status = self._last
        return status if reaped == pid else None


def _line(process: Any, state: int, at: float, status: int | None) -> bytes:  # noqa: ANN401 - supervisor ships no types
    """Return an event as a line of JSON; `exit` is the exit code, negative for a signal."""
    sent: Mapping[str, object] = {
        "name": process.config.name,
        "statename": getProcessStateDescription(state),
        "pid": process.pid,
        "time": int(at * 1e9),
        "exit": None if status is None else os.waitstatus_to_exitcode(status),
    }
    return json.dumps(sent).encode() + b"\n"
