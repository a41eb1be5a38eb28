"""A server that accepts connections and does not serve: it is silent, drips, or says what makes no sense."""

import socket
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType

from support.waiting import free_port

DRIP_S = 0.05
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Drip: "
GARBAGE = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a": [1}'
NOISE = bytes(range(128, 256)) * 4


class Manner(StrEnum):
    """How it treats whoever connects."""

    SILENT = "silent"  # as a stopped process does
    DRIPPING = "dripping"  # an answer that never ends, a byte at a time
    GARBAGE = "garbage"  # a good answer's head over what is no JSON
    NOISE = "noise"  # no protocol at all
    REFUSING = "refusing"  # nobody listens


@dataclass
class Mute:
    """Listens on loopback, or on a Unix socket at `path`, from entering on; ends every connection on leaving."""

    manner: Manner
    path: Path | None = None
    port: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Mute":
        self._open = ExitStack()
        if self.manner is Manner.REFUSING:
            self.port = free_port()
            return self
        if self.path is None:
            listener = socket.create_server(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        else:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(self.path))
            listener.listen()
        self._open.callback(listener.close)
        listener.settimeout(DRIP_S)
        self._threads = [threading.Thread(target=self._accept, args=(listener,))]
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.ended.set()
        if self.manner is not Manner.REFUSING:
            for thread in self._threads:
                thread.join()
        self._open.close()

    def _accept(self, listener: socket.socket) -> None:
        while not self.ended.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                thread = threading.Thread(target=self._treat, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _treat(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            match self.manner:
                case Manner.DRIPPING:
                    self._drip(connection)
                case Manner.GARBAGE | Manner.NOISE:
                    connection.settimeout(1)
                    connection.recv(65536)
                    connection.sendall(GARBAGE if self.manner is Manner.GARBAGE else NOISE)
                case _:
                    self.ended.wait()

    def _drip(self, connection: socket.socket) -> None:
        connection.sendall(BEGUN)
        while not self.ended.wait(DRIP_S):
            connection.sendall(b"x")
