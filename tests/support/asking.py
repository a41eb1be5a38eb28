"""One operator for the life of a space: a look costs a request, not a session, and takes little from the machine."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.state import SpaceState
from sre_space.domain.case import Case
from sre_space.ports.forge import Issue

T = TypeVar("T")
APART_S = 0.1  # between two questions: whoever waits for a condition may ask again at once


@dataclass
class Asker:
    """An event loop in a thread, begun by the first question, and the operator who lives on it.

    After a failure the next question begins with a new operator, as a person begins a new command. What was read of an
    issue is kept until the forge tells another state of it.
    """

    state: SpaceState
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    thread: threading.Thread | None = None
    operator: Operator | None = None
    read: dict[Issue, Case | None] = field(default_factory=dict)
    asked_at: float = 0.0

    def ask(self, question: Callable[[Operator], Awaitable[T]]) -> T:
        """Answer as the operator sees it; at most ten questions a second."""
        if self.thread is None:
            self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
            self.thread.start()
        time.sleep(max(0.0, self.asked_at + APART_S - time.monotonic()))
        try:
            return asyncio.run_coroutine_threadsafe(self._answer(question), self.loop).result()
        finally:
            self.asked_at = time.monotonic()

    async def cases(self, operator: Operator, since: int) -> list[Case]:
        """Return the open and closed incidents of which something was written since (Unix ns), by number."""
        issues = await operator.forge.issues(state="all", since=since)
        for issue in issues:
            if issue not in self.read:
                self.read[issue] = (await operator.incidents.reading(issue)).case
        return [case for issue in issues if (case := self.read[issue]) is not None]

    def close(self) -> None:
        """End it; safe to call twice, and before the first question."""
        if self.thread is not None:
            asyncio.run_coroutine_threadsafe(self._leave(), self.loop).result()
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join()
            self.thread = None
        self.loop.close()

    async def _answer(self, question: Callable[[Operator], Awaitable[T]]) -> T:
        operator = self.operator = self.operator or Operator.of(self.state)
        answered = False
        try:
            answer = await question(operator)
            answered = True
        finally:
            if not answered:
                await self._leave()
        return answer

    async def _leave(self) -> None:
        operator, self.operator = self.operator, None
        if operator is not None:
            await operator.close()
