"""The command line in this process: what a person types, and how it ends."""

import sys

import pytest

from sre_space.bootstrap.exits import one_sentence
from sre_space.entrypoints import edge
from sre_space.entrypoints.cli import NAME, app


def ended(*words: str) -> int:
    """Run `sre-space` with these words and return its exit status; what it says is on stdout and stderr."""
    with pytest.raises(SystemExit) as stopped, one_sentence(NAME):
        sys.exit(edge.run(app, NAME, words))
    assert isinstance(stopped.value.code, int)
    return stopped.value.code
