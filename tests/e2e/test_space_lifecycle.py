"""Standing a space up and ending it: whatever happens, one clear sentence and nothing left running."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.live import CHECKOUT, LiveSpace, start
from support.waiting import until

from sre_embedded.space import lifecycle as space
from sre_space.bootstrap.space.state import SpaceState

pytestmark = pytest.mark.e2e

PART = ("bus", "telemetry", "user-service", "warden")
COMMAND = [sys.executable, "-m", "sre_space.cli.main"]


def members(state: SpaceState) -> list[psutil.Process]:
    """Every process that carries this space's mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("SRE_SPACE_UNIT", "").endswith(f"@{state.mark}"):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSpace]:
    """Yield a space of a few processes, for tests that leave it running."""
    live = start(tmp_path_factory.mktemp("standing"), PART)
    yield live
    live.down()


@pytest.fixture
def part(tmp_path: Path) -> Iterator[LiveSpace]:
    """Yield a space of a few processes, for one test that may break it."""
    live = start(tmp_path, PART)
    yield live
    live.down()


def test_kill_nine_of_supervisord_leaves_no_process_and_the_next_up_cleans(part: LiveSpace) -> None:
    until(lambda: len(members(part.state)) == len(PART) + 1, "all of it runs under its own name")
    os.kill(part.running.pid, signal.SIGKILL)

    until(lambda: not members(part.state), "every process is gone")
    assert part.command("status").returncode == 3
    again = space.up(part.plan, lambda _: None, PART)
    assert again.pid != part.running.pid


def test_a_second_up_is_refused_and_the_first_lives_on(standing: LiveSpace) -> None:
    second = standing.command("up", "--ports", "free")

    assert second.returncode == 1
    assert "already running" in second.stderr
    assert "sre-space down" in second.stderr
    until(lambda: len(members(standing.state)) == len(PART) + 1, "all of the first still runs")


def test_a_killed_server_comes_back_a_killed_service_stays_down(part: LiveSpace) -> None:
    service, server = part.kill("user-service"), part.kill("bus")

    until(lambda: not psutil.pid_exists(service), "the service is gone")
    until(lambda: part.pid("bus") not in (0, server), "the bus runs again")
    assert part.pid("user-service") == 0


def test_a_service_over_its_memory_limit_is_killed_and_recorded_also_by_a_warden_that_was_killed(
    part: LiveSpace,
) -> None:
    warden = part.kill("warden")
    until(lambda: part.pid("warden") not in (0, warden), "the warden runs again")
    limits = part.state.deployed / "space.env"
    limits.write_text("USER_SERVICE_MEMORY_BYTES=1000000\n")
    pid = part.pid("user-service")

    until(lambda: not psutil.pid_exists(pid), "the warden kills it")
    journal = until((part.state.run / "warden.jsonl").read_text, "it is recorded")
    assert '"event": "oom"' in journal
    assert '"unit": "user-service"' in journal


def test_status_logs_halt_and_resume_answer(standing: LiveSpace) -> None:
    assert "user-service" in standing.command("status").stdout
    assert "serves 127.0.0.1" in standing.command("logs", "bus").stdout
    unknown = standing.command("logs", "../../etc/passwd")
    assert (unknown.returncode, "there is no log of" in unknown.stderr) == (2, True)
    assert standing.command("halt").returncode == 0
    assert standing.state.halt.exists()
    assert "halted" in standing.command("status").stdout
    assert standing.command("resume").returncode == 0
    assert not standing.state.halt.exists()


def test_down_ends_everything_and_twice_is_fine(part: LiveSpace) -> None:
    assert "is down" in part.command("down").stdout
    assert not members(part.state)
    assert part.state.socket.parent == part.state.run or not part.state.socket.parent.exists()
    assert "no space was running" in part.command("down").stdout


def test_secrets_are_in_no_command_line_and_no_readable_file(standing: LiveSpace) -> None:
    tokens = [word for word in standing.state.identities.read_text().split('"') if len(word) > 30]
    assert len(tokens) == 8
    lines = " ".join(" ".join(process.cmdline()) for process in members(standing.state))
    assert not any(token in lines for token in tokens)
    readable = [path for path in standing.state.root.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    assert not any(token.encode() in path.read_bytes() for path in readable for token in tokens)


def test_everything_listens_on_loopback_only(standing: LiveSpace) -> None:
    addresses = {
        connection.laddr.ip
        for process in members(standing.state)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }

    assert {address.removeprefix("::ffff:") for address in addresses} == {"127.0.0.1"}


def test_a_port_in_use_is_named_with_its_setting_and_nothing_is_left(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environment = {
            **os.environ,
            "SRE_SPACE_STATE": str(tmp_path / "state"),
            "BUS_PORT": str(port),
            "COLUMNS": "300",
        }
        refused = subprocess.run(
            [*COMMAND, "up"], env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False
        )

    assert refused.returncode == 1
    assert f"port {port} (bus) is in use" in refused.stderr
    assert "BUS_PORT" in refused.stderr
    assert not members(SpaceState((tmp_path / "state").resolve()))


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("starting bus", marks=pytest.mark.long),
        pytest.param("starting user-service", marks=pytest.mark.long),
        "starting traffic",
    ],
)
def test_ctrl_c_at_any_moment_of_up_leaves_nothing(tmp_path: Path, moment: str) -> None:
    state = SpaceState((tmp_path / "state").resolve())
    environment = {**os.environ, "SRE_SPACE_STATE": str(state.root), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*COMMAND, "up", "--ports", "free"], env=environment, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if moment in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
        code = process.wait(120)
    left = members(state)
    space.down(state, lambda _: None)

    assert (code, "Traceback" in rest) == (130, False)
    assert "nothing is left running" in rest
    assert not left


def test_chaos_without_a_space_says_how_to_start_one(tmp_path: Path) -> None:
    script = [sys.executable, str(CHECKOUT / "trigger_chaos.py")]
    missed = subprocess.run([*script, "kill", "--state", str(tmp_path)], capture_output=True, text=True, check=False)
    listed = subprocess.run([*script, "--list"], capture_output=True, text=True, check=False)

    assert (missed.returncode, "sre-space up" in missed.stderr) == (3, True)
    assert (listed.returncode, "SIGKILL" in listed.stdout) == (0, True)
