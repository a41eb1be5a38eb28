"""The Compose stack with the embedded servers, once for all tests here, started by the commands of docs/compose.md."""

from collections.abc import Iterator

import pytest
from support.compose import Stack, missing


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Return the stack, which serves; it ends with the tests, and its volumes with it."""
    if why := missing():
        pytest.skip(why)
    stack = Stack()
    try:
        stack.compose("build")  # so that the time of the start is that of the start
        stack.up()
        yield stack
    finally:
        stack.compose("--profile", "*", "down", "--volumes", "--timeout", "3")
