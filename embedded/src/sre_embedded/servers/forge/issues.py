"""The tools on issues and comments; a pull request is an issue too, but lists of issues leave it out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sre_embedded.servers.forge.answers import (
    Arguments,
    Site,
    ToolError,
    decode_cursor,
    encode_cursor,
    omit_none,
    page_bounds,
    page_of,
    require_write,
    select_fields,
)
from sre_embedded.servers.forge.labels import LabelTools
from sre_embedded.servers.forge.store import CommentRow, IssueRow, Listing, Store
from sre_space.identities import Identity

MAX_TITLE, MAX_BODY = 256, 65_536


@dataclass(frozen=True)
class IssueTools:
    """The tools on issues of one repository.

    `before_state_change` is called with a number and its new state, and may raise to refuse the change.
    """

    store: Store
    site: Site
    labels: LabelTools
    before_state_change: Callable[[int, str], None]

    def issue_write(self, arguments: Arguments, caller: Identity) -> object:
        """Create or update an issue."""
        within_limit(arguments.get("body", ""), arguments.get("title", ""))
        if arguments["method"] == "create":
            return self._create(arguments, caller)
        issue = self.issue(arguments)
        mine = issue.author == caller.login and not {"labels", "title"} & set(arguments)
        if not mine:
            require_write(caller, "update issue")
        if "state" in arguments:
            self.before_state_change(issue.number, arguments["state"])
        body = arguments.get("body") or None  # the official server ignores an empty body
        self.store.update_issue(issue.number, arguments.get("title"), body, arguments.get("labels"))
        if "state" in arguments:
            reason = arguments.get("state_reason", "completed") if arguments["state"] == "closed" else None
            self.store.set_state(issue.number, arguments["state"], reason)
        return self.site.write_answer(f"issues/{issue.number}", issue.number)

    def _create(self, arguments: Arguments, caller: Identity) -> object:
        if not arguments.get("title"):
            raise ToolError("missing required parameter: title")
        # GitHub silently drops labels of accounts that may not write.
        labels = arguments.get("labels", ()) if caller.may("write") else ()
        number = self.store.create_issue(arguments["title"], arguments.get("body", ""), labels, caller.login)
        return self.site.write_answer(f"issues/{number}", number)

    def issue_read(self, arguments: Arguments, _: Identity) -> object:
        """Return an issue, its comments or its labels."""
        issue = self.issue(arguments)
        match arguments["method"]:
            case "get":
                return self._as_json(issue)
            case "get_comments":
                return self.comments(issue.number, arguments)
            case "get_labels":
                return {"labels": [self.labels.as_json(name) for name in issue.labels], "totalCount": len(issue.labels)}
            case method:
                raise ToolError(f"{method}: sub-issues are not kept by the embedded forge")

    def comments(self, number: int, arguments: Arguments) -> object:
        """Return a page of an issue's comments."""
        comments = self.store.comments(number, *page_bounds(arguments))
        reactions = self.store.reactions(number)
        return [self._comment_json(comment, _reactions(reactions, comment.id)) for comment in comments]

    def add_issue_comment(self, arguments: Arguments, caller: Identity) -> object:
        """Add a comment, a reaction to the issue or to a comment, or both a comment and a reaction."""
        if not {"body", "reaction"} & set(arguments):
            raise ToolError("missing required parameter: body or reaction")
        if {"body", "comment_id"} <= set(arguments):
            raise ToolError("comment_id cannot be combined with body")
        issue = self.issue(arguments)
        if "reaction" not in arguments:
            return self._add_comment(issue, arguments, caller)
        if "body" not in arguments:
            return self._add_reaction(issue, arguments, caller)
        comment = self._add_comment(issue, arguments, caller)
        return {"comment": comment, "reaction": self._add_reaction(issue, arguments, caller)}

    def _add_comment(self, issue: IssueRow, arguments: Arguments, caller: Identity) -> object:
        within_limit(arguments["body"])
        comment = self.store.add_comment(issue.number, arguments["body"], caller.login)
        return self.site.write_answer(f"issues/{issue.number}#issuecomment-{comment}", comment)

    def _add_reaction(self, issue: IssueRow, arguments: Arguments, caller: Identity) -> object:
        comment = arguments.get("comment_id", 0)
        target = self.store.comment(comment) if comment else None
        if comment and (target is None or target.issue != issue.number):
            raise ToolError(f"failed to add reaction to comment {comment}: 404 Not Found []")
        reaction = self.store.add_reaction(issue.number, comment, arguments["reaction"], caller.login)
        tail = f"issues/{issue.number}" + (f"#issuecomment-{comment}" if comment else "")
        return self.site.write_answer(tail, reaction)

    def list_issues(self, arguments: Arguments, _: Identity) -> object:
        """Return a page of issues as GitHub's GraphQL lists them: upper-case states, a cursor for the next page."""
        start, size = decode_cursor(arguments.get("after", "")), int(arguments.get("perPage", 30))
        by, descending = arguments.get("orderBy", "CREATED_AT"), arguments.get("direction", "DESC") == "DESC"
        chosen = (arguments.get("state", "").lower(), arguments.get("since", ""), arguments.get("labels", ()))
        page, total = self.store.listed(Listing(*chosen, by, descending, size, start))
        return {
            "issues": [select_fields(_listed_json(issue), arguments.get("fields")) for issue in page],
            "totalCount": total,
            "pageInfo": {
                "hasNextPage": start + size < total,
                "hasPreviousPage": start > 0,
                "startCursor": encode_cursor(start),
                "endCursor": encode_cursor(start + len(page)),
            },
        }

    def search_issues(self, arguments: Arguments, _: Identity) -> object:
        """Return the issues with every word in title or body; `is:`, `label:` and `repo:` narrow the search."""
        words: list[str] = []
        terms: list[str] = []
        for term in arguments["query"].split():
            (terms if term.partition(":")[0] in ("is", "label", "repo", "state") else words).append(term)
        matching = [
            issue
            for issue in reversed(self.store.issues())
            if all(word.lower() in f"{issue.title}\n{issue.body}".lower() for word in words)
            and all(_matches(issue, term) for term in terms)
        ]
        items = [select_fields(self._as_json(issue), arguments.get("fields")) for issue in page_of(matching, arguments)]
        return {"total_count": len(matching), "incomplete_results": False, "items": items}

    def issue(self, arguments: Arguments) -> IssueRow:
        """Return the issue or pull request with the requested number; `ToolError` 404 when there is none."""
        number = arguments.get("issue_number")
        issue = self.store.issue(int(number)) if number is not None else None
        if issue is None:
            raise ToolError(f"failed to get issue {number}: 404 Not Found []")
        return issue

    def _as_json(self, issue: IssueRow) -> dict[str, object]:
        return omit_none({
            "number": issue.number, "title": issue.title, "body": issue.body, "state": issue.state,
            "state_reason": issue.reason, "html_url": f"{self.site.url}/issues/{issue.number}",
            "user": self.site.user_json(issue.author),
            "author_association": self.site.identity_of(issue.author).association,
            "labels": list(issue.labels), "comments": issue.comments, "created_at": issue.created,
            "updated_at": issue.updated, "closed_at": issue.closed,
            "reactions": _reactions(self.store.reactions(issue.number), 0),
        })  # fmt: skip

    def _comment_json(self, comment: CommentRow, reactions: dict[str, int] | None) -> dict[str, object]:
        url = f"{self.site.url}/issues/{comment.issue}#issuecomment-{comment.id}"
        optional: dict[str, object] = {"reactions": reactions} if reactions else {}
        return optional | {
            "id": comment.id, "body": comment.body, "html_url": url, "user": self.site.user_json(comment.author),
            "author_association": self.site.identity_of(comment.author).association,
            "created_at": comment.created, "updated_at": comment.updated,
        }  # fmt: skip


def within_limit(body: str, title: str = "") -> None:
    """Raise `ToolError` when a body or a title is longer than GitHub allows."""
    if len(title) > MAX_TITLE:
        raise ToolError(f"Validation Failed: title is too long (maximum is {MAX_TITLE} characters)")
    if len(body) > MAX_BODY:
        raise ToolError(f"Validation Failed: body is too long (maximum is {MAX_BODY} characters)")


def _listed_json(issue: IssueRow) -> dict[str, object]:
    return {
        "number": issue.number, "title": issue.title, "body": issue.body, "state": issue.state.upper(),
        "user": {"login": issue.author}, "labels": list(issue.labels), "assignees": [],
        "comments": issue.comments, "created_at": issue.created, "updated_at": issue.updated,
    }  # fmt: skip


def _reactions(counted: Sequence[tuple[int, str, int]], comment: int) -> dict[str, int] | None:
    """Return how often each reaction was given to a comment (0: to the issue); None without reactions."""
    counts = {content: count for to, content, count in counted if to == comment}
    return {"total_count": sum(counts.values()), **counts} if counts else None


def _matches(issue: IssueRow, term: str) -> bool:
    kind, _, value = term.partition(":")
    if kind == "label":
        return value.strip('"') in issue.labels
    return value == issue.state if value in ("open", "closed") else True
