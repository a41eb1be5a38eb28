"""`sre-space up`, `down` and `demo` become the program of the embedded space: the same words, signals and status."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sre_embedded.cli.main import app as embedded
from sre_space.cli import edge
from sre_space.cli.embedded import ABSENT
from sre_space.cli.main import NAME, app
from sre_space.domain.errors import Refused

WORDS: tuple[tuple[str, ...], ...] = (
    ("up",),
    ("up", "--state", "s", "--ports", "free", "--chart", "c.yaml", "--dry-run"),
    ("down", "--state", "s"),
    ("demo",),
    ("demo", "--fault", "oom", "--json", "--keep", "--chart", "c.yaml"),
)


class Became(Exception):
    """Raised in place of becoming another program."""


@pytest.fixture(name="became")
def _became(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Sequence[str]]]:
    """Yield the list of the programs that this process would have become."""
    programs: list[Sequence[str]] = []

    def execv(path: str, arguments: Sequence[str]) -> None:
        assert path == arguments[0]
        programs.append(arguments)
        raise Became

    monkeypatch.setattr(os, "execv", execv)
    yield programs
    signal.pthread_sigmask(signal.SIG_UNBLOCK, edge.STOPPING)


def test_it_has_the_commands_with_the_same_options_and_the_same_help() -> None:
    for name, command in embedded.commands.items():
        assert command.params == app.commands[name].params
        assert command.help == app.commands[name].help


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_the_program_is_given_what_was_said(
    became: list[Sequence[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Became):
        edge.run(app, NAME, words)

    ((python, *options, verb),) = [program[:5] for program in became]
    assert (python, options, verb) == (sys.executable, ["-P", "-m", "sre_embedded"], words[0])
    said = app.commands[verb].make_context(verb, list(words[1:])).params
    assert embedded.commands[verb].make_context(verb, list(became[0][5:])).params == said


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_without_it_one_sentence_says_what_to_install(
    became: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setitem(sys.modules, "sre_embedded", None)
    with pytest.raises(Refused) as refused:
        edge.run(app, NAME, words)

    assert (str(refused.value), became) == (ABSENT, [])


@pytest.mark.parametrize("number", edge.STOPPING)
def test_a_signal_that_comes_while_it_becomes_the_program_ends_it_as_any_other(
    tmp_path: Path, number: signal.Signals
) -> None:
    script = (
        "import os, signal, sys; from sre_space.cli import edge; "
        "signal.pthread_sigmask(signal.SIG_BLOCK, edge.STOPPING); "
        f"os.kill(os.getpid(), {int(number)});"
        f"os.execv(sys.executable, [sys.executable, '-m', 'sre_embedded', 'down', '--state', {str(tmp_path)!r}])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=300)

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
