"""Spans and the outbox to Kafka in one SQLite file (WAL): what is acknowledged is in both or in neither."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

SCHEMA = """
CREATE TABLE IF NOT EXISTS spans (
    trace_id TEXT, span_id TEXT, parent_id TEXT, service TEXT, name TEXT, kind TEXT, start INTEGER, stop INTEGER,
    status TEXT, message TEXT, attributes TEXT, PRIMARY KEY (trace_id, span_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS spans_by_service ON spans (service, start);
CREATE INDEX IF NOT EXISTS spans_by_time ON spans (start);
CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT, body BLOB);
"""
COLUMNS = "trace_id, span_id, parent_id, service, name, kind, start, stop, status, message, attributes"


@dataclass(frozen=True)
class Export:
    """One export request as received, with the spans in it (none for logs and metrics)."""

    topic: str
    body: bytes
    spans: Sequence[Span]


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread at a time; commits survive the death of the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)
    return connection


def store(db: sqlite3.Connection, exports: Iterable[Export], sent: Iterable[int]) -> None:
    """One transaction: new exports in, published ones out."""
    kept = list(exports)
    db.execute("BEGIN IMMEDIATE")
    rows = (_row(span) for export in kept for span in export.spans)
    db.executemany(f"INSERT OR REPLACE INTO spans ({COLUMNS}) VALUES ({','.join('?' * 11)})", rows)
    db.executemany("INSERT INTO outbox (topic, body) VALUES (?, ?)", [(one.topic, one.body) for one in kept])
    db.executemany("DELETE FROM outbox WHERE id = ?", [(id,) for id in sent])
    db.execute("COMMIT")


def waiting(db: sqlite3.Connection, after: int, limit: int = 500) -> list[tuple[int, str, bytes]]:
    """The oldest requests not yet published, with ids over `after`."""
    return db.execute("SELECT id, topic, body FROM outbox WHERE id > ? ORDER BY id LIMIT ?", (after, limit)).fetchall()


def expire(db: sqlite3.Connection, before: int, outbox_rows: int) -> int:
    """Delete old spans, and the oldest of an outbox that grew too long; how many requests were given up."""
    db.execute("DELETE FROM spans WHERE start < ?", (before,))
    newest = db.execute("SELECT COALESCE(MAX(id), 0) FROM outbox").fetchone()[0]
    return db.execute("DELETE FROM outbox WHERE id <= ?", (newest - outbox_rows,)).rowcount


def spans_where(db: sqlite3.Connection, where: str, values: Sequence[object]) -> list[Span]:
    """Spans by a fixed condition of ours and its values."""
    return [_span(row) for row in db.execute(f"SELECT {COLUMNS} FROM spans WHERE {where} ORDER BY start", values)]


def _row(span: Span) -> tuple[object, ...]:
    return (
        span.trace_id, span.span_id, span.parent_id, span.service, span.name, span.kind.value, span.start, span.end,
        span.status.value, span.status_message, json.dumps(dict(span.attributes)),
    )  # fmt: skip


def _span(row: tuple[str, str, str, str, str, str, int, int, str, str, str]) -> Span:
    return Span(*row[:5], SpanKind(row[5]), row[6], row[7], SpanStatus(row[8]), row[9], json.loads(row[10]))
