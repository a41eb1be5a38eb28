"""Pull requests, merge intents and check runs in SQLite; text and state of a pull request are those of its issue."""

from dataclasses import dataclass

from sre_embedded.servers.forge.store import IssueRow, Store, utc_now

OPEN, CLOSED = "open", "closed"
_PULL = "SELECT head, base, head_sha, base_sha, draft, merged_at, merge_sha, merged_by FROM pulls WHERE number = ?"
_RUN = "SELECT id, pull, sha, name, conclusion, summary, started, completed FROM check_runs"


@dataclass(frozen=True)
class PullRow:
    """One pull request as stored; `merged_at`, `merge_sha` and `merged_by` are None until it is merged."""

    issue: IssueRow
    head: str
    base: str
    head_sha: str
    base_sha: str
    draft: bool
    merged_at: str | None
    merge_sha: str | None
    merged_by: str | None

    @property
    def number(self) -> int:
        """Return the number, from the sequence that issues share."""
        return self.issue.number

    @property
    def open(self) -> bool:
        """Return True when the pull request is neither merged nor closed."""
        return self.issue.state == OPEN


@dataclass(frozen=True)
class NewPull:
    """A pull request to create: the branch `head` is to be merged into `base`."""

    title: str
    body: str
    head: str
    base: str
    draft: bool = False


@dataclass(frozen=True)
class Intent:
    """A merge about to happen: the commit the base moves to. Deleted once the pull request is marked as merged."""

    pull: int
    base: str
    after: str
    by: str


@dataclass(frozen=True)
class CheckRun:
    """One run of a check on a head; `conclusion` is "success" or "failure"."""

    id: int
    pull: int
    sha: str
    name: str
    conclusion: str
    summary: str
    started: str
    completed: str


class PullStore:
    """The tables of pull requests, beside the issues in the same database."""

    def __init__(self, store: Store) -> None:
        self.issues, self.db = store, store.db

    def create(self, pull: NewPull, author: str, head_sha: str, base_sha: str) -> int:
        """Insert a pull request and return its number; `head_sha` and `base_sha` are the heads of its branches."""
        with self.issues.transaction():
            number = self.issues.create_issue(pull.title, pull.body, (), author)
            self.db.execute(
                "INSERT INTO pulls (number, head, base, head_sha, base_sha, draft) VALUES (?, ?, ?, ?, ?, ?)",
                (number, pull.head, pull.base, head_sha, base_sha, pull.draft),
            )
        return number

    def pull(self, number: int) -> PullRow | None:
        """Return one pull request, None when there is none with that number."""
        row, issue = self.db.execute(_PULL, (number,)).fetchone(), self.issues.issue(number)
        if row is None or issue is None:
            return None
        head, base, head_sha, base_sha, draft, *merged = row
        return PullRow(issue, head, base, head_sha, base_sha, bool(draft), *merged)

    def numbers(self) -> list[int]:
        """Return the numbers of all pull requests, newest first."""
        return [number for (number,) in self.db.execute("SELECT number FROM pulls ORDER BY number DESC")]

    def update_heads(self, number: int, head_sha: str, base_sha: str) -> None:
        """Update the heads of a pull request's branches.

        A new head counts as an update of the pull request, a new base does not.
        """
        with self.issues.transaction():
            self.db.execute(
                "UPDATE issues SET updated = ? WHERE number = ?"
                " AND ? <> (SELECT head_sha FROM pulls p WHERE p.number = issues.number)",
                (utc_now(), number, head_sha),
            )
            self.db.execute(
                "UPDATE pulls SET head_sha = ?, base_sha = ? WHERE number = ?", (head_sha, base_sha, number)
            )

    def retarget(self, number: int, base: str) -> None:
        """Change the base; check runs against the old base are deleted."""
        with self.issues.transaction():
            self.db.execute("UPDATE pulls SET base = ? WHERE number = ?", (base, number))
            self.db.execute("DELETE FROM check_runs WHERE pull = ?", (number,))

    def set_draft(self, number: int, draft: bool) -> None:
        """Set whether the pull request is a draft, which cannot be merged."""
        self.db.execute("UPDATE pulls SET draft = ? WHERE number = ?", (draft, number))

    def record_intent(self, intent: Intent) -> None:
        """Insert an intent, before the base moves."""
        row = (intent.pull, intent.base, intent.after, intent.by)
        self.db.execute("INSERT OR REPLACE INTO merges (pull, base, after, by) VALUES (?, ?, ?, ?)", row)

    def intents(self) -> list[Intent]:
        """Return the intents of merges that were interrupted."""
        return [Intent(*row) for row in self.db.execute("SELECT pull, base, after, by FROM merges")]

    def drop_intent(self, intent: Intent) -> None:
        """Delete the intent of a merge that did not happen."""
        self.db.execute("DELETE FROM merges WHERE pull = ?", (intent.pull,))

    def mark_merged(self, intent: Intent) -> None:
        """Mark the pull request as merged and closed, after the base has moved, and delete the intent."""
        now = utc_now()
        with self.issues.transaction():
            self.db.execute(
                "UPDATE pulls SET merged_at = ?, merge_sha = ?, merged_by = ? WHERE number = ?",
                (now, intent.after, intent.by, intent.pull),
            )
            self.issues.set_state(intent.pull, CLOSED, None)
            self.drop_intent(intent)

    def add_check_run(self, run: CheckRun) -> None:
        """Insert a check run; the database assigns its id."""
        self.db.execute(
            "INSERT OR IGNORE INTO check_runs (pull, sha, name, conclusion, summary, started, completed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (run.pull, run.sha, run.name, run.conclusion, run.summary, run.started, run.completed),
        )

    def checks(self, pull: int, sha: str) -> list[CheckRun]:
        """Return the check runs of one head of a pull request."""
        rows = self.db.execute(f"{_RUN} WHERE pull = ? AND sha = ? ORDER BY id", (pull, sha))
        return [CheckRun(*row) for row in rows]

    def checks_of(self, sha: str) -> list[CheckRun]:
        """Return the check runs of a commit."""
        return [CheckRun(*row) for row in self.db.execute(f"{_RUN} WHERE sha = ? ORDER BY id", (sha,))]
