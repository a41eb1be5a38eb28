"""Spans and the outbox to Kafka in one SQLite file (WAL): what is acknowledged is in both or in neither."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sre_space.codec.jaeger_otlp import KeptSpan
from sre_space.domain.event_time import AHEAD_NS, SECOND
from sre_space.embedded.databases import BESIDE, damage_of
from sre_space.state_files import make_folder, set_aside

DELETED_AT_ONCE = 200  # rows, which may be large: one short transaction
MAX_SPANS = 10_000  # of a trace that is shown
_PAGES = ("page_count", "freelist_count", "page_size")
ROOM = 0.9  # of the size that is allowed, to which a full store is brought back
OUTBOX_SHARE = 0.5  # of it that the outbox may take
READ_BYTES = 16 * 2**20  # of the outbox at once
WAL_BYTES = 32 * 2**20  # to which the log beside the file is cut once it is written back

SCHEMA = """
CREATE TABLE IF NOT EXISTS otlp_spans (
    trace_id TEXT, span_id TEXT, parent_id TEXT, service TEXT, name TEXT, kind TEXT, start INTEGER, stop INTEGER,
    alone BLOB, PRIMARY KEY (trace_id, span_id)
);
CREATE INDEX IF NOT EXISTS otlp_spans_by_service ON otlp_spans (service, start);
CREATE INDEX IF NOT EXISTS otlp_spans_by_time ON otlp_spans (start);
CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT, body BLOB);
"""


@dataclass(frozen=True)
class Export:
    """One export request: the spans in it (none for logs and metrics), and the records that hand it on."""

    topic: str
    records: Sequence[bytes]
    spans: Sequence[KeptSpan]

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return sum(map(len, self.records)) + sum(len(span.alone) for span in self.spans)


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread at a time; commits survive the death of the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    if not connection.execute("PRAGMA page_count").fetchone()[0]:  # only a new file can be told, and it costs a write
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    pragmas = f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit={WAL_BYTES};"
    connection.executescript(pragmas + SCHEMA)
    return connection


def set_damaged_aside(path: Path) -> bool:
    """True when the database, which is expendable, was damaged: then it is begun anew, and the old one is kept."""
    make_folder(path.parent)
    damage = damage_of(path)
    if damage:
        told = f"{damage}: spans of before, and what was not yet on the bus, are lost to queries"
        for one in (path, *(path.with_name(path.name + end) for end in BESIDE)):
            if one.exists():
                set_aside(one, told if one == path else "it belongs to the database")
    return bool(damage)


def store(db: sqlite3.Connection, exports: Iterable[Export], sent: Iterable[int]) -> None:
    """One transaction: new exports in, published ones out; taken back whole when the disk does not take it."""
    kept = list(exports)
    with db:
        db.execute("BEGIN IMMEDIATE")
        rows = (_row(span) for export in kept for span in export.spans)
        db.executemany("INSERT OR REPLACE INTO otlp_spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        records = [(export.topic, record) for export in kept for record in export.records]
        db.executemany("INSERT INTO outbox (topic, body) VALUES (?, ?)", records)
        db.executemany("DELETE FROM outbox WHERE id = ?", [(id,) for id in sent])


def waiting(db: sqlite3.Connection, after: int, limit: int = 500) -> list[tuple[int, str, bytes]]:
    """The oldest records not yet published, with ids over `after`: at least one if there is any, and 16 MiB at most."""
    rows = db.execute("SELECT id, topic, body FROM outbox WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
    found: list[tuple[int, str, bytes]] = []
    left = READ_BYTES
    while left > 0 and (row := rows.fetchone()):
        found.append(row)
        left -= len(row[2])
    rows.close()
    return found


def used(db: sqlite3.Connection) -> int:
    """The bytes of the file that hold something."""
    pages, free, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in _PAGES)
    return int((pages - free) * size)


def shrink(db: sqlite3.Connection, most: int) -> tuple[int, int]:
    """Bring a store of more than `most` bytes back to nine tenths: how many spans and records went, the oldest first.

    Of the records that wait for the bus those go that take more than half of it.
    """
    if used(db) <= most:
        return 0, 0
    records = _give_up(db, int(most * OUTBOX_SHARE))
    spans = 0
    while used(db) > most * ROOM:
        oldest = "SELECT rowid FROM otlp_spans ORDER BY start LIMIT ?"
        gone = db.execute(f"DELETE FROM otlp_spans WHERE rowid IN ({oldest})", (DELETED_AT_ONCE,)).rowcount
        if not gone:
            break
        spans += gone
    db.executescript("PRAGMA incremental_vacuum")  # which steps to its end, as `execute` does not
    return spans, records


def _give_up(db: sqlite3.Connection, most: int) -> int:
    """Delete the oldest records of an outbox that holds more bytes than that; how many."""
    newest_first = "SELECT id, SUM(LENGTH(body)) OVER (ORDER BY id DESC) AS held FROM outbox"
    last = db.execute(f"SELECT COALESCE(MAX(id), -1) FROM ({newest_first}) WHERE held > ?", (most,)).fetchone()[0]
    return db.execute("DELETE FROM outbox WHERE id <= ?", (last,)).rowcount


def expire(db: sqlite3.Connection, now: int, retention_s: int, outbox_rows: int) -> int:
    """Delete the spans of before and, from wrong clocks, of after the time that is kept until `now` (Unix ns).

    So goes the oldest of an outbox that grew too long; returns how many records were given up.
    """
    gone = "DELETE FROM otlp_spans WHERE start < ? OR start > ?"
    db.execute(gone, (now - retention_s * SECOND, now + AHEAD_NS))
    db.executescript("PRAGMA incremental_vacuum")
    newest = db.execute("SELECT COALESCE(MAX(id), 0) FROM outbox").fetchone()[0]
    return db.execute("DELETE FROM outbox WHERE id <= ?", (newest - outbox_rows,)).rowcount


def spans_of_traces(db: sqlite3.Connection, trace_ids: Iterable[str]) -> list[bytes]:
    """The spans of these traces, trace by trace in the order asked, each trace's spans by start, at most 10,000."""
    asked = f"SELECT alone FROM otlp_spans WHERE trace_id = ? ORDER BY start LIMIT {MAX_SPANS}"
    return [alone for trace_id in trace_ids for (alone,) in db.execute(asked, (trace_id,))]


def _row(span: KeptSpan) -> tuple[object, ...]:
    return (
        span.trace_id, span.span_id, span.parent_id, span.service, span.name, span.kind, span.start, span.end,
        span.alone,
    )  # fmt: skip
