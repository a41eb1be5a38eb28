"""Issues, comments and labels on GitHub: fulfils `ports.forge.Forge`, with the MCP server alone."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

from sre_space.adapters.github_mcp.connection import Connection
from sre_space.adapters.github_mcp.meaning import iso, login, ns, tail
from sre_space.domain.errors import Malformed
from sre_space.ports.forge import MAX_COMMENTS, Comment, Forge, Issue

log = logging.getLogger(__name__)

T = TypeVar("T")
FOREIGN = (KeyError, TypeError, ValueError, AttributeError, OverflowError)  # of JSON in a shape that nobody promised
NEEDED = (
    "issue_write",
    "issue_read",
    "add_issue_comment",
    "list_issues",
    "label_write",
)
PAGE = 25  # each may have 65,536 characters: to take a page in holds up everything else that the process does


class GithubMcpForge(Forge):
    """One repository as one identity over streamable HTTP."""

    def __init__(self, url: str, token: str, owner: str, repo: str) -> None:
        self._mcp = Connection(url, token, NEEDED)
        self._where = {"owner": owner, "repo": repo}

    async def whoami(self) -> str:
        """The login behind the token."""
        return str((await self._mcp.json("get_me"))["login"])

    async def open_issue(self, title: str, body: str, labels: Sequence[str]) -> int:
        """Create; the number is the tail of the answer's address."""
        asked = {"method": "create", "title": title, "body": body, "labels": list(labels), **self._where}
        return tail(await self._mcp.json("issue_write", asked))

    async def issue(self, number: int) -> Issue:
        """One issue."""
        told = await self._mcp.json("issue_read", {"method": "get", "issue_number": number, **self._where})
        try:
            return _issue(told)
        except FOREIGN as error:
            raise Malformed(f"the forge told issue {number} in a shape that is none: {error!r}") from error

    async def issues(self, *, state: Literal["open", "closed", "all"] = "open", since: int = 0) -> Sequence[Issue]:
        """All pages, oldest first."""
        asked: dict[str, Any] = {"orderBy": "CREATED_AT", "direction": "ASC", "perPage": PAGE, **self._where}
        asked |= {"state": state.upper()} if state != "all" else {}
        asked |= {"since": iso(since)} if since else {}
        found: list[Issue] = []
        while True:
            page = await self._mcp.json("list_issues", asked)
            found += readable(_issue, page["issues"])
            if not page["pageInfo"]["hasNextPage"]:
                return found
            asked["after"] = page["pageInfo"]["endCursor"]

    async def comment(self, number: int, body: str) -> int:
        """Append."""
        return tail(await self._mcp.json("add_issue_comment", {"issue_number": number, "body": body, **self._where}))

    async def comments(self, number: int) -> Sequence[Comment]:
        """All pages."""
        found: list[Comment] = []
        for page in range(1, MAX_COMMENTS // PAGE + 1):
            asked = {"method": "get_comments", "issue_number": number, "page": page, "perPage": PAGE, **self._where}
            some = await self._mcp.json("issue_read", asked)
            found += readable(_comment, some)
            if len(some) < PAGE:
                break
        return sorted(found, key=lambda comment: comment.id)

    async def set_labels(self, number: int, labels: Sequence[str]) -> None:
        """Replace; GitHub makes labels that are missing by itself."""
        asked = {"method": "update", "issue_number": number, "labels": list(labels), **self._where}
        await self._mcp.json("issue_write", asked)

    async def close_issue(self, number: int) -> None:
        """Close as completed."""
        asked = {
            "method": "update",
            "issue_number": number,
            "state": "closed",
            "state_reason": "completed",
            **self._where,
        }
        await self._mcp.json("issue_write", asked)

    async def close(self) -> None:
        """End the connection."""
        await self._mcp.close()


def readable(read: Callable[[Any], T], told: Sequence[Any]) -> list[T]:
    """What can be read of a list; what cannot is said in the log and hides nothing else."""
    found = []
    for one in told:
        try:
            found.append(read(one))
        except FOREIGN as error:
            log.warning("the forge told something in a shape that is none, and it is left out: %r", error)
    return found


def _issue(one: Any) -> Issue:  # noqa: ANN401 - foreign JSON
    return Issue(
        number=one["number"],
        title=one["title"] or "",
        body=one.get("body") or "",
        state="open" if one["state"].lower() == "open" else "closed",
        author=login(one),
        labels=tuple(label if isinstance(label, str) else label["name"] for label in one.get("labels") or ()),
        comments=one.get("comments") or 0,
        created=ns(one["created_at"]),
        updated=ns(one["updated_at"]),
    )


def _comment(one: Any) -> Comment:  # noqa: ANN401 - foreign JSON
    return Comment(
        id=one["id"],
        author=login(one),
        author_id=(one.get("user") or {}).get("id") or 0,
        body=one.get("body") or "",
        created=ns(one["created_at"]),
        updated=ns(one["updated_at"]),
    )
