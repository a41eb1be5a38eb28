"""Turns spans into frames of sketches, as one member of Scout's group. Used by Scout's process.

Each span is in exactly one frame, even when members die. A frame is published before its offsets are committed; the
member that takes over the partition of one that died in between reads from the signals how far its frames go. A frame
that the bus may already have taken is published again unchanged, and counts once (`Frames.fresh`). A frame that the bus
refuses is dropped and reported, so that it blocks no others; and while too many frames wait for the bus, no more spans
are read.
"""

import logging
from dataclasses import dataclass, field, replace

from sre_space.codec.sketches import MAX_OFFSETS, Frame, Frames, SpanSketcher, decode, pieces
from sre_space.codec.topics import SIGNALS
from sre_space.domain.errors import Refused, SpaceError
from sre_space.domain.event_time import reception_time
from sre_space.feeds.losses import Losses
from sre_space.feeds.signal_consumer import SECOND, TRY_AGAIN_S, take_or_count
from sre_space.ports.bus import History, Publisher, Record, Subscription
from sre_space.ports.clock import Clock

log = logging.getLogger(__name__)

FRAME_EVERY_NS = SECOND // 2
HANDED_OVER_NS = 60 * SECOND  # ten times the time in which a group notices a dead member
MAX_SEALED = 200  # frames that wait for the bus
REFUSED = "a frame of sketches that the bus refuses"


@dataclass
class Sketcher:
    """The frames of one member, by partition of the spans.

    `framed` is the last offset in a frame, `first` the first offset of the open frame, `sealed` are the frames that
    wait for the bus. Sketches of the services in `named` are kept apart, however many other services there are.
    """

    signals: Publisher
    history: History
    clock: Clock
    losses: Losses
    named: frozenset[str] = frozenset()
    framed: dict[int, int] = field(default_factory=dict)
    first: dict[int, int] = field(default_factory=dict)
    intakes: dict[int, SpanSketcher] = field(default_factory=dict)
    sealed: list[Frame] = field(default_factory=list)

    async def sketch_forever(self, spans: Subscription) -> None:
        """Publish a frame for each partition twice a second, then commit its offsets; never return."""
        published = self.clock.now()
        while True:
            if len(self.sealed) > MAX_SEALED:
                await self.clock.sleep(TRY_AGAIN_S)
            else:
                for record in await spans.next(timeout=FRAME_EVERY_NS / SECOND / 2):
                    await self._take(record)
            if self.clock.now() - published >= FRAME_EVERY_NS and await self._publish(spans):
                published = self.clock.now()

    async def _take(self, record: Record) -> None:
        partition = record.partition
        if partition not in self.framed or record.offset > self.framed[partition] + 1:
            self._seal(partition)  # a frame has no gap in which another member may have had spans
            frames = await self._frames_of_others()
            self.framed[partition] = frames.end_of(partition, 0, record.offset)
        if record.offset > self.framed[partition]:
            self.framed[partition] = record.offset
            self.first.setdefault(partition, record.offset)
            intake = self.intakes.setdefault(partition, SpanSketcher(self.named))
            now = reception_time(record.at, self.clock.now())
            take_or_count(record, lambda taken: intake.take(taken.value, now), self.losses)
            self.losses.take(intake.dropped)
            if intake.full or record.offset - self.first[partition] >= MAX_OFFSETS - 1:
                self._seal(partition)

    async def _frames_of_others(self) -> Frames:
        """Return the group's recent frames, for a partition that is new to this member; wait for the bus."""
        now, frames = self.clock.now(), Frames()
        while True:
            try:
                records = await self.history.window(SIGNALS, now - HANDED_OVER_NS, now + SECOND)
            except SpaceError as error:
                log.warning("the frames of other members cannot be read yet, and new spans wait: %s", error)
                await self.clock.sleep(TRY_AGAIN_S)
            else:
                break
        for record in records:
            take_or_count(record, lambda signal: _note(frames, decode(signal.value)), self.losses)
        return frames

    def _seal(self, partition: int) -> None:
        """Close the partition's open frame, if there is one, and queue it."""
        if partition in self.first:
            first, last = self.first.pop(partition), self.framed[partition]
            self.sealed.append(Frame(partition, first, last, self.intakes[partition].drain()))

    async def _publish(self, spans: Subscription) -> bool:
        """Publish all frames and return True when the bus has taken them, including earlier ones that wait."""
        for partition in list(self.first):
            self._seal(partition)
        if not self.sealed:
            return False
        try:
            while self.sealed:
                await self._publish_one(self.sealed[0])
                self.sealed.pop(0)
            await spans.commit()
        except SpaceError as error:
            log.warning("sketches wait for the bus: %s", error)
            return False
        return True

    async def _publish_one(self, frame: Frame) -> None:
        """Publish all parts of a frame; drop and count a part that the bus refuses, since it would be refused again."""
        for piece in pieces(frame):
            try:
                await self.signals.publish(SIGNALS, piece)
            except Refused as error:
                self.losses.count(REFUSED, example=str(error))


def _note(frames: Frames, frame: Frame) -> None:
    """Add a frame of another member, once its last part was read."""
    if frame.part == frame.parts - 1:
        frames.fresh(replace(frame, part=0))
