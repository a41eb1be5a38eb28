"""A command in a terminal or a pipe that is not as one wishes: closed, full, or without UTF-8."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHAOS = (sys.executable, str(ROOT / "trigger_chaos.py"), "--list")
HELP = (sys.executable, "-m", "sre_space.cli.main", "--help")
LOGS = (sys.executable, "-m", "sre_space.cli.main", "logs", "bus")
HEAVY = {"numpy", "chromadb", "grpc", "rich", "confluent_kafka", "mcp", "httpx", "pydantic", "onnxruntime", "pygit2"}


@pytest.fixture(name="state")
def _state(tmp_path: Path) -> Path:
    """Make a state folder with a log too long for a pipe's buffer, in characters that few encodings have."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "bus.log").write_text("größer \N{BLACK CIRCLE}\n" * 20_000, "utf-8")
    return tmp_path


def shell(command: tuple[str, ...], after: str, state: Path, **settings: str) -> subprocess.CompletedProcess[bytes]:
    """Run it in bash, with these redirections."""
    environment = {**os.environ, "SRE_SPACE_STATE": str(state), **settings}
    words = ["bash", "-c", f'"$@" {after}', "bash", *command]
    return subprocess.run(words, env=environment, capture_output=True, check=False)


def unread(command: tuple[str, ...], stream: str, state: Path) -> subprocess.CompletedProcess[bytes]:
    """Run it with a stream into a pipe that nobody reads any more, as `head -1` leaves it."""
    reader, writer = os.pipe()
    os.close(reader)
    environment = {**os.environ, "SRE_SPACE_STATE": str(state)}
    out, err = (writer if stream == one else subprocess.PIPE for one in ("stdout", "stderr"))
    try:
        return subprocess.run(command, env=environment, check=False, stdout=out, stderr=err)
    finally:
        os.close(writer)


@pytest.mark.parametrize(
    ("after", "status"),
    [(">&-", 0), ("2>&-", 0), ("<&- >&- 2>&-", 0), (">/dev/full", 3), (">/dev/full 2>/dev/full", 3)],
)
def test_a_stream_that_is_closed_or_full_makes_no_traceback(state: Path, after: str, status: int) -> None:
    done = shell(LOGS, after, state)

    assert done.returncode == status
    assert b"Traceback" not in done.stdout + done.stderr
    assert b"Exception ignored" not in done.stdout + done.stderr
    assert done.stderr.count(b"\n") == (after == ">/dev/full")


@pytest.mark.parametrize("command", [LOGS, HELP, (*HELP[:-1], "keys", "list"), CHAOS], ids=lambda words: words[-1])
def test_who_reads_no_more_ends_a_command_silently(state: Path, command: tuple[str, ...]) -> None:
    done = unread(command, "stdout", state)

    assert (done.returncode, done.stderr) == (141, b"")


def test_an_error_into_a_pipe_that_nobody_reads_is_silent_too(tmp_path: Path) -> None:
    assert (unread(LOGS, "stderr", tmp_path).returncode, unread((*CHAOS[:-1], "x"), "stderr", tmp_path).stdout) == (
        141,
        b"",
    )


@pytest.mark.parametrize("after", [">&-", "2>&-", ">/dev/full"])
@pytest.mark.parametrize("command", [HELP, CHAOS], ids=["help", "chaos"])
def test_help_and_the_list_of_faults_as_well(state: Path, command: tuple[str, ...], after: str) -> None:
    done = shell(command, after, state)

    assert done.returncode == (3 if after == ">/dev/full" else 0)
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_an_error_that_nobody_can_read_keeps_its_status(tmp_path: Path) -> None:
    done = shell(LOGS, "2>&-", tmp_path)

    assert (done.returncode, done.stdout) == (3, b"")


@pytest.mark.parametrize(
    "settings",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=str,
)
def test_a_terminal_without_utf_8_shows_what_it_can(state: Path, settings: dict[str, str]) -> None:
    done = shell(LOGS, "", state, **settings)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 20_000
    for wrong in ("größer", "\udcff\udcfe"):
        refused = shell((*LOGS[:-1], wrong), "", state, **settings)
        assert (refused.returncode, refused.stderr.count(b"\n")) == (2, 1)


def test_help_imports_nothing_that_takes_long() -> None:
    """The help of one verb as little as the list of all."""
    script = (
        "import sys; from sre_space.cli import edge; from sre_space.cli.main import NAME, app\n"
        "for words in (['--help'], ['status', '-h'], ['keys', 'rotate', '--help'], ['nonsense'], ['up', '--x']):\n"
        "    edge.run(app, NAME, words)\n"
        f"print('imported', *sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "imported"
    assert "Usage: sre-space keys rotate [OPTIONS]" in done.stdout


def test_the_version_is_the_packages_and_the_shell_may_complete() -> None:
    version = subprocess.run([*HELP[:-1], "--version"], capture_output=True, text=True, check=True)
    environment = {
        **os.environ,
        "_SRE_SPACE_COMPLETE": "bash_complete",
        "COMP_WORDS": "sre-space inc",
        "COMP_CWORD": "1",
    }
    completed = subprocess.run(HELP[:-1], env=environment, capture_output=True, text=True, check=False)

    assert version.stdout.startswith("sre-space, version 0.")
    assert (completed.returncode, completed.stdout) == (0, "plain,incidents\n")
