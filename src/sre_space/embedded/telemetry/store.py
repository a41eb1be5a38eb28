"""Spans and the outbox to Kafka in one SQLite file (WAL): what is acknowledged is in both or in neither."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sre_space.embedded.aside import make_folder, set_aside
from sre_space.embedded.databases import BESIDE, damage_of
from sre_space.wire.jaeger_otlp import KeptSpan

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


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread at a time; commits survive the death of the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)
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
    """One transaction: new exports in, published ones out."""
    kept = list(exports)
    db.execute("BEGIN IMMEDIATE")
    rows = (_row(span) for export in kept for span in export.spans)
    db.executemany("INSERT OR REPLACE INTO otlp_spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    records = [(export.topic, record) for export in kept for record in export.records]
    db.executemany("INSERT INTO outbox (topic, body) VALUES (?, ?)", records)
    db.executemany("DELETE FROM outbox WHERE id = ?", [(id,) for id in sent])
    db.execute("COMMIT")


def waiting(db: sqlite3.Connection, after: int, limit: int = 500) -> list[tuple[int, str, bytes]]:
    """The oldest records not yet published, with ids over `after`."""
    return db.execute("SELECT id, topic, body FROM outbox WHERE id > ? ORDER BY id LIMIT ?", (after, limit)).fetchall()


def expire(db: sqlite3.Connection, before: int, outbox_rows: int) -> int:
    """Delete old spans, and the oldest of an outbox that grew too long; how many records were given up."""
    db.execute("DELETE FROM otlp_spans WHERE start < ?", (before,))
    newest = db.execute("SELECT COALESCE(MAX(id), 0) FROM outbox").fetchone()[0]
    return db.execute("DELETE FROM outbox WHERE id <= ?", (newest - outbox_rows,)).rowcount


def spans_of_traces(db: sqlite3.Connection, trace_ids: Iterable[str]) -> list[bytes]:
    """All spans of these traces, trace by trace in the order asked, each trace's spans by start."""
    asked = "SELECT alone FROM otlp_spans WHERE trace_id = ? ORDER BY start"
    return [alone for trace_id in trace_ids for (alone,) in db.execute(asked, (trace_id,))]


def _row(span: KeptSpan) -> tuple[object, ...]:
    return (
        span.trace_id, span.span_id, span.parent_id, span.service, span.name, span.kind, span.start, span.end,
        span.alone,
    )  # fmt: skip
