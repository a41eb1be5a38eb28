"""What strangers post costs the embedded forge its length once, not again with each page; it has GitHub's limits."""

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sre_embedded.servers.forge.answers import Site, ToolError
from sre_embedded.servers.forge.issues import MAX_BODY, MAX_TITLE, IssueTools
from sre_embedded.servers.forge.labels import LabelTools
from sre_embedded.servers.forge.store import Store
from sre_space.identities import Identity

MALLORY = Identity("mallory", 1, "", "none")
ROBIN = Identity("robin", 2, "", "write")
FEW, MORE = 100, 800
MOST_RATIO = 28  # eight in proportion, 64 with the square
FLOOR_S = 0.002


def tools(folder: Path) -> IssueTools:
    folder.mkdir(exist_ok=True)
    store = Store(folder / "forge.db")
    return IssueTools(store, Site("o", "r", "http://x", (MALLORY, ROBIN)), LabelTools(store), lambda *_: None)


def flooded(folder: Path, count: int) -> IssueTools:
    """So many issues, and so many comments on the first one."""
    forge = tools(folder)
    with forge.store.transaction():
        issue = "INSERT INTO issues (title, body, author, created, updated) VALUES ('t', ?, 'mallory', '2026', '2026')"
        comment = (
            "INSERT INTO comments (issue, body, author, created, updated) VALUES (1, ?, 'mallory', '2026', '2026')"
        )
        for statement in (issue, comment):
            forge.store.db.executemany(statement, [("x" * 20_000,)] * count)
    return forge


def listed(forge: IssueTools, **asked: object) -> list[int]:
    """Return the issue numbers of all pages."""
    numbers: list[int] = []
    after = ""
    while True:
        page: Any = forge.list_issues({"perPage": 25, "after": after, **asked}, MALLORY)
        numbers += [one["number"] for one in page["issues"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(numbers)
            return numbers


def commented(forge: IssueTools) -> int:
    """How many comments the first issue has over all pages."""
    count, page = 0, 1
    while some := forge.comments(1, {"perPage": 25, "page": page}):
        assert isinstance(some, list)
        count, page = count + len(some), page + 1
    return count


def seconds(read: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        begun = time.process_time()
        read()
        times.append(time.process_time() - begun)
    return max(min(times), FLOOR_S)


def test_eight_times_the_issues_and_comments_take_about_eight_times_as_long(tmp_path: Path) -> None:
    few, more = flooded(tmp_path / "few", FEW), flooded(tmp_path / "more", MORE)

    assert len(listed(more)) == commented(more) == MORE
    assert seconds(lambda: listed(more)) <= MOST_RATIO * seconds(lambda: listed(few))
    assert seconds(lambda: commented(more)) <= MOST_RATIO * seconds(lambda: commented(few))


def test_issues_are_chosen_and_ordered_as_asked(tmp_path: Path) -> None:
    forge = tools(tmp_path)
    for number, labels in enumerate(((), ("a",), ("a", "b"), ("A",)), 1):
        forge.issue_write({"method": "create", "title": f"t{number}", "labels": labels}, ROBIN)
    forge.add_issue_comment({"issue_number": 2, "body": "x"}, MALLORY)
    forge.issue_write({"method": "update", "issue_number": 1, "state": "closed"}, ROBIN)
    for number, at in enumerate(("2026-01-03", "2026-01-01", "2026-01-02", "2026-01-01"), 1):
        forge.store.db.execute("UPDATE issues SET created = ?, updated = ? WHERE number = ?", (at, at, number))

    assert listed(forge) == [1, 3, 4, 2]
    assert listed(forge, direction="ASC") == [2, 4, 3, 1]
    assert listed(forge, state="OPEN") == [3, 4, 2]
    assert listed(forge, since="2026-01-02") == [1, 3]
    assert listed(forge, labels=["a"]) == [3, 2]
    assert listed(forge, labels=["a", "b"]) == [3]
    assert listed(forge, orderBy="COMMENTS") == [2, 4, 3, 1]
    assert listed(forge, orderBy="UPDATED_AT", direction="ASC") == [2, 4, 3, 1]


@pytest.mark.parametrize("cursor", ["cursor:-5", f"cursor:{10**30}"])
def test_a_cursor_to_nowhere_is_answered(tmp_path: Path, cursor: str) -> None:
    forge = tools(tmp_path)
    forge.issue_write({"method": "create", "title": "t"}, MALLORY)

    assert forge.list_issues({"after": base64.b64encode(cursor.encode()).decode()}, MALLORY)
    assert forge.comments(1, {"page": 10**30}) == []


def test_titles_and_bodies_have_githubs_limits(tmp_path: Path) -> None:
    forge = tools(tmp_path)
    forge.issue_write({"method": "create", "title": "x" * MAX_TITLE, "body": "x" * MAX_BODY}, MALLORY)

    for text in ({"title": "x" * (MAX_TITLE + 1)}, {"title": "t", "body": "x" * (MAX_BODY + 1)}):
        with pytest.raises(ToolError, match="is too long"):
            forge.issue_write({"method": "create", **text}, MALLORY)
        with pytest.raises(ToolError, match="is too long"):
            forge.issue_write({"method": "update", "issue_number": 1, **text}, ROBIN)
