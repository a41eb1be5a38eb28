"""The log on disk: torn tails, trimming, producers' sequences."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.batches import batch
from support.damage import Damage, damage_file

from sre_embedded.servers.bus import partition as subject
from sre_embedded.servers.bus.batches import OUT_OF_ORDER
from sre_embedded.servers.bus.codec import ProtocolError, WireReader
from sre_embedded.servers.bus.offsets import Offsets
from sre_embedded.servers.bus.partition import Partition


def test_offsets_count_records_and_reading_starts_at_the_batch_that_holds_one(tmp_path: Path) -> None:
    log = Partition(tmp_path)
    assert [log.append(batch(count))[1] for count in (3, 2, 1)] == [0, 3, 5]

    assert log.next == 6
    assert struct.unpack_from(">q", log.read(4, 1))[0] == 3
    assert log.read(6, 100) == b""


def test_a_torn_last_batch_is_cut_off_at_start(tmp_path: Path) -> None:
    log = Partition(tmp_path)
    log.append(batch())
    log.append(batch())
    file = next(tmp_path.glob("*.log"))
    file.write_bytes(file.read_bytes()[:-3])

    again = Partition(tmp_path)

    assert again.next == 1
    assert again.append(batch()) == (0, 1)


def test_old_segments_are_dropped_and_the_rest_stays_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "SEGMENT_BYTES", 500)
    log = Partition(tmp_path)
    for _ in range(100):
        log.append(batch(size=50))

    assert 0 < log.start < log.next == 100
    assert len(list(tmp_path.glob("*.log"))) == subject.MAX_SEGMENTS
    for offset in range(log.start, log.next):
        assert struct.unpack_from(">q", log.read(offset, 1))[0] == offset
    assert Partition(tmp_path).start == log.start


def test_a_repeated_batch_is_stored_once_and_a_gap_is_refused_also_after_a_restart(tmp_path: Path) -> None:
    log = Partition(tmp_path)
    assert log.append(batch(producer=7, seq=0)) == (0, 0)
    assert log.append(batch(producer=7, seq=1)) == (0, 1)

    for one in (log, Partition(tmp_path)):
        assert one.append(batch(producer=7, seq=1)) == (0, 1)
        assert one.append(batch(producer=7, seq=5)) == (OUT_OF_ORDER, -1)
        assert one.next == 2


@pytest.mark.parametrize("damage", [Damage.FLIPPED, Damage.CUT_SHORT, Damage.EMPTY, Damage.FOLDER, Damage.GARBAGE])
def test_whose_batches_were_lost_on_the_disk_goes_on_and_a_later_gap_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Damage
) -> None:
    """A producer that is refused for a gap can never go on: librdkafka takes it for fatal."""
    monkeypatch.setattr(subject, "SEGMENT_BYTES", 500)
    log = Partition(tmp_path)
    for seq in range(12):
        assert log.append(batch(producer=7, seq=seq, size=50)) == (0, seq)
    damage_file(log.segments[-1].path, damage)

    after = Partition(tmp_path)

    assert after.append(batch(producer=7, seq=12))[0] == 0
    assert after.append(batch(producer=7, seq=14)) == (OUT_OF_ORDER, -1)
    assert after.append(batch(producer=7, seq=13))[0] == 0


def test_an_offset_is_found_by_time(tmp_path: Path) -> None:
    log = Partition(tmp_path)
    for at in (1000, 2000, 3000):
        log.append(batch(at=at))

    assert log.offset_at(1500) == (2000, 1)
    assert log.offset_at(4000) == (-1, -1)


@given(st.binary(max_size=60))
def test_a_reader_never_reads_past_the_end(data: bytes) -> None:
    reader = WireReader(data)

    def read_on() -> None:
        for _ in range(100):
            reader.text()
            reader.array(reader.data)
            reader.int32()

    with pytest.raises(ProtocolError):
        read_on()


def test_committed_offsets_survive_and_a_torn_line_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "offsets.jsonl"
    Offsets(path).commit("g", "t", 0, 5, "")
    Offsets(path).commit("g", "t", 0, 9, "meta")
    with path.open("a") as file:
        file.write('["g", "t", 0')

    assert Offsets(path).committed == {"g": {("t", 0): (9, "meta")}}
