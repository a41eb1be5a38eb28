"""The span store by time and by size: the oldest go first, and the file does not grow."""

import os
from collections import defaultdict
from pathlib import Path

import pytest
from support.planned import planned, table

from sre_embedded.servers.telemetry.store import Export, connect, expire, shrink, store, used_bytes, waiting
from sre_embedded.space.environment import TokenSetup, environment_of
from sre_space.codec.jaeger_otlp import StoredSpan

SECOND = 10**9
NOW = 1_764_000_000 * SECOND
MIB = 2**20


def span(number: int, size: int = 20_000, start: int = 0) -> StoredSpan:
    """One that takes about so many bytes."""
    at = start or NOW + number
    id = f"{number:032x}"
    return StoredSpan(id, id[16:], "", "shop", "GET /x", "server", at, at + 5, os.urandom(size))


def export(*spans: StoredSpan, record: bytes = b"") -> Export:
    """One request."""
    return Export("otlp_spans", [record] if record else [], spans)


def test_a_store_that_is_full_loses_its_oldest_spans_and_its_file_stays_as_large_as_it_may(tmp_path: Path) -> None:
    path, most = tmp_path / "spans.db", 4 * MIB
    db, sizes, gone = connect(path), [], 0
    for batch in range(30):
        store(db, [export(*(span(100 * batch + one) for one in range(20)))], [])
        gone += shrink(db, most)[0]
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        sizes.append(path.stat().st_size)

    left = [start - NOW for (start,) in db.execute("SELECT start FROM otlp_spans ORDER BY start")]
    made = [100 * batch + one for batch in range(30) for one in range(20)]
    assert used_bytes(db) <= most
    assert max(sizes) <= most + MIB
    assert gone + len(left) == len(made)
    assert left == made[-len(left) :]


def test_a_file_that_is_allowed_less_shrinks(tmp_path: Path) -> None:
    path = tmp_path / "spans.db"
    db = connect(path)
    store(db, [export(*map(span, range(600)))], [])
    shrink(db, 3 * MIB)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    assert path.stat().st_size <= 3 * MIB


def test_requests_that_wait_for_the_bus_take_no_more_than_half_and_the_oldest_are_given_up(tmp_path: Path) -> None:
    db = connect(tmp_path / "spans.db")
    for number in range(60):
        store(db, [export(span(number), record=bytes([number]) * 100_000)], [])

    spans, records = shrink(db, 4 * MIB)

    left = waiting(db, 0)
    assert (spans, records) == (0, 60 - len(left))
    assert sum(len(body) for _, _, body in left) <= 2 * MIB
    assert [body[0] for _, _, body in left] == list(range(60 - len(left), 60))


def test_spans_of_before_and_of_after_the_time_that_is_kept_expire(tmp_path: Path) -> None:
    db = connect(tmp_path / "spans.db")
    times = (NOW - 7200 * SECOND, NOW - 60 * SECOND, NOW + SECOND, NOW + 3600 * SECOND, 2**63 - 9)
    store(db, [export(*(span(number, 10, at) for number, at in enumerate(times)))], [])

    expire(db, NOW, 3600, 10)

    assert [start for (start,) in db.execute("SELECT start FROM otlp_spans ORDER BY start")] == list(times[1:3])


def test_no_more_of_the_outbox_is_read_at_once_than_fits_in_memory(tmp_path: Path) -> None:
    db = connect(tmp_path / "spans.db")
    store(db, [export(record=bytes(900_000)) for _ in range(40)], [])

    first = waiting(db, 0)

    assert 16 * MIB <= sum(len(body) for _, _, body in first) < 17 * MIB
    assert waiting(db, first[-1][0])[0][0] == first[-1][0] + 1


def test_a_space_hands_the_bounds_that_a_person_sets_to_its_telemetry_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANS_MAX_BYTES", "99000000")
    plan = planned(tmp_path)
    tokens = TokenSetup(defaultdict(str), {})
    told = {one.name: environment_of(plan, one, tokens) for one in table(plan)}

    assert {name for name, values in told.items() if "SPANS_MAX_BYTES" in values} == {"telemetry"}
