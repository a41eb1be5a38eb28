"""What each tool does, in the official result shapes: mostly JSON in one text item."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pygit2

from sre_space.domain.errors import Missing
from sre_space.embedded.forge.identities import Identity
from sre_space.embedded.forge.repository import read_path
from sre_space.embedded.forge.store import CommentRow, IssueRow, Store

MAX_BODY = 65_536
UNSUPPORTED = ("assignees", "milestone", "type", "issue_fields", "duplicate_of", "field_filters")

Arguments = Mapping[str, Any]  # validated against the tool's schema before they come here


class ToolError(Exception):
    """An answer with `is_error`, in words that the official server's clients classify."""


@dataclass(frozen=True)
class FileContent:
    """A file as the official server answers it: a sentence and an embedded resource."""

    uri: str
    sha: str
    data: bytes


@dataclass
class Tools:
    """The tools, for one repository."""

    store: Store
    repository: pygit2.Repository
    owner: str
    repo: str
    base_url: str
    identities: Sequence[Identity]
    calls: dict[str, Callable[[Arguments, Identity], object]] = field(init=False)

    def __post_init__(self) -> None:
        """The table of tools."""
        self.calls = {
            "issue_write": self.issue_write,
            "issue_read": self.issue_read,
            "add_issue_comment": self.add_issue_comment,
            "list_issues": self.list_issues,
            "search_issues": self.search_issues,
            "get_label": self.get_label,
            "list_label": self.list_label,
            "label_write": self.label_write,
            "get_file_contents": self.get_file_contents,
            "get_me": lambda _, who: {"login": who.login, "id": who.id, "profile_url": f"{self.base_url}/{who.login}"},
        }

    def call(self, name: str, arguments: Arguments, who: Identity) -> object:
        """One call; `ToolError` for what GitHub's API would refuse."""
        named = (arguments.get("owner", self.owner), arguments.get("repo", self.repo))
        if named != (self.owner, self.repo):
            raise ToolError(f"{'/'.join(named)}: 404 Not Found []")
        unsupported = [key for key in UNSUPPORTED if arguments.get(key)]
        if unsupported:
            raise ToolError(f"{', '.join(unsupported)}: not kept by the embedded forge")
        return self.calls[name](arguments, who)

    def issue_write(self, arguments: Arguments, who: Identity) -> object:
        """Create or update."""
        _within_limit(arguments.get("body", ""))
        if arguments["method"] == "create":
            return self._create_issue(arguments, who)
        issue = self._issue(arguments)
        mine = issue.author == who.login and not {"labels", "title"} & set(arguments)
        if not who.may("write") and not mine:
            raise ToolError("failed to update issue: 403 Must have write access to the repository. []")
        body = arguments.get("body") or None  # the official server ignores an empty body
        self.store.update_issue(issue.number, arguments.get("title"), body, arguments.get("labels"))
        if "state" in arguments:
            reason = arguments.get("state_reason", "completed") if arguments["state"] == "closed" else None
            self.store.set_state(issue.number, arguments["state"], reason)
        return self._written(f"issues/{issue.number}", issue.number)

    def _create_issue(self, arguments: Arguments, who: Identity) -> object:
        if not arguments.get("title"):
            raise ToolError("missing required parameter: title")
        labels = arguments.get("labels", ()) if who.may("write") else ()  # GitHub drops a stranger's labels silently
        number = self.store.create_issue(arguments["title"], arguments.get("body", ""), labels, who.login)
        return self._written(f"issues/{number}", number)

    def issue_read(self, arguments: Arguments, _: Identity) -> object:
        """An issue, its comments or its labels."""
        issue = self._issue(arguments)
        match arguments["method"]:
            case "get":
                return self._issue_json(issue)
            case "get_comments":
                comments = _page(self.store.comments(issue.number), arguments, 30)
                reactions = self.store.reactions(issue.number)
                return [self._comment_json(comment, _reactions(reactions, comment.id)) for comment in comments]
            case "get_labels":
                return {"labels": [self._label_json(name) for name in issue.labels], "totalCount": len(issue.labels)}
            case method:
                raise ToolError(f"{method}: sub-issues are not kept by the embedded forge")

    def add_issue_comment(self, arguments: Arguments, who: Identity) -> object:
        """Append a comment, react to the issue or to a comment, or comment and react."""
        if not {"body", "reaction"} & set(arguments):
            raise ToolError("missing required parameter: body or reaction")
        if {"body", "comment_id"} <= set(arguments):
            raise ToolError("comment_id cannot be combined with body")
        issue = self._issue(arguments)
        if "reaction" not in arguments:
            return self._add_comment(issue, arguments, who)
        if "body" not in arguments:
            return self._add_reaction(issue, arguments, who)
        comment = self._add_comment(issue, arguments, who)
        return {"comment": comment, "reaction": self._add_reaction(issue, arguments, who)}

    def _add_comment(self, issue: IssueRow, arguments: Arguments, who: Identity) -> object:
        _within_limit(arguments["body"])
        comment = self.store.add_comment(issue.number, arguments["body"], who.login)
        return self._written(f"issues/{issue.number}#issuecomment-{comment}", comment)

    def _add_reaction(self, issue: IssueRow, arguments: Arguments, who: Identity) -> object:
        comment = arguments.get("comment_id", 0)
        if comment and comment not in {one.id for one in self.store.comments(issue.number)}:
            raise ToolError(f"failed to add reaction to comment {comment}: 404 Not Found []")
        reaction = self.store.add_reaction(issue.number, comment, arguments["reaction"], who.login)
        return self._written(f"issues/{issue.number}" + (f"#issuecomment-{comment}" if comment else ""), reaction)

    def list_issues(self, arguments: Arguments, _: Identity) -> object:
        """As GitHub's GraphQL lists them: upper-case states, a cursor for the next page."""
        state, since = arguments.get("state", "").lower(), arguments.get("since", "")
        wanted = set(arguments.get("labels", ()))
        found = [
            issue
            for issue in self.store.issues()
            if (not state or issue.state == state) and issue.updated >= since and wanted <= set(issue.labels)
        ]
        keys: dict[str, Callable[[IssueRow], tuple[object, int]]] = {
            "CREATED_AT": lambda issue: (issue.created, issue.number),
            "UPDATED_AT": lambda issue: (issue.updated, issue.number),
            "COMMENTS": lambda issue: (issue.comments, issue.number),
        }
        found.sort(
            key=keys[arguments.get("orderBy", "CREATED_AT")], reverse=arguments.get("direction", "DESC") == "DESC"
        )
        start, size = _cursor(arguments.get("after", "")), int(arguments.get("perPage", 30))
        page = found[start : start + size]
        return {
            "issues": [_only(self._listed_json(issue), arguments.get("fields")) for issue in page],
            "totalCount": len(found),
            "pageInfo": {
                "hasNextPage": start + size < len(found),
                "hasPreviousPage": start > 0,
                "startCursor": _encoded(start),
                "endCursor": _encoded(start + len(page)),
            },
        }

    def search_issues(self, arguments: Arguments, _: Identity) -> object:
        """Lexical: every word in title or body; `is:`, `label:` and `repo:` narrow it."""
        words: list[str] = []
        terms: list[str] = []
        for term in arguments["query"].split():
            (terms if term.partition(":")[0] in ("is", "label", "repo", "state") else words).append(term)
        found = [
            issue
            for issue in reversed(self.store.issues())
            if all(word.lower() in f"{issue.title}\n{issue.body}".lower() for word in words)
            and all(_matches(issue, term) for term in terms)
        ]
        items = [_only(self._issue_json(issue), arguments.get("fields")) for issue in _page(found, arguments, 30)]
        return {"total_count": len(found), "incomplete_results": False, "items": items}

    def get_label(self, arguments: Arguments, _: Identity) -> object:
        """One label."""
        return self._label_json(self._label(arguments["name"]))

    def list_label(self, _arguments: Arguments, _: Identity) -> object:
        """All labels."""
        labels = [self._label_json(name) for name, *_ in self.store.labels()]
        return {"labels": labels[:100], "totalCount": len(labels)}

    def label_write(self, arguments: Arguments, who: Identity) -> object:
        """Create, update or delete."""
        method, name = arguments["method"], arguments["name"]
        if not who.may("write"):
            raise ToolError(f"failed to {method} label: 403 Must have write access to the repository. []")
        if method == "create":
            if "color" not in arguments:
                raise ToolError("missing required parameter: color")
            if not self.store.create_label(name, arguments["color"], arguments.get("description", "")):
                raise ToolError(f"failed to create label: Label with the name {name} already exists")
        elif method == "update":
            label = self._label(name)
            new = (arguments.get("new_name"), arguments.get("color"), arguments.get("description"))
            self.store.update_label(label, *new)
        else:
            self.store.delete_label(self._label(name))
        return f"label '{name}' {method}d successfully"

    def get_file_contents(self, arguments: Arguments, _: Identity) -> object:
        """A file or a folder of the repository."""
        path, ref = arguments.get("path", "/"), arguments.get("sha") or arguments.get("ref") or "main"
        try:
            sha, found = read_path(self.repository, path, ref)
        except Missing as error:
            raise ToolError(str(error)) from error
        if isinstance(found, bytes):
            return FileContent(f"repo://{self.owner}/{self.repo}/contents/{path.strip('/')}", sha, found)
        return [_only(entry, arguments.get("fields")) for entry in found]

    def _issue(self, arguments: Arguments) -> IssueRow:
        number = arguments.get("issue_number")
        issue = self.store.issue(int(number)) if number is not None else None
        if issue is None:
            raise ToolError(f"failed to get issue {number}: 404 Not Found []")
        return issue

    def _label(self, name: str) -> str:
        found = next((known for known, *_ in self.store.labels() if known.lower() == name.lower()), None)
        if found is None:
            raise ToolError(f"label '{name}' not found: 404 Not Found []")
        return found

    def _written(self, tail: str, id: int) -> object:
        return {"id": str(id), "url": f"{self.base_url}/{self.owner}/{self.repo}/{tail}"}

    def _who(self, login: str) -> Identity:
        return next((one for one in self.identities if one.login == login), Identity(login, 0, "", "none"))

    def _user_json(self, login: str) -> dict[str, object]:
        return {"login": login, "id": self._who(login).id, "profile_url": f"{self.base_url}/{login}"}

    def _label_json(self, name: str) -> dict[str, object]:
        row = next((row for row in self.store.labels() if row[0] == name), (name, "ededed", ""))
        return {"id": f"LA_{name}", "name": row[0], "color": row[1], "description": row[2]}

    def _issue_json(self, issue: IssueRow) -> dict[str, object]:
        kept = {
            "number": issue.number, "title": issue.title, "body": issue.body, "state": issue.state,
            "state_reason": issue.reason, "html_url": f"{self.base_url}/{self.owner}/{self.repo}/issues/{issue.number}",
            "user": self._user_json(issue.author), "author_association": self._who(issue.author).association,
            "labels": list(issue.labels), "comments": issue.comments, "created_at": issue.created,
            "updated_at": issue.updated, "closed_at": issue.closed,
            "reactions": _reactions(self.store.reactions(issue.number), 0),
        }  # fmt: skip
        return {key: value for key, value in kept.items() if value is not None}

    def _listed_json(self, issue: IssueRow) -> dict[str, object]:
        return {
            "number": issue.number, "title": issue.title, "body": issue.body, "state": issue.state.upper(),
            "user": {"login": issue.author}, "labels": list(issue.labels), "assignees": [],
            "comments": issue.comments, "created_at": issue.created, "updated_at": issue.updated,
        }  # fmt: skip

    def _comment_json(self, comment: CommentRow, reactions: dict[str, int] | None) -> dict[str, object]:
        url = f"{self.base_url}/{self.owner}/{self.repo}/issues/{comment.issue}#issuecomment-{comment.id}"
        told: dict[str, object] = {"reactions": reactions} if reactions else {}
        return told | {
            "id": comment.id, "body": comment.body, "html_url": url, "user": self._user_json(comment.author),
            "author_association": self._who(comment.author).association,
            "created_at": comment.created, "updated_at": comment.updated,
        }  # fmt: skip


def _within_limit(body: str) -> None:
    if len(body) > MAX_BODY:
        raise ToolError(f"Validation Failed: body is too long (maximum is {MAX_BODY} characters)")


def _reactions(counted: Sequence[tuple[int, str, int]], comment: int) -> dict[str, int] | None:
    """How often each reaction was given to a comment (0: to the issue); None when there is none."""
    counts = {content: count for to, content, count in counted if to == comment}
    return {"total_count": sum(counts.values()), **counts} if counts else None


def _page(rows: Sequence[Any], arguments: Arguments, default: int) -> Sequence[Any]:
    size, page = int(arguments.get("perPage", default)), int(arguments.get("page", 1))
    return rows[(page - 1) * size : page * size]


def _only(item: dict[str, object], fields: Sequence[str] | None) -> dict[str, object]:
    return item if not fields else {key: value for key, value in item.items() if key in fields}


def _matches(issue: IssueRow, term: str) -> bool:
    kind, _, value = term.partition(":")
    if kind == "label":
        return value.strip('"') in issue.labels
    return value == issue.state if value in ("open", "closed") else True


def _encoded(place: int) -> str:
    return base64.b64encode(f"cursor:{place}".encode()).decode()


def _cursor(text: str) -> int:
    try:
        return int(base64.b64decode(text).decode().removeprefix("cursor:")) if text else 0
    except ValueError as error:
        raise ToolError(f"`{text}` does not appear to be a valid cursor.") from error


def as_text(result: object) -> str:
    """The text item of a result."""
    return result if isinstance(result, str) else json.dumps(result)
