"""Where the warden has its process ids from: the read-only socket, whatever it sends."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sre_embedded.servers.warden.pids import listed_pids

GARBAGE = [
    b"",
    b"\n",
    b"{",
    b"1\n",
    b"null\n",
    b'[{"name": "tax"}]\n',
    b'[["tax"]]\n',
    b"\xff\n",
    b"[" * 100_000 + b"\n",
]


@pytest.fixture(name="answering")
def _answering(tmp_path: Path) -> Iterator[Callable[[bytes], str]]:
    """Yield a function that has a socket send one answer to whoever connects, and returns its path."""
    listener = socket.socket(socket.AF_UNIX)
    path = str(tmp_path / "units.sock")
    listener.bind(path)
    listener.listen()

    def answer(content: bytes) -> str:
        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(content)

        threading.Thread(target=serve, daemon=True).start()
        return path

    yield answer
    listener.close()


def test_the_units_that_live_have_their_process_id(answering: Callable[[bytes], str]) -> None:
    listing = b'[{"name": "tax", "pid": 7, "statename": "RUNNING"}, {"name": "cart", "pid": 0}]\n'

    assert listed_pids(answering(listing)) == {"tax": 7}


@pytest.mark.parametrize("content", GARBAGE, ids=lambda content: repr(content[:12]))
def test_an_answer_that_is_no_listing_is_an_error_of_the_system(
    answering: Callable[[bytes], str], content: bytes
) -> None:
    path = answering(content)
    with pytest.raises(OSError, match="is not a listing of units"):
        listed_pids(path)


def test_without_a_socket_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        listed_pids(str(tmp_path / "none.sock"))
