"""Spans and the outbox to Kafka in one SQLite file (WAL): every acknowledged request is in both."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sre_embedded.databases import SIDE_FILES, damage_of
from sre_space.codec.jaeger_otlp import StoredSpan
from sre_space.domain.event_time import AHEAD_NS, SECOND
from sre_space.state_files import make_folder, set_aside

ROWS_PER_DELETE = 200  # rows may be large; this keeps the transaction short
MAX_SPANS = 10_000  # of a trace in an answer
_PAGES = ("page_count", "freelist_count", "page_size")
SHRINK_TO = 0.9  # share of the maximum size to which a full store is reduced
OUTBOX_SHARE = 0.5  # share of the maximum size that the outbox may take
READ_BYTES = 16 * 2**20  # of the outbox in one read
WAL_BYTES = 32 * 2**20  # to which the write-ahead log is truncated after a checkpoint

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
    """One export request: its spans (none for logs and metrics), and the records that publish it."""

    topic: str
    records: Sequence[bytes]
    spans: Sequence[StoredSpan]

    @property
    def size(self) -> int:
        """Return the approximate size in bytes."""
        return sum(map(len, self.records)) + sum(len(span.alone) for span in self.spans)


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection for one thread at a time; commits survive the death of the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    # Only a new file accepts this setting, which costs a write.
    if not connection.execute("PRAGMA page_count").fetchone()[0]:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    pragmas = f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit={WAL_BYTES};"
    connection.executescript(pragmas + SCHEMA)
    return connection


def set_damaged_aside(path: Path) -> bool:
    """Return True when the database was damaged: it is expendable, so it is set aside and created anew."""
    make_folder(path.parent)
    damage = damage_of(path)
    if damage:
        loss = f"{damage}: the stored spans, and the records that were not yet published to the bus, are lost"
        for file in (path, *(path.with_name(path.name + suffix) for suffix in SIDE_FILES)):
            if file.exists():
                set_aside(file, loss if file == path else "it belongs to the damaged database")
    return bool(damage)


def store(db: sqlite3.Connection, exports: Iterable[Export], sent: Iterable[int]) -> None:
    """Insert new exports and delete published records in one transaction; an error of the disk rolls all of it back."""
    requests = list(exports)
    with db:
        db.execute("BEGIN IMMEDIATE")
        rows = (_row(span) for export in requests for span in export.spans)
        db.executemany("INSERT OR REPLACE INTO otlp_spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        records = [(export.topic, record) for export in requests for record in export.records]
        db.executemany("INSERT INTO outbox (topic, body) VALUES (?, ?)", records)
        db.executemany("DELETE FROM outbox WHERE id = ?", [(id,) for id in sent])


def waiting(db: sqlite3.Connection, after: int, limit: int = 500) -> list[tuple[int, str, bytes]]:
    """Return the oldest unpublished records with ids above `after`, as (id, topic, body).

    At least one if there is any, and no further ones once they have 16 MiB.
    """
    rows = db.execute("SELECT id, topic, body FROM outbox WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
    records: list[tuple[int, str, bytes]] = []
    left = READ_BYTES
    while left > 0 and (row := rows.fetchone()):
        records.append(row)
        left -= len(row[2])
    rows.close()
    return records


def used_bytes(db: sqlite3.Connection) -> int:
    """Return the bytes of the file that are in use."""
    pages, free, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in _PAGES)
    return int((pages - free) * size)


def shrink(db: sqlite3.Connection, max_bytes: int) -> tuple[int, int]:
    """Reduce a store of more than `max_bytes` to nine tenths of that, the oldest first.

    Return how many spans and how many records were deleted. Unpublished records are deleted only as far as they take
    more than half of the limit.
    """
    if used_bytes(db) <= max_bytes:
        return 0, 0
    records = _trim_outbox(db, int(max_bytes * OUTBOX_SHARE))
    spans = 0
    while used_bytes(db) > max_bytes * SHRINK_TO:
        oldest = "SELECT rowid FROM otlp_spans ORDER BY start LIMIT ?"
        deleted = db.execute(f"DELETE FROM otlp_spans WHERE rowid IN ({oldest})", (ROWS_PER_DELETE,)).rowcount
        if not deleted:
            break
        spans += deleted
    db.executescript("PRAGMA incremental_vacuum")  # executescript runs it to its end, execute does not
    return spans, records


def _trim_outbox(db: sqlite3.Connection, max_bytes: int) -> int:
    """Delete the oldest records of the outbox beyond `max_bytes`; return how many."""
    newest_first = "SELECT id, SUM(LENGTH(body)) OVER (ORDER BY id DESC) AS held FROM outbox"
    last = db.execute(f"SELECT COALESCE(MAX(id), -1) FROM ({newest_first}) WHERE held > ?", (max_bytes,)).fetchone()[0]
    return db.execute("DELETE FROM outbox WHERE id <= ?", (last,)).rowcount


def expire(db: sqlite3.Connection, now: int, retention_s: int, outbox_rows: int) -> int:
    """Delete spans from before the retention time, and from too far in the future (wrong clocks); `now` in Unix ns.

    Also delete the oldest records of an outbox with more than `outbox_rows`; return how many.
    """
    outdated = "DELETE FROM otlp_spans WHERE start < ? OR start > ?"
    db.execute(outdated, (now - retention_s * SECOND, now + AHEAD_NS))
    db.executescript("PRAGMA incremental_vacuum")
    newest = db.execute("SELECT COALESCE(MAX(id), 0) FROM outbox").fetchone()[0]
    return db.execute("DELETE FROM outbox WHERE id <= ?", (newest - outbox_rows,)).rowcount


def spans_of_traces(db: sqlite3.Connection, trace_ids: Iterable[str]) -> list[bytes]:
    """Return the spans of these traces, in the order of the ids, each trace's by start, at most 10,000 each."""
    query = f"SELECT alone FROM otlp_spans WHERE trace_id = ? ORDER BY start LIMIT {MAX_SPANS}"
    return [alone for trace_id in trace_ids for (alone,) in db.execute(query, (trace_id,))]


def _row(span: StoredSpan) -> tuple[object, ...]:
    return (
        span.trace_id, span.span_id, span.parent_id, span.service, span.name, span.kind, span.start, span.end,
        span.alone,
    )  # fmt: skip
