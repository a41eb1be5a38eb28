"""The forge's HTTP side: MCP at `/mcp`, a little of GitHub's REST for comments, Git at `/OWNER/NAME.git`."""

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from jsonschema import Draft202012Validator
from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sre_space.embedded.forge.git_http import git_route
from sre_space.embedded.forge.identities import Identity
from sre_space.embedded.forge.schemas import SCHEMAS
from sre_space.embedded.forge.tools import FileContent, ToolError, Tools, as_text

VALIDATORS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}


class Authenticated:
    """Every request carries a token that the identities file knows, or is answered 401."""

    def __init__(self, app: ASGIApp, identities: tuple[Identity, ...]) -> None:
        self.app, self.identities = app, {one.token: one for one in identities}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set `scope["user"]` and pass on."""
        if scope["type"] == "http":
            who = self.identities.get(_token(dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")))
            if who is None:
                told = {"message": "Bad credentials: send `Authorization: Bearer` with a token of this forge"}
                refusal = JSONResponse(told, 401, {"WWW-Authenticate": 'Basic realm="sre-space"'})
                return await refusal(scope, receive, send)
            scope["user"] = who
        return await self.app(scope, receive, send)


def _token(header: str) -> str:
    """Bearer, or the password of Basic (what git sends)."""
    kind, _, value = header.partition(" ")
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[2]
        except ValueError:
            return ""
    return value if kind.lower() in ("bearer", "token") else ""


def app(tools: Tools, identities: tuple[Identity, ...]) -> Starlette:
    """The whole forge."""
    server: Server[Any] = Server(
        "sre-space-forge", version="1", on_list_tools=_list_tools, on_call_tool=_call_tool(tools)
    )
    repository = f"/repos/{tools.owner}/{tools.repo}"
    routes = [
        Route(f"{repository}/issues/comments/{{id:int}}", _comment(tools), methods=["GET", "PATCH", "DELETE"]),
        Route(f"{repository}/collaborators/{{login}}/permission", _permission(identities)),
        git_route(tools.repository.path, f"/{tools.owner}/{tools.repo}.git"),
    ]
    mcp_app = server.streamable_http_app(json_response=True, stateless_http=True, custom_starlette_routes=routes)
    mcp_app.add_middleware(Authenticated, identities=identities)
    return mcp_app


async def _list_tools(_: ServerRequestContext[Any], __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    listed = [types.Tool(name=name, input_schema=schema) for name, schema in SCHEMAS.items()]
    return types.ListToolsResult(tools=listed)


def _call_tool(
    tools: Tools,
) -> Callable[[ServerRequestContext[Any], types.CallToolRequestParams], Awaitable[types.CallToolResult]]:
    async def call(context: ServerRequestContext[Any], params: types.CallToolRequestParams) -> types.CallToolResult:
        validator = VALIDATORS.get(params.name)
        if validator is None:
            raise MCPError(types.INVALID_PARAMS, f"unknown tool: {params.name}")
        arguments = params.arguments or {}
        invalid = next(iter(validator.iter_errors(arguments)), None)
        if invalid is not None:
            return _error(f"invalid arguments for {params.name}: {invalid.json_path}: {invalid.message}")
        assert context.request is not None
        try:
            result = tools.call(params.name, arguments, context.request.scope["user"])
        except ToolError as error:
            return _error(str(error))
        return types.CallToolResult(content=_content(result))

    return call


def _content(result: object) -> list[types.ContentBlock]:
    if not isinstance(result, FileContent):
        return [types.TextContent(type="text", text=as_text(result))]
    said = types.TextContent(type="text", text=f"successfully downloaded text file (SHA: {result.sha})")
    try:
        resource: types.TextResourceContents | types.BlobResourceContents = types.TextResourceContents(
            uri=result.uri, mime_type="text/plain; charset=utf-8", text=result.data.decode()
        )
    except UnicodeDecodeError:
        blob = base64.b64encode(result.data).decode()
        resource = types.BlobResourceContents(uri=result.uri, mime_type="application/octet-stream", blob=blob)
    return [said, types.EmbeddedResource(type="resource", resource=resource)]


def _error(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)


def _comment(tools: Tools) -> Callable[[Request], Awaitable[Response]]:
    """Comments can be read, edited and deleted as GitHub's REST does it; no MCP tool can."""

    async def endpoint(request: Request) -> Response:
        comment = tools.store.comment(request.path_params["id"])
        who: Identity = request.scope["user"]
        if comment is None:
            return JSONResponse({"message": "Not Found"}, 404)
        if request.method != "GET" and not (who.may("write") or who.login == comment.author):
            return JSONResponse({"message": "Must have write access to the repository"}, 403)
        if request.method == "DELETE":
            tools.store.delete_comment(comment.id)
            return Response(status_code=204)
        if request.method == "PATCH":
            try:
                body = json.loads(await request.body())["body"]
            except (ValueError, KeyError, TypeError):
                return JSONResponse({"message": "Problems parsing JSON: an object with `body` is wanted"}, 400)
            tools.store.edit_comment(comment.id, str(body))
        found = tools.store.comment(comment.id)
        return JSONResponse({"id": comment.id, "body": found.body if found else "", "user": {"login": comment.author}})

    return endpoint


def _permission(identities: tuple[Identity, ...]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        login = request.path_params["login"]
        found = next((one for one in identities if one.login == login), None)
        if found is None:
            return JSONResponse({"message": f"{login} is not a user"}, 404)
        return JSONResponse({"permission": found.permission, "role_name": found.permission, "user": {"login": login}})

    return endpoint
