"""Issues, comments and labels on GitHub by its MCP server alone: fulfils `ports.forge.Forge`."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

from sre_space.adapters.github_mcp.connection import Connection
from sre_space.adapters.github_mcp.meaning import iso, login, ns, tail
from sre_space.domain.errors import Malformed
from sre_space.ports.forge import MAX_COMMENTS, Comment, Forge, Issue

log = logging.getLogger(__name__)

T = TypeVar("T")
PARSE_ERRORS = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
)  # raised by reading JSON of an unexpected shape
NEEDED = (
    "issue_write",
    "issue_read",
    "add_issue_comment",
    "list_issues",
    "label_write",
)
PAGE = 25  # items of up to 65,536 characters: parsing a page blocks the event loop


class GithubMcpForge(Forge):
    """The issues of one repository, accessed with one token."""

    def __init__(self, url: str, token: str, owner: str, repo: str) -> None:
        self._mcp = Connection(url, token, NEEDED)
        self._where = {"owner": owner, "repo": repo}

    async def whoami(self) -> str:
        """Return the login of the token's account."""
        return str((await self._mcp.json("get_me"))["login"])

    async def ask(self) -> str:
        """Return the server's name and version (`ports.server_check.ServerCheck`)."""
        return await self._mcp.server()

    async def open_issue(self, title: str, body: str, labels: Sequence[str]) -> int:
        """Create an issue and return its number."""
        arguments = {"method": "create", "title": title, "body": body, "labels": list(labels), **self._where}
        return tail(await self._mcp.json("issue_write", arguments))

    async def issue(self, number: int) -> Issue:
        """Return an issue; raise `Malformed` when the answer has an unexpected shape."""
        answer = await self._mcp.json("issue_read", {"method": "get", "issue_number": number, **self._where})
        try:
            return _issue(answer)
        except PARSE_ERRORS as error:
            raise Malformed(f"the forge's answer for issue {number} has an unexpected shape: {error!r}") from error

    async def issues(self, *, state: Literal["open", "closed", "all"] = "open", since: int = 0) -> Sequence[Issue]:
        """Return the issues in a state that changed since a time (Unix ns, 0: all), oldest first, over all pages."""
        arguments: dict[str, Any] = {"orderBy": "CREATED_AT", "direction": "ASC", "perPage": PAGE, **self._where}
        arguments |= {"state": state.upper()} if state != "all" else {}
        arguments |= {"since": iso(since)} if since else {}
        issues: list[Issue] = []
        while True:
            page = await self._mcp.json("list_issues", arguments)
            issues += readable(_issue, page["issues"])
            if not page["pageInfo"]["hasNextPage"]:
                return issues
            arguments["after"] = page["pageInfo"]["endCursor"]

    async def comment(self, number: int, body: str) -> int:
        """Append a comment to an issue and return its number."""
        return tail(await self._mcp.json("add_issue_comment", {"issue_number": number, "body": body, **self._where}))

    async def comments(self, number: int) -> Sequence[Comment]:
        """Return an issue's comments by number, over all pages, at most `MAX_COMMENTS`."""
        comments: list[Comment] = []
        for page in range(1, MAX_COMMENTS // PAGE + 1):
            arguments = {"method": "get_comments", "issue_number": number, "page": page, "perPage": PAGE, **self._where}
            batch = await self._mcp.json("issue_read", arguments)
            comments += readable(_comment, batch)
            if len(batch) < PAGE:
                break
        return sorted(comments, key=lambda comment: comment.id)

    async def set_labels(self, number: int, labels: Sequence[str]) -> None:
        """Replace an issue's labels; GitHub creates missing ones by itself."""
        arguments = {"method": "update", "issue_number": number, "labels": list(labels), **self._where}
        await self._mcp.json("issue_write", arguments)

    async def close_issue(self, number: int) -> None:
        """Close an issue as completed."""
        arguments = {
            "method": "update",
            "issue_number": number,
            "state": "closed",
            "state_reason": "completed",
            **self._where,
        }
        await self._mcp.json("issue_write", arguments)

    async def close(self) -> None:
        """Close the connection."""
        await self._mcp.close()


def readable(read: Callable[[Any], T], items: Sequence[Any]) -> list[T]:
    """Return the items of a list that can be read; log and leave out the others."""
    parsed = []
    for item in items:
        try:
            parsed.append(read(item))
        except PARSE_ERRORS as error:
            log.warning("an item of the forge's answer has an unexpected shape and is left out: %r", error)
    return parsed


def _issue(answer: Any) -> Issue:  # noqa: ANN401 - foreign JSON
    return Issue(
        number=answer["number"],
        title=answer["title"] or "",
        body=answer.get("body") or "",
        state="open" if answer["state"].lower() == "open" else "closed",
        author=login(answer),
        labels=tuple(label if isinstance(label, str) else label["name"] for label in answer.get("labels") or ()),
        comments=answer.get("comments") or 0,
        created=ns(answer["created_at"]),
        updated=ns(answer["updated_at"]),
    )


def _comment(answer: Any) -> Comment:  # noqa: ANN401 - foreign JSON
    return Comment(
        id=answer["id"],
        author=login(answer),
        author_id=(answer.get("user") or {}).get("id") or 0,
        body=answer.get("body") or "",
        created=ns(answer["created_at"]),
        updated=ns(answer["updated_at"]),
    )
