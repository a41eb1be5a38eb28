"""The hub: keeps the newest state and the last events, encoded once for all listeners. One per process.

A listener holds only a number, so that one who never reads costs nothing: it continues at the number that it saw last
(`Last-Event-ID`), or begins with a `reset` when that is too old or of another process.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from sre_space.dashboard.answers.stream import Event
from sre_space.dashboard.stream.panels import Panel, Panels, deltas, whole

MAX_EVENTS, MAX_BYTES = 900, 4_000_000  # kept for listeners that come back
MAX_LISTENERS = 200
BEAT_S = 5.0
RETRY_MS = 1_000


@dataclass
class Hub:
    """The state of all panels and its last changes; `now_ms` returns the time in Unix milliseconds."""

    now_ms: Callable[[], int]
    epoch: str = field(default_factory=lambda: secrets.token_hex(4))
    number: int = 0
    panels: dict[str, Panel] = field(default_factory=dict)
    events: deque[tuple[int, bytes]] = field(default_factory=deque)
    listeners: int = 0
    _bytes: int = 0
    _reset: tuple[int, bytes] = (-1, b"")
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, panels: Panels) -> bool:
        """Take in panels, all or some, and send what changed to all listeners; return False when nothing did."""
        changes = deltas(self.panels, panels)
        if not changes:
            return False
        self.panels |= panels
        self.number += 1
        self._keep(self._encoded("delta", Event(at=self.now_ms(), panels=changes)))
        news, self._news = self._news, asyncio.Event()
        news.set()
        return True

    @property
    def full(self) -> bool:
        """Return True when no more listeners are taken."""
        return self.listeners >= MAX_LISTENERS

    async def listen(self, last_event_id: str = "") -> AsyncIterator[bytes]:
        """Yield the events after the one with this id, from the beginning for an id that is unknown or too old."""
        seen = self._seen(last_event_id)
        self.listeners += 1
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            while True:
                news = self._news
                chunk = self.after(seen)
                seen = self.number
                if chunk:
                    yield chunk
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        await news.wait()
                        continue
                yield self._encoded("beat", Event(at=self.now_ms(), panels={}))
        finally:
            self.listeners -= 1

    def after(self, seen: int | None) -> bytes:
        """Return the events after a number as bytes, b"" when there are none; a `reset` where some are not kept."""
        if seen is None or (seen < self.number and (not self.events or seen < self.events[0][0] - 1)):
            return self._whole()
        return b"".join(event for number, event in self.events if number > seen)

    def _seen(self, last_event_id: str) -> int | None:
        epoch, _, number = last_event_id.partition("-")
        known = epoch == self.epoch and number.isdecimal() and len(number) < 16 and int(number) <= self.number
        return int(number) if known else None

    def _keep(self, event: bytes) -> None:
        self.events.append((self.number, event))
        self._bytes += len(event)
        while len(self.events) > MAX_EVENTS or (self._bytes > MAX_BYTES and len(self.events) > 1):
            self._bytes -= len(self.events.popleft()[1])

    def _whole(self) -> bytes:
        if self._reset[0] != self.number:
            event = Event(at=self.now_ms(), panels=whole(self.panels))
            self._reset = self.number, self._encoded("reset", event)
        return self._reset[1]

    def _encoded(self, kind: str, event: Event) -> bytes:
        data = event.model_dump_json(exclude_defaults=True)
        return f"event: {kind}\nid: {self.epoch}-{self.number}\ndata: {data}\n\n".encode()
