"""Pull requests, the intents of merges and check runs in SQLite; a pull request's text and state are its issue's."""

from dataclasses import dataclass

from sre_space.embedded.forge.store import IssueRow, Store, utc_now

OPEN, CLOSED = "open", "closed"
_PULL = "SELECT head, base, head_sha, base_sha, draft, merged_at, merge_sha, merged_by FROM pulls WHERE number = ?"
_RUN = "SELECT id, pull, sha, name, conclusion, summary, started, completed FROM check_runs"


@dataclass(frozen=True)
class PullRow:
    """One pull request as stored; `merge_sha` and what goes with it are None until it is merged."""

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
        """Of the sequence that issues have too."""
        return self.issue.number

    @property
    def open(self) -> bool:
        """Neither merged nor closed."""
        return self.issue.state == OPEN


@dataclass(frozen=True)
class StoredPull:
    """A pull request to be: the branch `head` shall be merged into `base`."""

    title: str
    body: str
    head: str
    base: str
    draft: bool = False


@dataclass(frozen=True)
class Intent:
    """A merge about to happen: the base goes from one commit to another. Gone once the pull request is marked."""

    pull: int
    base: str
    after: str
    by: str


@dataclass(frozen=True)
class CheckRun:
    """One check that was performed on a head; `conclusion` is "success" or "failure"."""

    id: int
    pull: int
    sha: str
    name: str
    conclusion: str
    summary: str
    started: str
    completed: str


class PullStore:
    """Beside the issues, in the same database."""

    def __init__(self, store: Store) -> None:
        self.issues, self.db = store, store.db

    def create(self, asked: StoredPull, author: str, head_sha: str, base_sha: str) -> int:
        """The number; the ids are those of both branches' heads."""
        with self.issues.transaction():
            number = self.issues.create_issue(asked.title, asked.body, (), author)
            self.db.execute(
                "INSERT INTO pulls (number, head, base, head_sha, base_sha, draft) VALUES (?, ?, ?, ?, ?, ?)",
                (number, asked.head, asked.base, head_sha, base_sha, asked.draft),
            )
        return number

    def pull(self, number: int) -> PullRow | None:
        """One pull request."""
        row, issue = self.db.execute(_PULL, (number,)).fetchone(), self.issues.issue(number)
        if row is None or issue is None:
            return None
        head, base, head_sha, base_sha, draft, *merged = row
        return PullRow(issue, head, base, head_sha, base_sha, bool(draft), *merged)

    def numbers(self) -> list[int]:
        """All, newest first."""
        return [number for (number,) in self.db.execute("SELECT number FROM pulls ORDER BY number DESC")]

    def follow(self, number: int, head_sha: str, base_sha: str) -> None:
        """Its branches moved; a new head counts as an update of the pull request, a new base does not."""
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
        """Another base: what was checked against the old one counts no more."""
        with self.issues.transaction():
            self.db.execute("UPDATE pulls SET base = ? WHERE number = ?", (base, number))
            self.db.execute("DELETE FROM check_runs WHERE pull = ?", (number,))

    def set_draft(self, number: int, draft: bool) -> None:
        """A draft cannot be merged."""
        self.db.execute("UPDATE pulls SET draft = ? WHERE number = ?", (draft, number))

    def intend(self, intent: Intent) -> None:
        """Written before the base moves."""
        row = (intent.pull, intent.base, intent.after, intent.by)
        self.db.execute("INSERT OR REPLACE INTO merges (pull, base, after, by) VALUES (?, ?, ?, ?)", row)

    def intents(self) -> list[Intent]:
        """Of merges that were cut off."""
        return [Intent(*row) for row in self.db.execute("SELECT pull, base, after, by FROM merges")]

    def drop(self, intent: Intent) -> None:
        """It did not happen."""
        self.db.execute("DELETE FROM merges WHERE pull = ?", (intent.pull,))

    def merged(self, intent: Intent) -> None:
        """It happened: the base has moved."""
        now = utc_now()
        with self.issues.transaction():
            self.db.execute(
                "UPDATE pulls SET merged_at = ?, merge_sha = ?, merged_by = ? WHERE number = ?",
                (now, intent.after, intent.by, intent.pull),
            )
            self.issues.set_state(intent.pull, CLOSED, None)
            self.drop(intent)

    def checked(self, run: CheckRun) -> None:
        """Keep a check run; its id is given here."""
        self.db.execute(
            "INSERT OR IGNORE INTO check_runs (pull, sha, name, conclusion, summary, started, completed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (run.pull, run.sha, run.name, run.conclusion, run.summary, run.started, run.completed),
        )

    def checks(self, pull: int, sha: str) -> list[CheckRun]:
        """Those of one head of a pull request."""
        rows = self.db.execute(f"{_RUN} WHERE pull = ? AND sha = ? ORDER BY id", (pull, sha))
        return [CheckRun(*row) for row in rows]

    def checks_of(self, sha: str) -> list[CheckRun]:
        """Those of a commit."""
        return [CheckRun(*row) for row in self.db.execute(f"{_RUN} WHERE sha = ? ORDER BY id", (sha,))]
