"""No altered byte is taken from a producer, and none is given to a consumer: what is lost is passed, and told."""

import gzip
import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.amounts import amount
from support.batches import batch, flipped, offsets, record, varint
from support.damage import Damage, damage_file

from sre_embedded.servers.bus import partition as subject
from sre_embedded.servers.bus import segment
from sre_embedded.servers.bus.batches import (
    CORRUPT,
    FORBIDDEN_TRANSACTION,
    INVALID_EPOCH,
    INVALID_RECORD,
    INVALID_TIMESTAMP,
    OUT_OF_ORDER,
    TOO_LARGE,
    UNKNOWN_CODEC,
    InvalidBatch,
    is_intact,
)
from sre_embedded.servers.bus.partition import Partition
from sre_embedded.servers.bus.topics import Topics

NOW_MS = 1_000_000
LOG = "00000000000000000000.log"


def opened(folder: Path) -> Partition:
    """Return a partition whose clock always shows the same time."""
    return Partition(folder, lambda: NOW_MS)


def filled(folder: Path, batches: int = 6, records: int = 3) -> Path:
    """Append some batches of some records to a partition and return its file."""
    log = opened(folder)
    for number in range(batches):
        log.append(batch(records, at=1000 + number))
    (file,) = folder.glob("*.log")
    return file


def everything(log: Partition) -> list[tuple[int, int]]:
    """Return the base offset and record count of each batch that a consumer reads from the start to the end."""
    found, at = [], log.start
    while served := offsets(log.read(at, 1000)):
        found += served
        assert served[-1][0] >= at or served[-1][1] == 0
        at = _behind(log, served[-1][0])
    return found


def _behind(log: Partition, base: int) -> int:
    """Return the offset that a consumer asks for after this batch."""
    data = log.read(base, 1)
    return base + int.from_bytes(data[23:27], "big") + 1


PACKED = [
    batch(3),
    batch(2, attributes=1, payload=gzip.compress(record(0) + record(1, key=b"k", headers=[(b"h", b"v")]))),
    batch(1, attributes=2, payload=bytes(cramjam.snappy.compress_raw(record(0)))),
    batch(1, attributes=3, payload=bytes(cramjam.lz4.compress(record(0)))),
    batch(1, attributes=4, payload=bytes(cramjam.zstd.compress(record(0)))),
]


@given(st.sampled_from(PACKED), st.data())
def test_a_batch_with_any_bit_turned_over_is_refused_and_leaves_nothing(whole: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, len(whole) * 8 - 1).filter(lambda bit: bit // 8 not in range(12, 16)))
    with TemporaryDirectory() as folder:
        log = opened(Path(folder))

        with pytest.raises(InvalidBatch):
            log.append(flipped(whole, bit))

        assert (log.next, (Path(folder) / LOG).stat().st_size) == (0, 0)
        assert log.append(whole)[0] == 0


@settings(max_examples=amount(150, 37), deadline=None)
@given(st.data())
def test_a_file_with_any_bit_turned_over_serves_the_rest_and_nothing_altered(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        file = filled(Path(folder))
        whole = file.read_bytes()
        bit = data.draw(st.integers(0, len(whole) * 8 - 1))
        file.write_bytes(flipped(whole, bit))

        log = opened(Path(folder))

        original = [(3 * number, 3) for number in range(6)]
        found = everything(log)
        hit = bit // 8 // (len(whole) // 6)
        expected = [(base, 0 if number == hit else 3) for number, (base, _) in enumerate(original)]
        harmless = bit // 8 % (len(whole) // 6) in range(12, 16)  # the leader's epoch, which is written anew
        assert found == (original if harmless else expected[: 5 if hit == 5 else 6])


@settings(max_examples=amount(100, 25), deadline=None)
@given(st.data())
def test_a_file_that_changes_while_it_is_read_gives_nothing_altered(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        log = opened(Path(folder))
        for _ in range(6):
            log.append(batch(3))
        (file,) = Path(folder).glob("*.log")
        bit = data.draw(st.integers(0, file.stat().st_size * 8 - 1))
        with file.open("rb+") as handle:  # the same file, under the broker's hands
            handle.write(flipped(file.read_bytes(), bit))

        hit = bit // 8 // (file.stat().st_size // 6)
        assert everything(log) == [(3 * number, 0 if number == hit else 3) for number in range(6)]
        assert log.append(batch(1)) == (0, 18)


@settings(max_examples=amount(100, 25), deadline=None)
@given(st.binary(max_size=400), st.integers(0, 600), st.integers(0, 400))
def test_a_piece_of_garbage_costs_only_the_batches_it_lies_in(garbage: bytes, at: int, replaced: int) -> None:
    with TemporaryDirectory() as folder:
        file = filled(Path(folder))
        whole = file.read_bytes()
        file.write_bytes(whole[:at] + garbage + whole[at + replaced :])

        log = opened(Path(folder))
        found = everything(log)

        each = len(whole) // 6
        untouched = [number for number in range(6) if (number + 1) * each <= at]
        assert [one for one in found if one[1]][: len(untouched)] == [(3 * number, 3) for number in untouched]
        assert {one for one in found if one[1]} <= {(3 * number, 3) for number in range(6)}
        assert log.append(batch(1))[1] == log.next - 1


def _packed(codec: int, payload: bytes) -> bytes:
    return batch(1, attributes=codec, payload=payload)


def _record(body: bytes) -> bytes:
    return batch(1, payload=varint(len(body)) + body)


REFUSED: dict[str, tuple[int, bytes]] = {
    "nothing": (INVALID_RECORD, b""),
    "format 0": (INVALID_RECORD, batch(magic=0)),
    "format 3": (CORRUPT, batch(magic=3)),
    "cut off": (INVALID_RECORD, batch()[:-3]),
    "cut off in its header": (INVALID_RECORD, batch()[:30]),
    "bytes behind it": (INVALID_RECORD, batch() + b"x"),
    "two": (INVALID_RECORD, batch() + batch()),
    "a negative length": (CORRUPT, batch(length=-5)),
    "a length below its header": (CORRUPT, batch(length=48)),
    "a length one less": (CORRUPT, batch(length=len(batch()) - 13)),
    "a length of more than there is": (INVALID_RECORD, batch(length=200)),
    "another base offset": (INVALID_RECORD, batch(base=5)),
    "more records told than there are": (INVALID_RECORD, batch(2, payload=record(0))),
    "fewer records told than there are": (INVALID_RECORD, batch(1, payload=record(0) + record(1))),
    "another last offset": (INVALID_RECORD, batch(last_delta=1)),
    "no records": (INVALID_RECORD, batch(0, payload=b"", last_delta=0)),
    "fewer than no records": (INVALID_RECORD, batch(payload=record(0), count=-1)),
    "a negative last offset": (INVALID_RECORD, batch(last_delta=-1)),
    "control records": (INVALID_RECORD, batch(attributes=0x20)),
    "a transaction": (FORBIDDEN_TRANSACTION, batch(attributes=0x10, producer=5, seq=0)),
    "the broker's time": (INVALID_TIMESTAMP, batch(attributes=0x08)),
    "more than an hour ahead": (INVALID_TIMESTAMP, batch(at=NOW_MS + 3_600_001)),
    "a producer without a sequence": (INVALID_RECORD, batch(producer=9, seq=-1)),
    "a producer without an epoch": (INVALID_EPOCH, batch(producer=9, seq=0, epoch=-1)),
    "a codec that there is not": (UNKNOWN_CODEC, batch(attributes=5)),
    "no gzip": (INVALID_RECORD, _packed(1, record(0))),
    "no snappy": (INVALID_RECORD, _packed(2, record(0))),
    "no snappy in frames": (INVALID_RECORD, _packed(2, b"\x82SNAPPY\0" + b"\0" * 8 + b"\0\0\1\0xx")),
    "no lz4": (INVALID_RECORD, _packed(3, record(0))),
    "no zstd": (INVALID_RECORD, _packed(4, record(0))),
    "gzip cut off": (INVALID_RECORD, _packed(1, gzip.compress(record(0))[:-9])),
    "gzip of more than it says": (INVALID_RECORD, _packed(1, gzip.compress(record(0) + b"xx"))),
    "gzip that grows without end": (INVALID_RECORD, _packed(1, gzip.compress(b"\0" * 2**24))),
    "zstd that grows without end": (INVALID_RECORD, _packed(4, bytes(cramjam.zstd.compress(b"\0" * 2**24)))),
    "lz4 that grows without end": (INVALID_RECORD, _packed(3, bytes(cramjam.lz4.compress(b"\0" * 2**24)))),
    "snappy that says so": (INVALID_RECORD, _packed(2, b"\xff\xff\xff\xff\x0f" + record(0))),
    "another number of a record": (INVALID_RECORD, batch(1, payload=record(1))),
    "a number without end": (INVALID_RECORD, batch(1, payload=b"\xff" * 30)),
    "a record of negative length": (INVALID_RECORD, batch(1, payload=varint(-7) + record(0)[1:])),
    "a record shorter than its fields": (INVALID_RECORD, batch(1, payload=varint(3) + record(0)[1:])),
    "a record longer than its fields": (INVALID_RECORD, _record(b"\0\0\0" + varint(-1) + b"\0\0zz")),
    "a key that runs out of its record": (INVALID_RECORD, _record(b"\0\0\0" + varint(100) + b"x" * 9)),
    "a key of a negative length": (INVALID_RECORD, _record(b"\0\0\0" + varint(-2) + b"\0\0")),
    "a negative number of headers": (INVALID_RECORD, _record(b"\0\0\0" + varint(-1) + b"\0" + varint(-1))),
    "a million headers": (INVALID_RECORD, _record(b"\0\0\0" + varint(-1) + b"\0" + varint(10**6))),
    "a header without a name": (INVALID_RECORD, _record(b"\0\0\0" + varint(-1) + b"\0" + varint(1) + varint(-1) * 2)),
    "a header's name that is no text": (INVALID_RECORD, batch(1, payload=record(0, headers=[(b"\xff\xfe", b"v")]))),
    "too large": (TOO_LARGE, batch(size=2**20)),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_kafka_refuses_is_refused_with_the_same_error(tmp_path: Path, name: str) -> None:
    code, data = REFUSED[name]
    log = opened(tmp_path)

    with pytest.raises(InvalidBatch) as refused:
        log.append(data)

    assert refused.value.code == code, refused.value
    assert (tmp_path / LOG).stat().st_size == 0


def test_all_codecs_are_taken_and_given_back_byte_for_byte(tmp_path: Path) -> None:
    framed = b"\x82SNAPPY\0" + b"\0\0\0\1" * 2
    block = bytes(cramjam.snappy.compress_raw(record(0)))
    payloads = [whole[61:] for whole in PACKED] + [framed + len(block).to_bytes(4, "big") + block]
    log = opened(tmp_path)
    for whole in [*PACKED, batch(1, attributes=2, payload=payloads[-1])]:
        assert log.append(whole)[0] == 0

    assert [log.read(at, 1)[61:] for at in (0, 3, 5, 6, 7, 8)] == payloads


def test_the_newest_time_of_a_batch_is_that_of_its_records(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(batch(2, payload=record(0, at=70) + record(1, at=-5), at=2000, max_at=9))

    assert log.offset_at(2070) == (2070, 0)
    assert Partition(tmp_path).offset_at(2071) == (-1, -1)
    assert offsets(log.read(0, 1)) == [(0, 2)]


def test_an_epoch_of_before_is_refused_and_a_new_one_begins_at_zero(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(batch(producer=7, epoch=3, seq=0))

    assert log.append(batch(producer=7, epoch=2, seq=1)) == (INVALID_EPOCH, -1)
    assert log.append(batch(producer=7, epoch=4, seq=5)) == (OUT_OF_ORDER, -1)
    assert log.append(batch(producer=7, epoch=4, seq=0)) == (0, 1)


def test_what_is_cut_off_is_told_with_its_offset_and_kept_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = filled(tmp_path / "spans-0")
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])

    log = opened(file.parent)

    assert log.next == 15
    told = caplog.text
    assert "spans-0" in told
    assert "from offset 15 on" in told
    (kept,) = file.parent.glob("*.corrupt")
    assert f"{len(whole) // 6 - 20} bytes" in told
    assert file.read_bytes() + kept.read_bytes() == whole[:-20]
    assert kept.name in told
    assert kept.stat().st_mode & 0o077 == 0


def test_a_batch_lost_in_the_middle_is_told_and_passed_also_after_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = filled(tmp_path / "spans-0")
    file.write_bytes(flipped(file.read_bytes(), len(file.read_bytes()) * 8 // 2))

    for _ in range(2):
        assert everything(opened(file.parent)) == [(0, 3), (3, 3), (6, 3), (9, 0), (12, 3), (15, 3)]
    assert "the records 9 to 11" in caplog.text
    assert "spans-0" in caplog.text


def test_a_whole_segment_of_garbage_is_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "SEGMENT_BYTES", 500)
    log = opened(tmp_path)
    for _ in range(20):
        log.append(batch(1, size=50))
    middle = sorted(tmp_path.glob("*.log"))[1]
    for content in (os.urandom(300), b"", b"\0" * 300):
        middle.write_bytes(content)

        found = everything(opened(tmp_path))

        assert [base for base, count in found if count] == [
            offset for offset in range(log.start, 20) if not log.segments[1].base <= offset < log.segments[2].base
        ]


def test_a_file_cut_short_under_the_broker_takes_and_gives_what_comes_after(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(batch(2))
    os.truncate(tmp_path / LOG, 0)

    assert log.append(batch(2)) == (0, 2)
    for one in (log, opened(tmp_path)):
        assert everything(one) == [(0, 0), (2, 2)]


@pytest.mark.parametrize("damage", Damage)
def test_a_partition_with_a_damaged_file_takes_records_and_the_others_are_whole(tmp_path: Path, damage: Damage) -> None:
    topics = Topics(tmp_path)
    topics.create("t", 3)
    for partition in topics.get("t"):
        partition.append(batch(2))
    damage_file(tmp_path / "t-1" / LOG, damage)

    again = Topics(tmp_path).get("t")

    assert [offsets(one.read(0, 1)) for one in (again[0], again[2])] == [[(0, 2)]] * 2
    assert [count for _, count in offsets(again[1].read(0, 1))] in ([], [0], [2])
    assert again[1].append(batch(1))[0] == 0


def test_a_partition_whose_folder_is_gone_or_a_file_keeps_its_number(tmp_path: Path) -> None:
    topics = Topics(tmp_path)
    topics.create("t", 4)
    topics.get("t")[3].append(batch(2))
    for name in ("t-0", "t-2"):
        (tmp_path / name / LOG).unlink()
        (tmp_path / name).rmdir()
    (tmp_path / "t-0").write_text("no folder")
    (tmp_path / "u-99999999999").mkdir()
    (tmp_path / "t-1" / "notes.log").write_text("no segment")

    again = Topics(tmp_path)

    assert [partition.next for partition in again.get("t")] == [0, 0, 0, 2]
    assert list(again.names()) == ["t"]


def test_the_search_behind_damage_grows_with_the_file_and_not_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everywhere a batch seems to begin that reaches far, and its checksum is wrong."""
    looked: list[int] = []

    def counting(data: bytes, start: int, size: int) -> bool:
        looked.append(size)
        return is_intact(data, start, size)

    monkeypatch.setattr(segment, "is_intact", counting)
    work = []
    for size in (20_000, 40_000):
        liar = flipped(batch(1, base=1, length=size // 2), 8 * 18)
        path = tmp_path / str(size) / LOG
        path.parent.mkdir()
        path.write_bytes(b"x" * 70 + liar * (size // len(liar)))
        looked.clear()
        assert opened(path.parent).next == 0
        work.append(sum(looked))

    assert 0 < work[1] < 3 * work[0]


def test_few_pieces_of_what_was_cut_off_are_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    for _ in range(7):
        log = opened(tmp_path)
        log.append(batch(1))
        with (tmp_path / LOG).open("ab") as file:
            file.write(b"torn")

    assert opened(tmp_path).next == 7
    assert len(list(tmp_path.glob("*.corrupt"))) == 4
