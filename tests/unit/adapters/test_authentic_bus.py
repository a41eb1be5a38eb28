"""Records of telemetry that nobody with the space's key wrote are not heard, and cost nothing but their place."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from support.feeds import Enough, Feed, Past, Signals, framed, spans
from support.world import World

from sre_space.adapters.authentic_bus import COPY, FORGED, AuthenticBus
from sre_space.codec.record_mac import HEADER, MAX_REMEMBERED, RecordPlaces, headers_of
from sre_space.codec.sketches import Frame, decode, encode
from sre_space.codec.topics import METRICS, SIGNALS, SPANS
from sre_space.feeds.losses import Losses
from sre_space.feeds.sketching import Sketcher
from sre_space.ports.bus import Record

KEY = b"k" * 64


@dataclass
class Kept:
    """A publisher in memory."""

    records: list[Record] = field(default_factory=list)

    async def publish(
        self, topic: str, value: bytes, *, key: bytes = b"", headers: Mapping[str, bytes] | None = None
    ) -> None:
        """Keep."""
        self.records.append(Record(topic, 0, len(self.records), 0, value, key, headers or {}))

    async def close(self) -> None:
        """Nothing to release."""


@dataclass
class Dismissed:
    """What was not heard, by reason, and the bus that did not hear it."""

    reasons: list[str] = field(default_factory=list)

    def bus(self, key: bytes | None = KEY) -> AuthenticBus:
        """With a key, or without."""
        return AuthenticBus(key, self.reasons.append)


def signed(record: Record, key: bytes = KEY) -> Record:
    """As the telemetry server hands it on."""
    return replace(record, headers={**record.headers, **headers_of(key, record.topic, record.value)})


def forgeries(record: Record) -> list[Record]:
    """Return the record in each form that somebody without the key can produce."""
    authentic = signed(record)
    return [
        record,
        replace(record, headers={HEADER: b""}),
        replace(record, headers={HEADER: b"\xff" * 64}),
        signed(record, b"another key" * 8),
        replace(authentic, value=record.value + b"\0"),
        replace(authentic, topic=METRICS if record.topic != METRICS else SPANS),
        replace(record, headers={HEADER.upper(): authentic.headers[HEADER]}),
    ]


@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("topic", [SPANS, METRICS, "otlp_logs"])
def test_of_a_forged_record_only_the_place_is_left(topic: str, number: int) -> None:
    dismissed, world = Dismissed(), World()
    forged = forgeries(replace(spans(world, 0, 7), topic=topic))[number]

    (authentic_records,) = dismissed.bus().authentic_records([forged], RecordPlaces())

    assert (authentic_records.value, authentic_records.offset, authentic_records.topic) == (b"", 7, forged.topic)
    assert dismissed.reasons == [FORGED]


def test_what_is_authentic_and_what_is_not_telemetry_is_heard_as_it_came() -> None:
    dismissed, world = Dismissed(), World()
    records = [signed(spans(world, 0, 7)), Record("quote_requested", 0, 1, 0, b"{}"), Record("changes", 0, 1, 0, b"{}")]

    assert list(dismissed.bus().authentic_records(records, RecordPlaces())) == records
    assert list(dismissed.bus(None).authentic_records([spans(world, 0, 7)], RecordPlaces())) == [spans(world, 0, 7)]
    assert not dismissed.reasons


def test_a_forged_frame_of_sketches_is_not_there_at_all_for_a_judge_believes_each() -> None:
    dismissed = Dismissed()
    frame = Record(SIGNALS, 0, 0, 0, encode(Frame(0, 2**60, 2**60, {})))

    assert list(dismissed.bus().authentic_records([frame], RecordPlaces())) == []
    assert dismissed.reasons == [FORGED]


async def test_what_is_published_here_is_heard_there() -> None:
    kept = Kept()

    publisher = Dismissed().bus().publisher(kept)
    await publisher.publish(SIGNALS, b"frame", headers={"x": b"y"})
    await publisher.publish("changes", b"{}")

    assert list(Dismissed().bus().authentic_records(kept.records, RecordPlaces())) == kept.records
    assert set(kept.records[0].headers) == {"x", HEADER}
    assert kept.records[1].headers == {}


async def test_forged_records_between_true_ones_leave_no_gap_in_the_frames() -> None:
    world, signals, dismissed = World(), Signals(), Dismissed()
    true = [signed(spans(world, 0, offset, offset)) for offset in (7, 9, 11)]
    forged = [spans(world, 0, offset, 50) for offset in (8, 10)]
    feed = Feed([sorted([*true, *forged], key=lambda one: one.offset), []], world)
    past = Past([])

    bus = dismissed.bus()
    sketcher = Sketcher(signals, past, world.clock, Losses(world.reporter, world.clock))
    with pytest.raises(Enough):
        await sketcher.sketch_forever(bus.subscription(feed))

    (frame,) = [decode(body) for body in signals.frames]
    assert (frame.first, frame.last) == (7, 11)
    assert sum(sketch.count for sketch in frame.sketches.values()) == 7 + 9 + 11
    assert past.asked == 1
    assert dismissed.reasons == [FORGED] * 2


async def test_a_copy_of_a_true_record_is_not_heard_whatever_its_place_and_time_and_a_repeated_delivery_is() -> None:
    dismissed, world = Dismissed(), World()
    true = signed(spans(world, 0, 7))
    copies = [replace(true, offset=8), replace(true, partition=3), replace(true, offset=9, at=2**62)]
    feed = Feed([[true, *copies], [true]], world)

    subscription = dismissed.bus().subscription(feed)
    authentic_records = [*await subscription.next(0), *await subscription.next(0)]

    assert [one.value for one in authentic_records] == [true.value, b"", b"", b"", true.value]
    assert dismissed.reasons == [COPY] * 3


async def test_who_reads_the_past_and_who_reads_on_hear_the_same_record_once_each() -> None:
    dismissed, world = Dismissed(), World()
    true = signed(spans(world, 0, 7))
    bus = dismissed.bus()

    past = await bus.history(Past([true])).window(SPANS, 0, 2**62)
    assert [*past, *await bus.subscription(Feed([[true]], world)).next(0)] == [true, true]
    assert not dismissed.reasons


def test_what_a_reader_remembers_is_bounded() -> None:
    places = RecordPlaces()

    for number in range(MAX_REMEMBERED + 10):
        assert not places.is_copy(Record(SPANS, 0, number, 0, b"", headers={HEADER: str(number).encode()}))

    assert len(places.first) == MAX_REMEMBERED
    assert places.is_copy(Record(SPANS, 0, 0, 0, b"", headers={HEADER: str(MAX_REMEMBERED).encode()}))


async def test_history_is_as_strict() -> None:
    dismissed, world = Dismissed(), World()
    true = [signed(spans(world, 0, 1)), signed(framed(world, spans(world, 0, 1)))]
    past = Past([*true, spans(world, 0, 2), framed(world, spans(world, 0, 2))])
    until = world.clock.now() + 1

    history = dismissed.bus().history(past)
    assert [
        one for one in [*await history.window(SPANS, 0, until), *await history.window(SIGNALS, 0, until)] if one.value
    ] == true
    assert len(dismissed.reasons) == 2


def test_a_flood_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    dismissed, world = Dismissed(), World()

    with caplog.at_level(logging.WARNING):
        list(dismissed.bus().authentic_records([spans(world, 0, offset) for offset in range(1000)], RecordPlaces()))

    assert caplog.messages == [f"discarded 1 times: {FORGED}, on otlp_spans"]
    assert len(dismissed.reasons) == 1000
