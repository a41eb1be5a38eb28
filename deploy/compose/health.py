"""A health check of a container, cheap enough for every few seconds: `python -IS /health.py KIND ...`.

`http PORT PATH` asks this container itself, `tcp PORT` whether it listens, `file PATH SECONDS` whether a file was
written within so many seconds. The exit status is 0 for healthy. Standard library only, and little of it.
"""

import os
import socket
import sys
import time

WITHIN_S = 2
HERE = "127.0.0.1"


def serves(port: int, path: str) -> bool:
    """Return whether an answer to a request has a status below 500."""
    with socket.create_connection((HERE, port), WITHIN_S) as connection:
        connection.settimeout(WITHIN_S)
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {HERE}\r\nConnection: close\r\n\r\n".encode())
        status = connection.recv(64).split(b" ")[1]
    return status < b"500"


def listens(port: int) -> bool:
    """Return whether a connection is taken."""
    socket.create_connection((HERE, port), WITHIN_S).close()
    return True


def is_fresh(path: str, seconds: float) -> bool:
    """Return whether a file was written within so many seconds."""
    return time.time() - os.stat(path).st_mtime < seconds


def main(kind: str, *arguments: str) -> int:
    """Return the exit status of a check."""
    checks = {
        "http": lambda port, path: serves(int(port), path),
        "tcp": lambda port: listens(int(port)),
        "file": lambda path, seconds: is_fresh(path, float(seconds)),
    }
    try:
        return 0 if checks[kind](*arguments) else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
