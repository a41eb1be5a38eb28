"""Spans become frames, each in one, also when the bus does not answer or a member has died."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from support.feeds import Enough, Feed, Past, Signals, framed, spans
from support.world import SECOND, World

from sre_space.codec.sketches import Frame, Frames, decode
from sre_space.feeds.losses import Losses
from sre_space.feeds.sketching import Sketcher
from sre_space.ports.bus import Record


def played(sketcher: Sketcher, feed: Feed) -> None:
    """All answers of the feed, half a second apart."""
    with pytest.raises(Enough):
        asyncio.run(sketcher.sketch_forever(feed))


def losses(world: World) -> Losses:
    """Return a counter of losses that uses the world's reporter."""
    return Losses(world.reporter, world.clock)


def told(signals: Signals) -> list[tuple[int, int, int]]:
    """Partition and offsets of the frames."""
    frames = (decode(body) for body in signals.frames)
    return [(one.partition, one.first, one.last) for one in frames]


def merged(frames: Sequence[Frame]) -> int:
    """Spans that a judge counts."""
    fresh = Frames()
    return sum(sketch.count for one in frames if fresh.fresh(one) for sketch in one.sketches.values())


def test_spans_become_frames_by_partition_and_offsets_are_committed_after_them() -> None:
    world, signals = World(), Signals()
    feed = Feed([[spans(world, 0, 7, 3), spans(world, 1, 2), spans(world, 0, 8, 2)], []], world)

    played(Sketcher(signals, Past([]), world.clock, losses(world)), feed)

    counts = [sum(sketch.count for sketch in decode(body).sketches.values()) for body in signals.frames]
    assert told(signals) == [(0, 7, 8), (1, 2, 2)]
    assert counts == [5, 1]
    assert feed.commits == 1


def test_with_the_bus_away_sketches_wait_and_nothing_is_committed() -> None:
    world, signals = World(), Signals(refusals=9)
    feed = Feed([[spans(world, 0, 7)], []], world)

    played(Sketcher(signals, Past([]), world.clock, losses(world)), feed)

    assert not signals.frames
    assert feed.commits == 0


@pytest.mark.parametrize("deaf", [False, True])
def test_a_frame_that_the_bus_may_have_taken_comes_again_as_it_was_and_what_came_later_is_one_of_its_own(
    deaf: bool,
) -> None:
    world, signals = World(), Signals(refusals=1, deaf=deaf)
    feed = Feed([[spans(world, 0, 7, 3)], [spans(world, 0, 8, 2)]], world)

    played(Sketcher(signals, Past([]), world.clock, losses(world)), feed)

    assert told(signals) == [(0, 7, 7)] * (2 if deaf else 1) + [(0, 8, 8)]
    assert merged([decode(body) for body in signals.frames]) == 5
    assert feed.commits == 1


def test_a_successor_begins_after_the_last_frame_of_a_member_that_died_before_it_committed() -> None:
    world, signals = World(), Signals()
    records = [spans(world, 0, offset) for offset in range(5, 10)]
    before = framed(world, *records[:3])
    feed = Feed([records, [], []], world)

    played(Sketcher(signals, Past([before]), world.clock, losses(world)), feed)

    assert told(signals) == [(0, 8, 9)]
    assert merged([decode(before.value), *(decode(body) for body in signals.frames)]) == len(records)


def test_who_gets_a_partition_back_asks_how_far_its_frames_went_meanwhile() -> None:
    world, signals, past = World(), Signals(), Past([])
    records = [spans(world, 0, offset) for offset in range(9)]
    past.records = [replace(framed(world, *records[3:6]), at=world.clock.now() + 3 * SECOND // 2)]
    feed = Feed([records[:3], records[5:], []], world)

    played(Sketcher(signals, past, world.clock, losses(world)), feed)

    assert told(signals) == [(0, 0, 2), (0, 6, 8)]


def test_no_frame_reaches_over_what_another_member_had() -> None:
    world, signals = World(), Signals()
    records = [spans(world, 0, offset) for offset in range(9)]
    past = Past([replace(framed(world, *records[3:6]), at=world.clock.now())], refusals=0)
    sketcher = Sketcher(signals, past, world.clock, losses(world), framed={0: -1})

    played(sketcher, Feed([[*records[:3], *records[6:]], []], world))

    assert told(signals) == [(0, 0, 2), (0, 6, 8)]


def test_what_a_bus_that_was_restarted_delivers_again_is_in_its_frame_already() -> None:
    world, signals, past = World(), Signals(), Past([])
    records = [spans(world, 0, offset) for offset in range(4)]
    feed = Feed([records[:3], records[1:], []], world)

    played(Sketcher(signals, past, world.clock, losses(world)), feed)

    assert told(signals) == [(0, 0, 2), (0, 3, 3)]
    assert past.asked == 1


def test_spans_wait_until_it_is_known_which_ones_have_a_frame() -> None:
    world, signals = World(), Signals()
    first, second = spans(world, 0, 7), spans(world, 0, 8)
    past = Past([framed(world, first)], refusals=3)

    played(Sketcher(signals, past, world.clock, losses(world)), Feed([[first, second], []], world))

    assert past.asked == 4
    assert told(signals) == [(0, 8, 8)]


def test_a_signal_that_is_none_says_nothing_about_how_far_frames_go() -> None:
    world, signals = World(), Signals()
    broken = Record("sre_signals", 0, 0, world.clock.now(), b"SK1 and then nothing")

    played(Sketcher(signals, Past([broken]), world.clock, losses(world)), Feed([[spans(world, 0, 7)], []], world))

    assert told(signals) == [(0, 7, 7)]
