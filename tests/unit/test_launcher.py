"""The launcher of a container: what becomes the environment of its program."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sre_space.codec.variables import UnreadableFile
from sre_space.launcher import environment_of, parse
from sre_space.paths import StatePaths

SHOWS = (sys.executable, "-c", "import os; print(os.environ['POOL'], os.environ['TOKEN'], os.getpid())")


@pytest.fixture
def state(tmp_path: Path) -> StatePaths:
    """Return a state folder in which the desired state and the secrets of `shop` lie."""
    paths = StatePaths(tmp_path)
    for path, text in ((paths.variables("shop"), "POOL=5\nTOKEN=of main\n"), (paths.secrets, "TOKEN=own\nKEY=k\n")):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return paths


def test_the_containers_own_values_are_above_its_secrets_and_these_above_desired_state(state: StatePaths) -> None:
    assert environment_of(state, "shop", {"KEY": "given"}) == {"POOL": "5", "TOKEN": "own", "KEY": "given"}


def test_an_empty_value_counts_as_none(state: StatePaths) -> None:
    assert environment_of(state, "shop", {"TOKEN": "", "OTHER": ""})["TOKEN"] == "own"
    assert "OTHER" not in environment_of(state, "shop", {"OTHER": ""})


def test_a_unit_without_desired_state_has_its_secrets(state: StatePaths) -> None:
    assert environment_of(state, "scout", {"A": "1"}) == {"TOKEN": "own", "KEY": "k", "A": "1"}
    assert environment_of(StatePaths(state.root / "other"), "shop", {"A": "1"}) == {"A": "1"}


def test_a_damaged_file_is_one_sentence_with_its_line(state: StatePaths) -> None:
    state.variables("shop").write_text("POOL=5\nnothing\n")

    with pytest.raises(UnreadableFile, match=r"shop.env:2: 'nothing' is not NAME=value"):
        environment_of(state, "shop", {})


@pytest.mark.parametrize("arguments", [[], ["shop"], ["shop", "--"], ["shop", "python", "-V"]])
def test_another_command_line_is_told_the_usage(arguments: list[str]) -> None:
    with pytest.raises(UnreadableFile, match=r"use: python -m sre_space\.launcher NAME -- PROGRAM"):
        parse(arguments)


def test_it_becomes_the_program_and_each_start_reads_what_is_deployed(state: StatePaths) -> None:
    command = [sys.executable, "-m", "sre_space.launcher", "shop", "--", *SHOWS]
    own = {"SRE_SPACE_STATE": str(state.root), "PATH": os.environ["PATH"]}

    for pool in ("5", "9"):
        state.variables("shop").write_text(f"POOL={pool}\n")
        with subprocess.Popen(command, env=own, stdout=subprocess.PIPE, text=True) as process:
            assert process.communicate()[0].split() == [pool, "own", str(process.pid)]


def test_a_file_that_is_no_text_is_one_sentence(state: StatePaths) -> None:
    state.secrets.write_bytes(b"KEY=\xff\n")

    with pytest.raises(UnreadableFile, match="environment is not UTF-8: invalid start byte at byte 4"):
        environment_of(state, "shop", {})


@pytest.mark.parametrize("program", ["no-such-program", "/"])
def test_a_program_that_cannot_be_started_ends_it_with_one_sentence(state: StatePaths, program: str) -> None:
    command = [sys.executable, "-m", "sre_space.launcher", "shop", "--", program]
    own = {"SRE_SPACE_STATE": str(state.root), "PATH": os.environ["PATH"]}

    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith("launcher: [Errno ")
    assert program in done.stderr
    assert len(done.stderr.splitlines()) == 1
