"""The tools around issues and their comments; a pull request is an issue too, but lists do not show it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sre_space.embedded.forge.answers import (
    Arguments,
    Site,
    ToolError,
    cursor,
    encoded,
    known,
    must_write,
    only,
    paged,
    window,
)
from sre_space.embedded.forge.identities import Identity
from sre_space.embedded.forge.labels import LabelTools
from sre_space.embedded.forge.store import CommentRow, IssueRow, Listing, Store

MAX_TITLE, MAX_BODY = 256, 65_536


@dataclass(frozen=True)
class IssueTools:
    """Issues of one repository. `turned` hears of a number whose state is about to change, and may refuse."""

    store: Store
    site: Site
    labels: LabelTools
    turned: Callable[[int, str], None]

    def issue_write(self, arguments: Arguments, who: Identity) -> object:
        """Create or update."""
        within_limit(arguments.get("body", ""), arguments.get("title", ""))
        if arguments["method"] == "create":
            return self._create(arguments, who)
        issue = self.issue(arguments)
        mine = issue.author == who.login and not {"labels", "title"} & set(arguments)
        if not mine:
            must_write(who, "update issue")
        if "state" in arguments:
            self.turned(issue.number, arguments["state"])
        body = arguments.get("body") or None  # the official server ignores an empty body
        self.store.update_issue(issue.number, arguments.get("title"), body, arguments.get("labels"))
        if "state" in arguments:
            reason = arguments.get("state_reason", "completed") if arguments["state"] == "closed" else None
            self.store.set_state(issue.number, arguments["state"], reason)
        return self.site.written(f"issues/{issue.number}", issue.number)

    def _create(self, arguments: Arguments, who: Identity) -> object:
        if not arguments.get("title"):
            raise ToolError("missing required parameter: title")
        labels = arguments.get("labels", ()) if who.may("write") else ()  # GitHub drops a stranger's labels silently
        number = self.store.create_issue(arguments["title"], arguments.get("body", ""), labels, who.login)
        return self.site.written(f"issues/{number}", number)

    def issue_read(self, arguments: Arguments, _: Identity) -> object:
        """An issue, its comments or its labels."""
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
        """A page of comments."""
        comments = self.store.comments(number, *window(arguments))
        reactions = self.store.reactions(number)
        return [self._comment_json(comment, _reactions(reactions, comment.id)) for comment in comments]

    def add_issue_comment(self, arguments: Arguments, who: Identity) -> object:
        """Append a comment, react to the issue or to a comment, or comment and react."""
        if not {"body", "reaction"} & set(arguments):
            raise ToolError("missing required parameter: body or reaction")
        if {"body", "comment_id"} <= set(arguments):
            raise ToolError("comment_id cannot be combined with body")
        issue = self.issue(arguments)
        if "reaction" not in arguments:
            return self._add_comment(issue, arguments, who)
        if "body" not in arguments:
            return self._add_reaction(issue, arguments, who)
        comment = self._add_comment(issue, arguments, who)
        return {"comment": comment, "reaction": self._add_reaction(issue, arguments, who)}

    def _add_comment(self, issue: IssueRow, arguments: Arguments, who: Identity) -> object:
        within_limit(arguments["body"])
        comment = self.store.add_comment(issue.number, arguments["body"], who.login)
        return self.site.written(f"issues/{issue.number}#issuecomment-{comment}", comment)

    def _add_reaction(self, issue: IssueRow, arguments: Arguments, who: Identity) -> object:
        comment = arguments.get("comment_id", 0)
        found = self.store.comment(comment) if comment else None
        if comment and (found is None or found.issue != issue.number):
            raise ToolError(f"failed to add reaction to comment {comment}: 404 Not Found []")
        reaction = self.store.add_reaction(issue.number, comment, arguments["reaction"], who.login)
        tail = f"issues/{issue.number}" + (f"#issuecomment-{comment}" if comment else "")
        return self.site.written(tail, reaction)

    def list_issues(self, arguments: Arguments, _: Identity) -> object:
        """As GitHub's GraphQL lists them: upper-case states, a cursor for the next page."""
        start, size = cursor(arguments.get("after", "")), int(arguments.get("perPage", 30))
        by, descending = arguments.get("orderBy", "CREATED_AT"), arguments.get("direction", "DESC") == "DESC"
        chosen = (arguments.get("state", "").lower(), arguments.get("since", ""), arguments.get("labels", ()))
        page, total = self.store.listed(Listing(*chosen, by, descending, size, start))
        return {
            "issues": [only(_listed_json(issue), arguments.get("fields")) for issue in page],
            "totalCount": total,
            "pageInfo": {
                "hasNextPage": start + size < total,
                "hasPreviousPage": start > 0,
                "startCursor": encoded(start),
                "endCursor": encoded(start + len(page)),
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
        items = [only(self._as_json(issue), arguments.get("fields")) for issue in paged(found, arguments)]
        return {"total_count": len(found), "incomplete_results": False, "items": items}

    def issue(self, arguments: Arguments) -> IssueRow:
        """The issue or pull request that is meant."""
        number = arguments.get("issue_number")
        issue = self.store.issue(int(number)) if number is not None else None
        if issue is None:
            raise ToolError(f"failed to get issue {number}: 404 Not Found []")
        return issue

    def _as_json(self, issue: IssueRow) -> dict[str, object]:
        return known({
            "number": issue.number, "title": issue.title, "body": issue.body, "state": issue.state,
            "state_reason": issue.reason, "html_url": f"{self.site.url}/issues/{issue.number}",
            "user": self.site.user_json(issue.author), "author_association": self.site.who(issue.author).association,
            "labels": list(issue.labels), "comments": issue.comments, "created_at": issue.created,
            "updated_at": issue.updated, "closed_at": issue.closed,
            "reactions": _reactions(self.store.reactions(issue.number), 0),
        })  # fmt: skip

    def _comment_json(self, comment: CommentRow, reactions: dict[str, int] | None) -> dict[str, object]:
        url = f"{self.site.url}/issues/{comment.issue}#issuecomment-{comment.id}"
        told: dict[str, object] = {"reactions": reactions} if reactions else {}
        return told | {
            "id": comment.id, "body": comment.body, "html_url": url, "user": self.site.user_json(comment.author),
            "author_association": self.site.who(comment.author).association,
            "created_at": comment.created, "updated_at": comment.updated,
        }  # fmt: skip


def within_limit(body: str, title: str = "") -> None:
    """GitHub's limits of a body and of a title."""
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
    """How often each reaction was given to a comment (0: to the issue); None when there is none."""
    counts = {content: count for to, content, count in counted if to == comment}
    return {"total_count": sum(counts.values()), **counts} if counts else None


def _matches(issue: IssueRow, term: str) -> bool:
    kind, _, value = term.partition(":")
    if kind == "label":
        return value.strip('"') in issue.labels
    return value == issue.state if value in ("open", "closed") else True
