"""Turns spans into frames of sketches, as one member of Scout's group. Used by Scout's process.

Each span is in one frame, also when members die. A frame is published first and its offsets are committed after it;
whoever gets the partition of a member that died in between reads from the signals how far the frames go. What the bus
may have taken is published again as it was, and counts once (`Frames.fresh`). What the bus will never take is dropped
and told, so that nothing waits behind it; and while too much waits for the bus, no more is read.
"""

import logging
from dataclasses import dataclass, field, replace

from sre_space.codec.sketches import MAX_OFFSETS, Frame, Frames, SpanSketcher, decode, pieces
from sre_space.codec.topics import SIGNALS
from sre_space.domain.errors import Refused, SpaceError
from sre_space.domain.event_time import heard_at
from sre_space.feeds.losses import Losses
from sre_space.feeds.signal_consumer import SECOND, TRY_AGAIN_S, hear
from sre_space.ports.bus import History, Publisher, Record, Subscription
from sre_space.ports.clock import Clock

log = logging.getLogger(__name__)

FRAME_EVERY_NS = SECOND // 2
HANDED_OVER_NS = 60 * SECOND  # ten times as long as a group takes to notice that a member is dead
MAX_SEALED = 200  # frames that wait for the bus
REFUSED = "a frame of sketches that the bus refuses"


@dataclass
class Sketcher:
    """`framed` is the last offset of each partition that is in a frame; `first` is where those that are open begin.

    `named` are the services that are told apart whatever others there are.
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

    async def sketch_for_ever(self, spans: Subscription) -> None:
        """A frame a partition twice a second, then the offsets that are in them."""
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
            self._seal(partition)  # no frame reaches over what another member may have had
            frames = await self._frames_of_others()
            self.framed[partition] = frames.end_of(partition, 0, record.offset)
        if record.offset > self.framed[partition]:
            self.framed[partition] = record.offset
            self.first.setdefault(partition, record.offset)
            intake = self.intakes.setdefault(partition, SpanSketcher(self.named))
            now = heard_at(record.at, self.clock.now())
            hear(record, lambda one: intake.take(one.value, now), self.losses)
            self.losses.take(intake.dropped)
            if intake.full or record.offset - self.first[partition] >= MAX_OFFSETS - 1:
                self._seal(partition)

    async def _frames_of_others(self) -> Frames:
        """After another member had the partition; its spans wait while the bus does not answer."""
        now, found = self.clock.now(), Frames()
        while True:
            try:
                records = await self.history.window(SIGNALS, now - HANDED_OVER_NS, now + SECOND)
            except SpaceError as error:
                log.warning("spans wait until it is known which ones have a frame: %s", error)
                await self.clock.sleep(TRY_AGAIN_S)
            else:
                break
        for record in records:
            hear(record, lambda one: _note(found, decode(one.value)), self.losses)
        return found

    def _seal(self, partition: int) -> None:
        """Close the partition's open frame, if there is one."""
        if partition in self.first:
            first, last = self.first.pop(partition), self.framed[partition]
            self.sealed.append(Frame(partition, first, last, self.intakes[partition].drain()))

    async def _publish(self, spans: Subscription) -> bool:
        """True when the bus has taken all frames, also those that it did not acknowledge before."""
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
            log.warning("sketches wait: %s", error)
            return False
        return True

    async def _publish_one(self, frame: Frame) -> None:
        """All its parts; what is refused would be refused for ever."""
        for piece in pieces(frame):
            try:
                await self.signals.publish(SIGNALS, piece)
            except Refused as error:
                self.losses.count(REFUSED, example=str(error))


def _note(found: Frames, frame: Frame) -> None:
    """A frame is there when its last part is."""
    if frame.part == frame.parts - 1:
        found.fresh(replace(frame, part=0))
