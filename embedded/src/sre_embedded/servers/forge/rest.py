"""GitHub's REST where its MCP server offers less: expected heads, parents of commits, deleted branches, comments."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sre_embedded.servers.forge.answers import Refusal, page_of, require_write
from sre_embedded.servers.forge.history import detail_json
from sre_embedded.servers.forge.issues import MAX_BODY
from sre_embedded.servers.forge.merges import MergeOptions
from sre_embedded.servers.forge.pull_store import PullRow
from sre_embedded.servers.forge.tools import Tools
from sre_space.identities import Identity

Parameters = Mapping[str, Any]  # path parameters, query and JSON body, by name
Answer = tuple[int, object]  # status, and the content of the JSON body (None: no body)
OK, CREATED, NO_CONTENT, BAD_REQUEST, NOT_FOUND = 200, 201, 204, 400, 404
NUMBERS = {"per_page": "perPage", "page": "page"}


def rest_routes(tools: Tools, repository: str) -> list[Route]:
    """Return the routes under `/repos/OWNER/NAME`, with GitHub's paths (docs.github.com/rest)."""
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


def _route(tools: Tools, path: str, method: str, handle: Callable[[Parameters, Identity], Answer]) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            body = json.loads(await request.body() or b"{}")
            parameters = {**request.query_params, **body, **request.path_params}
        except (ValueError, TypeError, RecursionError):
            return JSONResponse({"message": "Problems parsing JSON: an object is wanted"}, BAD_REQUEST)
        try:
            status, content = tools.guarded(f"{method} {path}", lambda: handle(parameters, request.scope["user"]))
        except Refusal as refusal:
            return JSONResponse({"message": refusal.message}, refusal.status)
        except KeyError as error:
            return JSONResponse({"message": f"{error} is missing"}, 422)
        return JSONResponse(content, status) if content is not None else Response(status_code=status)

    return Route(path, endpoint, methods=[method])


def _page(parameters: Parameters) -> dict[str, int]:
    """Return the requested page in the arguments of the MCP tools; anything but digits is ignored."""
    texts = {argument: str(parameters.get(name, "")) for name, argument in NUMBERS.items()}
    return {name: min(max(int(text), 1), 100_000) for name, text in texts.items() if text.isdecimal()}


class Comments:
    """Reading, editing and deleting single comments, for which there is no MCP tool."""

    def __init__(self, tools: Tools) -> None:
        self.store = tools.store

    def get(self, parameters: Parameters, _: Identity) -> Answer:
        """Return one comment; `Refusal` 404 when there is none."""
        comment = self.store.comment(parameters["id"])
        if comment is None:
            raise Refusal("get comment", NOT_FOUND, "Not Found")
        return OK, {"id": comment.id, "body": comment.body, "user": {"login": comment.author}}

    def edit(self, parameters: Parameters, caller: Identity) -> Answer:
        """Replace the text of a comment."""
        self._require_author_or_writer(parameters, caller)
        body = str(parameters["body"])
        if len(body) > MAX_BODY:
            raise Refusal("edit comment", 422, f"body is too long (maximum is {MAX_BODY} characters)")
        self.store.edit_comment(parameters["id"], body)
        return self.get(parameters, caller)

    def delete(self, parameters: Parameters, caller: Identity) -> Answer:
        """Delete a comment."""
        self._require_author_or_writer(parameters, caller)
        self.store.delete_comment(parameters["id"])
        return NO_CONTENT, None

    def _require_author_or_writer(self, parameters: Parameters, caller: Identity) -> None:
        self.get(parameters, caller)
        comment = self.store.comment(parameters["id"])
        if comment is not None and comment.author != caller.login:
            require_write(caller, "change comment")


class Database:
    """Refs and commits as GitHub's Git database shows them, and the permission of an account."""

    def __init__(self, tools: Tools) -> None:
        self.tools, self.branches = tools, tools.branches

    def permission(self, parameters: Parameters, _: Identity) -> Answer:
        """Return the permission of an account; `Refusal` 404 when there is no such account."""
        login = parameters["login"]
        identity = next((identity for identity in self.tools.site.identities if identity.login == login), None)
        if identity is None:
            raise Refusal("get permission", NOT_FOUND, f"{login} is not a user")
        return OK, {"permission": identity.permission, "role_name": identity.permission, "user": {"login": login}}

    def create_ref(self, parameters: Parameters, caller: Identity) -> Answer:
        """Create a branch at a commit."""
        full = str(parameters["ref"])
        if not full.startswith("refs/heads/"):
            raise Refusal("create branch", 422, "only branches are created: refs/heads/...")
        return CREATED, self.branches.create_at(full.removeprefix("refs/heads/"), str(parameters["sha"]), caller)

    def delete_ref(self, parameters: Parameters, caller: Identity) -> Answer:
        """Delete a branch."""
        self.branches.delete(parameters["branch"], caller)
        return NO_CONTENT, None

    def branch(self, parameters: Parameters, _: Identity) -> Answer:
        """Return a branch's head, and the checks that a merge into it requires."""
        name = parameters["branch"]
        sha = self.tools.refs.head(name)
        if sha is None:
            raise Refusal("get branch", NOT_FOUND, "Branch not found")
        protected = name in self.tools.refs.protected
        required = {"enforcement_level": "everyone", "contexts": list(self.tools.checks.rules.required)}
        protection = {"enabled": protected, "required_status_checks": required} if protected else {"enabled": False}
        return OK, {"name": name, "commit": {"sha": sha}, "protected": protected, "protection": protection}

    def commits(self, parameters: Parameters, _: Identity) -> Answer:
        """Return a page of commits with their parents, newest first."""
        chosen = {
            name: parameters[name] for name in ("sha", "path", "since", "until", "author") if parameters.get(name)
        }
        page = self.branches.commits(chosen | _page(parameters))
        return OK, [self.branches.rest_json(commit) for commit in page]

    def commit(self, parameters: Parameters, _: Identity) -> Answer:
        """Return one commit with its parents and files."""
        commit = self.branches.commit(parameters["sha"])
        return OK, self.branches.rest_json(commit) | detail_json(self.tools.refs.repository, commit, patches=True)


class PullRequestApi:
    """Pull requests with their merge commit, and merges that require the expected head."""

    def __init__(self, tools: Tools) -> None:
        self.tools, self.pulls = tools, tools.pulls

    def get(self, parameters: Parameters, _: Identity) -> Answer:
        """Return one pull request."""
        return OK, self._json(self.pulls.pulls.get(parameters["number"]))

    def list(self, parameters: Parameters, _: Identity) -> Answer:
        """Return a page of the pull requests."""
        chosen = {
            name: parameters[name] for name in ("state", "head", "base", "sort", "direction") if parameters.get(name)
        }
        page = page_of(self.pulls.select(chosen), _page(parameters))
        return OK, [self._json(pull) for pull in page]

    def merge(self, parameters: Parameters, caller: Identity) -> Answer:
        """Merge; `Refusal` 405 when that is not possible, 409 when the head is not the expected one (`sha`)."""
        method = parameters.get("merge_method", "merge")
        if method not in ("merge", "squash", "rebase"):
            raise Refusal("merge pull request", 422, f"{method} is no merge method")
        texts = (parameters.get("commit_title", ""), parameters.get("commit_message", ""), parameters.get("sha", ""))
        return OK, self.pulls.merge(parameters["number"], MergeOptions(method, *map(str, texts)), caller)

    def check_runs(self, parameters: Parameters, _: Identity) -> Answer:
        """Return the check runs of a commit, with their summaries."""
        runs = [
            self.pulls.run_json(run) | {"output": {"title": run.name, "summary": run.summary}}
            for run in self.pulls.pulls.store.checks_of(parameters["sha"])
        ]
        return OK, {"total_count": len(runs), "check_runs": runs}

    def _json(self, pull: PullRow) -> dict[str, object]:
        return self.pulls.as_json(pull) | {"merge_commit_sha": pull.merge_sha}
