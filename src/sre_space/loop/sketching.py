"""Turns spans into frames of sketches, as one member of Scout's group. Used by Scout's process.

Each span is in one frame, also when members die. A frame is published first and its offsets are committed after it;
whoever gets the partition of a member that died in between reads from the signals how far the frames go. What the bus
may have taken is published again as it was, and counts once (`Frames.fresh`).
"""

import logging
from dataclasses import dataclass, field

from sre_space.domain.errors import SpaceError
from sre_space.loop.senses import SECOND, SIGNALS, TRY_AGAIN_S, hear
from sre_space.ports.bus import History, Publisher, Record, Subscription
from sre_space.ports.clock import Clock
from sre_space.wire.sketches import Frame, Intake, decode, encode

log = logging.getLogger(__name__)

FRAME_EVERY_NS = SECOND // 2
HANDED_OVER_NS = 60 * SECOND  # ten times as long as a group takes to notice that a member is dead


@dataclass
class Sketcher:
    """`framed` is the last offset of each partition that is in a frame; `first` is where those that are open begin."""

    signals: Publisher
    history: History
    clock: Clock
    framed: dict[int, int] = field(default_factory=dict)
    first: dict[int, int] = field(default_factory=dict)
    intakes: dict[int, Intake] = field(default_factory=dict)
    sealed: list[Frame] = field(default_factory=list)

    async def sketch_for_ever(self, spans: Subscription) -> None:
        """A frame a partition twice a second, then the offsets that are in them."""
        published = self.clock.now()
        while True:
            for record in await spans.next(timeout=FRAME_EVERY_NS / SECOND / 2):
                await self._take(record)
            if self.clock.now() - published >= FRAME_EVERY_NS and await self._publish(spans):
                published = self.clock.now()

    async def _take(self, record: Record) -> None:
        partition = record.partition
        if partition not in self.framed or record.offset > self.framed[partition] + 1:
            self._seal(partition)  # no frame reaches over what another member may have had
            await self._read_how_far_frames_go()
        if record.offset > self.framed.get(partition, -1):
            self.framed[partition] = record.offset
            self.first.setdefault(partition, record.offset)
            intake = self.intakes.setdefault(partition, Intake())
            hear(record, lambda one: intake.take(one.value))

    async def _read_how_far_frames_go(self) -> None:
        """After another member had the partition; its spans wait while the bus does not answer."""
        now = self.clock.now()
        while True:
            try:
                records = await self.history.window(SIGNALS, now - HANDED_OVER_NS, now + SECOND)
            except SpaceError as error:
                log.warning("spans wait until it is known which ones have a frame: %s", error)
                await self.clock.sleep(TRY_AGAIN_S)
            else:
                break
        for record in records:
            hear(record, lambda one: self._note(decode(one.value)))

    def _note(self, frame: Frame) -> None:
        if frame.partition in self.first:  # its frame is open here, and holds what was read here
            return
        self.framed[frame.partition] = max(frame.last, self.framed.get(frame.partition, -1))

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
                await self.signals.publish(SIGNALS, encode(self.sealed[0]))
                self.sealed.pop(0)
            await spans.commit()
        except SpaceError as error:
            log.warning("sketches wait: %s", error)
            return False
        return True
