"""The databases that the services are tested with: SQLite always, a PostgreSQL of the tests where it is installed."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Urls = Callable[[str], str]


def a_free_port() -> int:
    """Return a port that no process listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def free_port() -> Callable[[], int]:
    """Return the function that finds a free port."""
    return a_free_port


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_urls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Urls]:
    """Yield a function that returns the database URL of a service."""
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("databases")
        yield lambda service: f"sqlite:///{folder}/{service}.db"
    else:
        yield from postgresql()


def postgresql() -> Iterator[Urls]:
    """Start a database server on a free port; as the user `postgres` when the tests run as root, which it refuses."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [Path(shutil.which("initdb") or "/").parent]
    user = "postgres" if os.getuid() == 0 else None
    if not (programs[-1] / "initdb").exists():
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    folder, port = Path(tempfile.mkdtemp(prefix="insurance-")), a_free_port()
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    initdb = [programs[-1] / "initdb", "-D", folder / "data", "-A", "trust", "-U", "insurance", "-N", "-E", "UTF8"]
    subprocess.run(initdb, user=user, cwd=folder, check=True, capture_output=True)
    server = [programs[-1] / "postgres", "-D", folder / "data", "-h", "127.0.0.1", "-p", str(port), "-k", folder]
    with subprocess.Popen(server, user=user, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            for service in ("user", "policy", "quote"):
                create(programs[-1] / "createdb", port, service)
            yield lambda service: f"postgresql+psycopg://insurance@127.0.0.1:{port}/{service}"
        finally:
            process.terminate()
    shutil.rmtree(folder)


def create(program: Path, port: int, name: str) -> None:
    """Create a database as soon as the server answers."""
    command = [program, "-h", "127.0.0.1", "-p", str(port), "-U", "insurance", name]
    deadline = time.monotonic() + 30
    while subprocess.run(command, capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, "PostgreSQL does not answer"
        time.sleep(0.05)
