"""The followers of a runtime in memory: the double of `ports.runtime.RuntimeEvents`."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from sre_space.domain.errors import Unavailable
from sre_space.ports.runtime import Died, RuntimeEvents, Started

MAX_PENDING = 100  # of one follower
Event = Started | Died


@dataclass
class Followers(RuntimeEvents):
    """Who follows; `present` returns the starts of what runs now, and `away` is why nobody hears anything."""

    present: Callable[[], Sequence[Started]]
    away: str = ""
    followers: list[asyncio.Queue[Event]] = field(default_factory=list)

    def say(self, event: Event) -> None:
        """Send an event to all; who has too much to read is cut off."""
        for queue in list(self.followers):
            if queue.full():
                self.followers.remove(queue)
                queue.get_nowait()
            queue.put_nowait(event)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Iterate."""
        if self.away:
            raise Unavailable(self.away)
        queue: asyncio.Queue[Event] = asyncio.Queue(MAX_PENDING)
        self.followers.append(queue)
        try:
            for started in self.present():
                yield started
            while queue in self.followers:
                yield await queue.get()
        finally:
            if queue in self.followers:
                self.followers.remove(queue)
        raise Unavailable("events were lost")
