"""Faults of the Compose stack, made from outside: an upload without end, a lock, a commit."""

import base64
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.compose import BASE, PROJECT, Stack

LOCKS = """
import sqlite3, time
database = sqlite3.connect("/data/policy-service.db", isolation_level=None, timeout=30)
while True:
    database.execute("BEGIN IMMEDIATE")
    time.sleep(0.8)
    database.execute("ROLLBACK")
    time.sleep(0.15)
"""


@contextmanager
def slow_database(stack: Stack) -> Iterator[None]:
    """Hold the write lock of the policy service's database for 0.8 s, again and again, from another container."""
    volume = f"{PROJECT}_policy-service-data:/data"
    confined = ("--rm", "--network", "none", "--user", "10001:10001")
    id = stack.docker("run", "--detach", *confined, "--volume", volume, BASE, "python", "-c", LOCKS).strip()
    try:
        yield
    finally:
        stack.docker("kill", id)


@contextmanager
def endless_upload(port: int) -> Iterator[socket.socket]:
    """Yield a connection over which a body without end has begun."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as upload:
        upload.sendall(
            b"POST /risk-assessments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000000000000\r\n\r\n" + b'{"attachment": "'
        )
        yield upload


def ran_out_or_was_restarted(upload: socket.socket) -> bool:
    """Send some more, and return whether the service has ended the connection."""
    try:
        for _ in range(40):
            upload.sendall(b"x" * 125_000)
    except OSError:
        return True
    return False


def pushed(stack: Stack, folder: Path, file: str, key: str, value: str, subject: str) -> str:
    """Commit a change of a setting to main on the forge, as a person does; return the commit."""
    token = re.search(r"^GITHUB_PERSONAL_ACCESS_TOKEN=(.*)$", stack.secrets("operator"), re.MULTILINE)
    assert token
    basic = base64.b64encode(f"operator:{token[1]}".encode()).decode()
    url = f"http://127.0.0.1:{stack.ports['FORGE_PORT']}/local/cloud-insurance.git"

    def git(*arguments: str) -> str:
        own = (
            "-c",
            f"http.extraHeader=Authorization: Basic {basic}",
            "-c",
            "user.name=Robin",
            "-c",
            "user.email=r@x.example",
        )
        return subprocess.run(["git", *own, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout

    git("clone", "--quiet", "--branch", "main", url, ".")
    path = folder / "deploy" / "config" / file
    path.write_text(re.sub(rf"^{key}=.*$", f"{key}={value}", path.read_text(), flags=re.MULTILINE))
    git("commit", "--quiet", "--all", "--message", subject)
    git("push", "--quiet", "origin", "HEAD:main")
    return git("rev-parse", "HEAD").strip()
