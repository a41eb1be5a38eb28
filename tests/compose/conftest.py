"""The Compose stack with the embedded servers, once for all tests here, started by the commands of docs/compose.md."""

from collections.abc import Iterator

import pytest
from support.compose import Stack, missing


@pytest.fixture(scope="session")
def built() -> Iterator[Stack]:
    """Yield the stack, whose images are built; what a test started of it ends with the tests, volumes and all."""
    if why := missing():
        pytest.skip(why)
    stack = Stack()
    try:
        stack.compose("build")  # so that the time of the start is that of the start
        yield stack
    finally:
        stack.down("--volumes")


@pytest.fixture(scope="session")
def stack(built: Stack) -> Stack:
    """Return the stack, which serves."""
    built.up()
    return built
