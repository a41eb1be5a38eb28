"""The command line in this process: every verb, what its page says of it, and how it ends when a person types it."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from sre_embedded.cli.main import app as embedded
from sre_space.cli import edge
from sre_space.cli.main import NAME, app
from sre_space.exits import one_sentence

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"


@dataclass(frozen=True)
class Row:
    """A line of the table in docs/commands.md."""

    command: str
    options: str
    statuses: frozenset[int]


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, f"{name} ")
        else:
            yield f"{before}{name}", command


def _rows() -> Iterator[tuple[str, Row]]:
    for line in re.findall(r"^\| `sre-space .*$", PAGE.read_text(), re.MULTILINE):
        command, options, _, ends = re.split(r"(?<!\\)\|", line)[1:5]
        told = command.strip().strip("`")
        verb = " ".join(word for word in told.split()[1:] if word.islower())
        yield verb, Row(told, options, frozenset(int(one) for one in re.findall(r"\b\d+\b", ends)))


VERBS = dict(_commands(app))
DOCUMENTED = dict(_rows())


def ended(*words: str) -> int:
    """Run `sre-space` with these words and return its exit status; what it says is on stdout and stderr.

    The commands with which it becomes another program are run as that program.
    """
    program = embedded if words and words[0] in embedded.commands else app
    with pytest.raises(SystemExit) as stopped, one_sentence(NAME):
        sys.exit(edge.run(program, NAME, words))
    assert isinstance(stopped.value.code, int)
    return stopped.value.code
