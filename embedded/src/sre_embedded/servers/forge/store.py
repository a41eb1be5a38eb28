"""Issues, comments and labels in SQLite (WAL): every acknowledged change is committed.

The tables of pull requests are here too because they share the sequence of numbers; `pull_store.py` uses them.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sre_embedded.databases import damage_of
from sre_space.domain.errors import Malformed
from sre_space.files import flush_folder
from sre_space.state_files import set_folder_aside

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
    """Return the current time as GitHub writes it: ISO 8601, UTC, whole seconds."""
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
    """Filter, order and page of a list of issues; an empty `state` matches any."""

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
    """The forge's database over one connection; every method that changes something commits before it returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_damaged(path)
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;" + SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the body in one transaction."""
        with self.db:
            self.db.execute("BEGIN IMMEDIATE")
            yield

    def create_issue(self, title: str, body: str, labels: Sequence[str], author: str) -> int:
        """Insert an issue and return its number."""
        now = utc_now()
        for label in labels:
            self.create_label(label)
        cursor = self.db.execute(
            "INSERT INTO issues (title, body, labels, author, created, updated) VALUES (?, ?, ?, ?, ?, ?)",
            (title, body, json.dumps(list(labels)), author, now, now),
        )
        return int(cursor.lastrowid or 0)

    def issue(self, number: int) -> IssueRow | None:
        """Return one issue or pull request, None when there is none with that number."""
        row = self.db.execute(f"{ISSUE} WHERE i.number = ?", (number,)).fetchone()
        return _issue(row) if row else None

    def issues(self) -> list[IssueRow]:
        """Return all issues that are not pull requests, oldest first."""
        chosen = f"{ISSUE} WHERE i.number NOT IN (SELECT number FROM pulls) ORDER BY i.number"
        return [_issue(row) for row in self.db.execute(chosen)]

    def listed(self, listing: Listing) -> tuple[list[IssueRow], int]:
        """Return a page of the issues that are not pull requests, and how many match.

        Only the texts of the page are read.
        """
        chosen = (listing.state, listing.since, json.dumps(list(listing.labels)))
        direction = "DESC" if listing.descending else "ASC"
        page = (
            f"SELECT i.number {LISTED} ORDER BY {ORDERS[listing.by]} {direction}, i.number {direction} LIMIT ? OFFSET ?"
        )
        numbers = self.db.execute(page, (*chosen, listing.size, listing.start)).fetchall()
        rows = [self.db.execute(f"{ISSUE} WHERE i.number = ?", number).fetchone() for number in numbers]
        return [_issue(row) for row in rows], int(self.db.execute(f"SELECT COUNT(*) {LISTED}", chosen).fetchone()[0])

    def update_issue(self, number: int, title: str | None, body: str | None, labels: Sequence[str] | None) -> None:
        """Update the fields that are not None."""
        for label in labels or ():
            self.create_label(label)
        encoded = None if labels is None else json.dumps(list(labels))
        self.db.execute(
            "UPDATE issues SET title = COALESCE(?, title), body = COALESCE(?, body), labels = COALESCE(?, labels),"
            " updated = ? WHERE number = ?",
            (title, body, encoded, utc_now(), number),
        )

    def set_state(self, number: int, state: str, reason: str | None) -> None:
        """Close or reopen an issue."""
        now = utc_now()
        closed = now if state == "closed" else None
        self.db.execute(
            "UPDATE issues SET state = ?, reason = ?, closed = ?, updated = ? WHERE number = ? AND state <> ?",
            (state, reason, closed, now, number, state),
        )

    def add_comment(self, issue: int, body: str, author: str) -> int:
        """Insert a comment and return its id; the issue counts as updated."""
        now = utc_now()
        with self.transaction():
            cursor = self.db.execute(
                "INSERT INTO comments (issue, body, author, created, updated) VALUES (?, ?, ?, ?, ?)",
                (issue, body, author, now, now),
            )
            self.db.execute("UPDATE issues SET updated = ? WHERE number = ?", (now, issue))
        return int(cursor.lastrowid or 0)

    def add_reaction(self, issue: int, comment: int, content: str, author: str) -> int:
        """Insert a reaction and return its id, or the id of the same reaction of the same author.

        `comment` 0 stands for the issue itself.
        """
        row = (issue, comment, content, author)
        self.db.execute("INSERT OR IGNORE INTO reactions (issue, comment, content, author) VALUES (?, ?, ?, ?)", row)
        query = "SELECT id FROM reactions WHERE issue = ? AND comment = ? AND content = ? AND author = ?"
        return int(self.db.execute(query, row).fetchone()[0])

    def reactions(self, issue: int) -> list[tuple[int, str, int]]:
        """Return comment id (0: the issue), reaction and count for an issue and its comments."""
        counted = "SELECT comment, content, COUNT(*) FROM reactions WHERE issue = ? GROUP BY comment, content"
        return self.db.execute(counted, (issue,)).fetchall()

    def comments(self, issue: int, size: int = -1, start: int = 0) -> list[CommentRow]:
        """Return the comments of an issue in id order: all, or a page of them."""
        rows = self.db.execute(
            "SELECT id, issue, body, author, created, updated FROM comments WHERE id IN"
            " (SELECT id FROM comments WHERE issue = ? ORDER BY id LIMIT ? OFFSET ?) ORDER BY id",
            (issue, size, start),
        )
        return [CommentRow(*row) for row in rows]

    def comment(self, id: int) -> CommentRow | None:
        """Return one comment, None when there is none with that id."""
        row = self.db.execute(
            "SELECT id, issue, body, author, created, updated FROM comments WHERE id = ?", (id,)
        ).fetchone()
        return CommentRow(*row) if row else None

    def edit_comment(self, id: int, body: str) -> None:
        """Replace a comment's text and its time of update."""
        self.db.execute("UPDATE comments SET body = ?, updated = ? WHERE id = ?", (body, utc_now(), id))

    def delete_comment(self, id: int) -> None:
        """Delete a comment."""
        self.db.execute("DELETE FROM comments WHERE id = ?", (id,))

    def create_label(self, name: str, color: str = "ededed", description: str = "") -> bool:
        """Insert a label; return False when it exists."""
        cursor = self.db.execute("INSERT OR IGNORE INTO labels VALUES (?, ?, ?)", (name, color, description))
        return cursor.rowcount == 1

    def labels(self) -> list[tuple[str, str, str]]:
        """Return name, colour and description of each label."""
        return self.db.execute("SELECT name, color, description FROM labels ORDER BY name").fetchall()

    def update_label(self, name: str, new_name: str | None, color: str | None, description: str | None) -> None:
        """Update the fields of a label that are not None."""
        self.db.execute(
            "UPDATE labels SET name = COALESCE(?, name), color = COALESCE(?, color),"
            " description = COALESCE(?, description) WHERE name = ?",
            (new_name, color, description, name),
        )

    def delete_label(self, name: str) -> None:
        """Delete a label."""
        self.db.execute("DELETE FROM labels WHERE name = ?", (name,))


def _refuse_damaged(path: Path) -> None:
    """Raise `Malformed` for a damaged database.

    It is the record of all incidents, so it is never replaced by an empty one. A new database gets its tables before
    its name, so an empty file is damage too.
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
        new_path = path.with_suffix(".new")
        set_folder_aside(new_path)
        new_path.unlink(missing_ok=True)
        database = sqlite3.connect(new_path, isolation_level=None)
        database.executescript(SCHEMA)
        database.close()
        new_path.rename(path)
        flush_folder(path.parent)


def _issue(row: tuple[int, str, str, str, str | None, str, str, str, str, str | None, int]) -> IssueRow:
    return IssueRow(*row[:6], tuple(json.loads(row[6])), *row[7:])
