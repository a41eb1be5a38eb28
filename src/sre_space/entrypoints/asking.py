"""What is asked of a running space as its operator."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space_state import State

T = TypeVar("T")


def asked(state: Path, question: Callable[[Operator], Awaitable[T]]) -> T:
    """Return the answer to a question that is put as the operator."""
    folder = State(state)

    async def ask() -> T:
        operator = Operator.here(folder)
        try:
            return await question(operator)
        finally:
            await operator.close()

    return asyncio.run(ask())
