"""GitHub's REST where its MCP server offers less: expected heads, parents of commits, deleting a branch, comments."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sre_space.embedded.forge.answers import Refusal, must_write, paged
from sre_space.embedded.forge.history import detail_json
from sre_space.embedded.forge.identities import Identity
from sre_space.embedded.forge.issues import MAX_BODY
from sre_space.embedded.forge.merges import Wish
from sre_space.embedded.forge.pull_store import PullRow
from sre_space.embedded.forge.tools import Tools

Asked = Mapping[str, Any]  # path parameters, query and JSON body, by name
Answer = tuple[int, object]  # status, and what becomes JSON (None: no body)
OK, CREATED, NO_CONTENT, BAD_REQUEST, NOT_FOUND = 200, 201, 204, 400, 404
NUMBERS = {"per_page": "perPage", "page": "page"}


def rest_routes(tools: Tools, repository: str) -> list[Route]:
    """Under `/repos/OWNER/NAME`, spelt as GitHub spells it (docs.github.com/rest)."""
    comments, git, pulls = Comments(tools), Database(tools), PullRequestApi(tools)
    route = partial(_route, tools)
    return [
        route(f"{repository}/issues/comments/{{id:int}}", "GET", comments.get),
        route(f"{repository}/issues/comments/{{id:int}}", "PATCH", comments.edit),
        route(f"{repository}/issues/comments/{{id:int}}", "DELETE", comments.delete),
        route(f"{repository}/collaborators/{{login}}/permission", "GET", git.permission),
        route(f"{repository}/git/refs", "POST", git.create_ref),
        route(f"{repository}/git/refs/heads/{{branch:path}}", "DELETE", git.delete_ref),
        route(f"{repository}/branches/{{branch:path}}", "GET", git.branch),
        route(f"{repository}/commits", "GET", git.commits),
        route(f"{repository}/commits/{{sha}}/check-runs", "GET", pulls.check_runs),
        route(f"{repository}/commits/{{sha:path}}", "GET", git.commit),
        route(f"{repository}/pulls", "GET", pulls.list),
        route(f"{repository}/pulls/{{number:int}}", "GET", pulls.get),
        route(f"{repository}/pulls/{{number:int}}/merge", "PUT", pulls.merge),
    ]


def _route(tools: Tools, path: str, method: str, handle: Callable[[Asked, Identity], Answer]) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            body = json.loads(await request.body() or b"{}")
            asked = {**request.query_params, **body, **request.path_params}
        except (ValueError, TypeError, RecursionError):
            return JSONResponse({"message": "Problems parsing JSON: an object is wanted"}, BAD_REQUEST)
        try:
            status, told = tools.stored(f"{method} {path}", lambda: handle(asked, request.scope["user"]))
        except Refusal as refusal:
            return JSONResponse({"message": refusal.message}, refusal.status)
        except KeyError as error:
            return JSONResponse({"message": f"{error} is missing"}, 422)
        return JSONResponse(told, status) if told is not None else Response(status_code=status)

    return Route(path, endpoint, methods=[method])


def _page(asked: Asked) -> dict[str, int]:
    """Which page, in the words of the MCP tools; a page that is no number is the first."""
    texts = {ours: str(asked.get(name, "")) for name, ours in NUMBERS.items()}
    return {name: min(max(int(text), 1), 100_000) for name, text in texts.items() if text.isdecimal()}


class Comments:
    """Read, edited and deleted; no MCP tool can."""

    def __init__(self, tools: Tools) -> None:
        self.store = tools.store

    def get(self, asked: Asked, _: Identity) -> Answer:
        """One comment."""
        comment = self.store.comment(asked["id"])
        if comment is None:
            raise Refusal("get comment", NOT_FOUND, "Not Found")
        return OK, {"id": comment.id, "body": comment.body, "user": {"login": comment.author}}

    def edit(self, asked: Asked, who: Identity) -> Answer:
        """A new text."""
        self._may_change(asked, who)
        body = str(asked["body"])
        if len(body) > MAX_BODY:
            raise Refusal("edit comment", 422, f"body is too long (maximum is {MAX_BODY} characters)")
        self.store.edit_comment(asked["id"], body)
        return self.get(asked, who)

    def delete(self, asked: Asked, who: Identity) -> Answer:
        """Gone."""
        self._may_change(asked, who)
        self.store.delete_comment(asked["id"])
        return NO_CONTENT, None

    def _may_change(self, asked: Asked, who: Identity) -> None:
        self.get(asked, who)
        comment = self.store.comment(asked["id"])
        if comment is not None and comment.author != who.login:
            must_write(who, "change comment")


class Database:
    """Refs and commits, as they are."""

    def __init__(self, tools: Tools) -> None:
        self.tools, self.branches = tools, tools.branches

    def permission(self, asked: Asked, _: Identity) -> Answer:
        """What an account may do."""
        login = asked["login"]
        found = next((one for one in self.tools.site.identities if one.login == login), None)
        if found is None:
            raise Refusal("get permission", NOT_FOUND, f"{login} is not a user")
        return OK, {"permission": found.permission, "role_name": found.permission, "user": {"login": login}}

    def create_ref(self, asked: Asked, who: Identity) -> Answer:
        """A branch at a commit."""
        full = str(asked["ref"])
        if not full.startswith("refs/heads/"):
            raise Refusal("create branch", 422, "only branches are created: refs/heads/...")
        return CREATED, self.branches.created(full.removeprefix("refs/heads/"), str(asked["sha"]), who)

    def delete_ref(self, asked: Asked, who: Identity) -> Answer:
        """Of a branch."""
        self.branches.deleted(asked["branch"], who)
        return NO_CONTENT, None

    def branch(self, asked: Asked, _: Identity) -> Answer:
        """Its head, and what is required before something is merged into it."""
        name = asked["branch"]
        sha = self.tools.refs.head(name)
        if sha is None:
            raise Refusal("get branch", NOT_FOUND, "Branch not found")
        protected = name in self.tools.refs.protected
        required = {"enforcement_level": "everyone", "contexts": list(self.tools.checks.required)}
        protection = {"enabled": protected, "required_status_checks": required} if protected else {"enabled": False}
        return OK, {"name": name, "commit": {"sha": sha}, "protected": protected, "protection": protection}

    def commits(self, asked: Asked, _: Identity) -> Answer:
        """Newest first, with their parents."""
        chosen = {name: asked[name] for name in ("sha", "path", "since", "until", "author") if asked.get(name)}
        found = self.branches.commits(chosen | _page(asked))
        return OK, [self.branches.rest_json(one) for one in found]

    def commit(self, asked: Asked, _: Identity) -> Answer:
        """One, with parents and files."""
        commit = self.branches.commit(asked["sha"])
        return OK, self.branches.rest_json(commit) | detail_json(self.tools.refs.repository, commit, patches=True)


class PullRequestApi:
    """With the merged commit; merged only at the expected head."""

    def __init__(self, tools: Tools) -> None:
        self.tools, self.pulls = tools, tools.pulls

    def get(self, asked: Asked, _: Identity) -> Answer:
        """One."""
        return OK, self._json(self.pulls.pulls.get(asked["number"]))

    def list(self, asked: Asked, _: Identity) -> Answer:
        """A page of them."""
        chosen = {name: asked[name] for name in ("state", "head", "base", "sort", "direction") if asked.get(name)}
        found = paged(self.pulls.found(chosen), _page(asked))
        return OK, [self._json(pull) for pull in found]

    def merge(self, asked: Asked, who: Identity) -> Answer:
        """405 when it cannot be merged, 409 when its head is not the expected one (`sha`)."""
        method = asked.get("merge_method", "merge")
        if method not in ("merge", "squash", "rebase"):
            raise Refusal("merge pull request", 422, f"{method} is no merge method")
        told = (asked.get("commit_title", ""), asked.get("commit_message", ""), asked.get("sha", ""))
        return OK, self.pulls.merged(asked["number"], Wish(method, *map(str, told)), who)

    def check_runs(self, asked: Asked, _: Identity) -> Answer:
        """Those of a commit, with the reason."""
        runs = [
            self.pulls.run_json(run) | {"output": {"title": run.name, "summary": run.summary}}
            for run in self.pulls.pulls.store.checks_of(asked["sha"])
        ]
        return OK, {"total_count": len(runs), "check_runs": runs}

    def _json(self, pull: PullRow) -> dict[str, object]:
        return self.pulls.as_json(pull) | {"merge_commit_sha": pull.merge_sha}
