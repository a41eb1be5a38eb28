"""Issues, comments and labels in SQLite (WAL): what is acknowledged is committed.

The tables of pull requests are here too, for they share the sequence of numbers; `pull_store.py` reads and writes them.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sre_space.domain.errors import Malformed
from sre_space.embedded.databases import damage_of
from sre_space.files import flush_folder
from sre_space.state_files import make_way

SCHEMA = """
CREATE TABLE IF NOT EXISTS issues (
    number INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, body TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open', reason TEXT, author TEXT NOT NULL, labels TEXT NOT NULL DEFAULT '[]',
    created TEXT NOT NULL, updated TEXT NOT NULL, closed TEXT
);
CREATE TABLE IF NOT EXISTS comments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, issue INTEGER NOT NULL REFERENCES issues (number), body TEXT NOT NULL,
    author TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS comments_by_issue ON comments (issue, id);
CREATE INDEX IF NOT EXISTS issues_listed ON issues (created, updated, state, labels);
CREATE TABLE IF NOT EXISTS labels (
    name TEXT PRIMARY KEY COLLATE NOCASE, color TEXT NOT NULL, description TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS reactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, issue INTEGER NOT NULL REFERENCES issues (number), comment INTEGER NOT NULL,
    content TEXT NOT NULL, author TEXT NOT NULL, UNIQUE (issue, comment, content, author)
);
CREATE TABLE IF NOT EXISTS pulls (
    number INTEGER PRIMARY KEY REFERENCES issues (number), head TEXT NOT NULL, base TEXT NOT NULL,
    head_sha TEXT NOT NULL, base_sha TEXT NOT NULL, draft INTEGER NOT NULL,
    merged_at TEXT, merge_sha TEXT, merged_by TEXT
);
CREATE TABLE IF NOT EXISTS merges (
    pull INTEGER PRIMARY KEY REFERENCES pulls (number), base TEXT NOT NULL, after TEXT NOT NULL, by TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS check_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, pull INTEGER NOT NULL REFERENCES pulls (number), sha TEXT NOT NULL,
    name TEXT NOT NULL, conclusion TEXT NOT NULL, summary TEXT NOT NULL, started TEXT NOT NULL,
    completed TEXT NOT NULL, UNIQUE (pull, sha, name)
);
"""


def utc_now() -> str:
    """A timestamp as GitHub writes it: whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class IssueRow:
    """One issue as stored, with its number of comments."""

    number: int
    title: str
    body: str
    state: str
    reason: str | None
    author: str
    labels: tuple[str, ...]
    created: str
    updated: str
    closed: str | None
    comments: int


@dataclass(frozen=True)
class Listing:
    """Which issues are listed, in which order, and the page of them; "" is any state."""

    state: str
    since: str
    labels: Sequence[str]
    by: str
    descending: bool
    size: int
    start: int


@dataclass(frozen=True)
class CommentRow:
    """One comment as stored."""

    id: int
    issue: int
    body: str
    author: str
    created: str
    updated: str


COMMENTS = "(SELECT COUNT(*) FROM comments c WHERE c.issue = i.number)"
LISTED = (
    "FROM issues i WHERE i.number NOT IN (SELECT number FROM pulls) AND ? IN ('', i.state) AND i.updated >= ?"
    " AND NOT EXISTS (SELECT 1 FROM json_each(?) WHERE value NOT IN (SELECT value FROM json_each(i.labels)))"
)
ORDERS = {"CREATED_AT": "i.created", "UPDATED_AT": "i.updated", "COMMENTS": COMMENTS}
ISSUE = f"SELECT i.*, {COMMENTS} FROM issues i"


class Store:
    """One connection; every method that changes something commits before it returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_damaged(path)
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;" + SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        with self.db:
            self.db.execute("BEGIN IMMEDIATE")
            yield

    def create_issue(self, title: str, body: str, labels: Sequence[str], author: str) -> int:
        """The new issue's number."""
        now = utc_now()
        for label in labels:
            self.create_label(label)
        cursor = self.db.execute(
            "INSERT INTO issues (title, body, labels, author, created, updated) VALUES (?, ?, ?, ?, ?, ?)",
            (title, body, json.dumps(list(labels)), author, now, now),
        )
        return int(cursor.lastrowid or 0)

    def issue(self, number: int) -> IssueRow | None:
        """One issue or pull request."""
        row = self.db.execute(f"{ISSUE} WHERE i.number = ?", (number,)).fetchone()
        return _issue(row) if row else None

    def issues(self) -> list[IssueRow]:
        """All issues that are no pull requests, oldest first."""
        chosen = f"{ISSUE} WHERE i.number NOT IN (SELECT number FROM pulls) ORDER BY i.number"
        return [_issue(row) for row in self.db.execute(chosen)]

    def listed(self, one: Listing) -> tuple[list[IssueRow], int]:
        """A page of the issues that are no pull requests, and how many are chosen; no other page's text is read."""
        chosen = (one.state, one.since, json.dumps(list(one.labels)))
        way = "DESC" if one.descending else "ASC"
        page = f"SELECT i.number {LISTED} ORDER BY {ORDERS[one.by]} {way}, i.number {way} LIMIT ? OFFSET ?"
        numbers = self.db.execute(page, (*chosen, one.size, one.start)).fetchall()
        rows = [self.db.execute(f"{ISSUE} WHERE i.number = ?", number).fetchone() for number in numbers]
        return [_issue(row) for row in rows], int(self.db.execute(f"SELECT COUNT(*) {LISTED}", chosen).fetchone()[0])

    def update_issue(self, number: int, title: str | None, body: str | None, labels: Sequence[str] | None) -> None:
        """Change what is not None."""
        for label in labels or ():
            self.create_label(label)
        encoded = None if labels is None else json.dumps(list(labels))
        self.db.execute(
            "UPDATE issues SET title = COALESCE(?, title), body = COALESCE(?, body), labels = COALESCE(?, labels),"
            " updated = ? WHERE number = ?",
            (title, body, encoded, utc_now(), number),
        )

    def set_state(self, number: int, state: str, reason: str | None) -> None:
        """Close or reopen."""
        now = utc_now()
        closed = now if state == "closed" else None
        self.db.execute(
            "UPDATE issues SET state = ?, reason = ?, closed = ?, updated = ? WHERE number = ? AND state <> ?",
            (state, reason, closed, now, number, state),
        )

    def add_comment(self, issue: int, body: str, author: str) -> int:
        """The new comment's id; the issue counts as updated."""
        now = utc_now()
        with self.transaction():
            cursor = self.db.execute(
                "INSERT INTO comments (issue, body, author, created, updated) VALUES (?, ?, ?, ?, ?)",
                (issue, body, author, now, now),
            )
            self.db.execute("UPDATE issues SET updated = ? WHERE number = ?", (now, issue))
        return int(cursor.lastrowid or 0)

    def add_reaction(self, issue: int, comment: int, content: str, author: str) -> int:
        """The reaction's id, the same when this author already reacted so; `comment` 0: to the issue itself."""
        row = (issue, comment, content, author)
        self.db.execute("INSERT OR IGNORE INTO reactions (issue, comment, content, author) VALUES (?, ?, ?, ?)", row)
        found = "SELECT id FROM reactions WHERE issue = ? AND comment = ? AND content = ? AND author = ?"
        return int(self.db.execute(found, row).fetchone()[0])

    def reactions(self, issue: int) -> list[tuple[int, str, int]]:
        """Comment (0: the issue), content and how many, for an issue and its comments."""
        counted = "SELECT comment, content, COUNT(*) FROM reactions WHERE issue = ? GROUP BY comment, content"
        return self.db.execute(counted, (issue,)).fetchall()

    def comments(self, issue: int, size: int = -1, start: int = 0) -> list[CommentRow]:
        """The comments of an issue in id order: all, or a page of them."""
        rows = self.db.execute(
            "SELECT id, issue, body, author, created, updated FROM comments WHERE id IN"
            " (SELECT id FROM comments WHERE issue = ? ORDER BY id LIMIT ? OFFSET ?) ORDER BY id",
            (issue, size, start),
        )
        return [CommentRow(*row) for row in rows]

    def comment(self, id: int) -> CommentRow | None:
        """One comment."""
        row = self.db.execute(
            "SELECT id, issue, body, author, created, updated FROM comments WHERE id = ?", (id,)
        ).fetchone()
        return CommentRow(*row) if row else None

    def edit_comment(self, id: int, body: str) -> None:
        """A new text; the time of the edit shows."""
        self.db.execute("UPDATE comments SET body = ?, updated = ? WHERE id = ?", (body, utc_now(), id))

    def delete_comment(self, id: int) -> None:
        """Gone."""
        self.db.execute("DELETE FROM comments WHERE id = ?", (id,))

    def create_label(self, name: str, color: str = "ededed", description: str = "") -> bool:
        """False when it exists."""
        cursor = self.db.execute("INSERT OR IGNORE INTO labels VALUES (?, ?, ?)", (name, color, description))
        return cursor.rowcount == 1

    def labels(self) -> list[tuple[str, str, str]]:
        """Name, colour and description of each."""
        return self.db.execute("SELECT name, color, description FROM labels ORDER BY name").fetchall()

    def update_label(self, name: str, new_name: str | None, color: str | None, description: str | None) -> None:
        """Change what is not None."""
        self.db.execute(
            "UPDATE labels SET name = COALESCE(?, name), color = COALESCE(?, color),"
            " description = COALESCE(?, description) WHERE name = ?",
            (new_name, color, description, name),
        )

    def delete_label(self, name: str) -> None:
        """Gone."""
        self.db.execute("DELETE FROM labels WHERE name = ?", (name,))


def _refuse_damaged(path: Path) -> None:
    """`Malformed` for what is no whole database: it is the record of all incidents, and is never begun anew.

    A new one has its tables before it has its name, so an empty file is damage too.
    """
    damage = damage_of(path)
    if path.is_file() and not path.stat().st_size:
        damage = "it is empty"
    if not path.exists() and path.with_name(f"{path.name}-wal").exists():
        damage = "it is gone, and its -wal file is left"
    if damage:
        raise Malformed(
            f"{path}, the record of all incidents, is damaged: {damage}; put a backup in its place, or move it away to "
            "begin without incidents"
        )
    if not path.exists():
        beside = path.with_suffix(".new")
        make_way(beside)
        beside.unlink(missing_ok=True)
        database = sqlite3.connect(beside, isolation_level=None)
        database.executescript(SCHEMA)
        database.close()
        beside.rename(path)
        flush_folder(path.parent)


def _issue(row: tuple[int, str, str, str, str | None, str, str, str, str, str | None, int]) -> IssueRow:
    return IssueRow(*row[:6], tuple(json.loads(row[6])), *row[7:])
