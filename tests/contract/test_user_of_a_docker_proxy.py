"""The user that a proxy becomes: without root's rights, and a member of the socket's group alone."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from support.engine_stand_in import unix_stand_in
from support.servers import module, serving
from support.waiting import free_port

OTHER, GROUP = 10_001, 4_242
PROXY = module("sre_space.bootstrap.docker_proxy")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder that every user may enter."""
    with tempfile.TemporaryDirectory(prefix="sre-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def settings(folder: Path, port: int, **more: str) -> dict[str, str]:
    """Return the environment of a reading proxy in front of the socket in a folder."""
    return {
        "DOCKER_PROXY_DOOR": "reading", "DOCKER_PROXY_PROJECT": "shop", "DOCKER_PROXY_USER": str(OTHER),
        "DOCKER_PROXY_ENGINE": f"unix://{folder}/docker.sock", "DOCKER_PROXY_LISTEN": f"127.0.0.1:{port}",
        "SRE_SPACE_STATE": str(folder), **more,
    }  # fmt: skip


def rights(pid: int) -> Mapping[str, list[str]]:
    """Return the lines of a process's status by name."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}


def test_it_reaches_the_engine_by_its_group_and_keeps_no_right_of_root(folder: Path) -> None:
    port, socket = free_port(), folder / "docker.sock"
    address = f"http://127.0.0.1:{port}/_ping"

    def ready() -> bool:
        try:
            return httpx.get(address, trust_env=False, timeout=20).is_success
        except httpx.HTTPError:
            return False

    with unix_stand_in(socket):
        os.chown(socket, 0, GROUP)
        socket.chmod(0o660)
        with serving(PROXY, settings(folder, port), ready, folder / "log") as proxy:
            assert proxy.process is not None
            has = rights(proxy.process.pid)

    assert has["Uid"] == has["Gid"] == [str(OTHER)] * 4
    assert has["Groups"] == [str(GROUP)]
    assert int(has["CapEff"][0], 16) == int(has["CapPrm"][0], 16) == 0


def test_without_the_socket_it_ends_and_says_what_to_mount(folder: Path) -> None:
    environment = os.environ | settings(folder, free_port())

    done = subprocess.run(PROXY, env=environment, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 2
    assert "docker.sock: No such file or directory; mount Docker's socket there" in done.stderr
    assert "Traceback" not in done.stderr
