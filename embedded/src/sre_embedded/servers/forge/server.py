"""The forge's HTTP side: MCP at `/mcp`, parts of GitHub's REST under `/repos`, Git at `/OWNER/NAME.git`."""

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from jsonschema import Draft202012Validator
from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sre_embedded.servers.forge.answers import FileContent, ToolError, as_text
from sre_embedded.servers.forge.git_http import git_route
from sre_embedded.servers.forge.rest import rest_routes
from sre_embedded.servers.forge.schemas import SCHEMAS
from sre_embedded.servers.forge.tools import Tools
from sre_space.identities import Identity

VALIDATORS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}


class Authenticated:
    """Middleware that answers 401 to every request without a token of the identities file."""

    def __init__(self, app: ASGIApp, identities: tuple[Identity, ...]) -> None:
        self.app, self.identities = app, {identity.token: identity for identity in identities}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set `scope["user"]` and pass the request on."""
        if scope["type"] == "http":
            caller = self.identities.get(_token(dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")))
            if caller is None:
                body = {"message": "Bad credentials: send `Authorization: Bearer` with a token of this forge"}
                refusal = JSONResponse(body, 401, {"WWW-Authenticate": 'Basic realm="sre-space"'})
                return await refusal(scope, receive, send)
            scope["user"] = caller
        return await self.app(scope, receive, send)


def _token(header: str) -> str:
    """Return the token of a Bearer header, or the password of a Basic one (which git sends)."""
    kind, _, value = header.partition(" ")
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[2]
        except ValueError:
            return ""
    return value if kind.lower() in ("bearer", "token") else ""


def app(tools: Tools, identities: tuple[Identity, ...]) -> Starlette:
    """Return the ASGI application of the forge."""
    server: Server[Any] = Server(
        "sre-space-forge", version="1", on_list_tools=_list_tools, on_call_tool=_call_tool(tools)
    )
    site = tools.site
    routes = [
        *rest_routes(tools, f"/repos/{site.owner}/{site.repo}"),
        git_route(tools.refs, f"/{site.owner}/{site.repo}.git"),
    ]
    mcp_app = server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        custom_starlette_routes=routes,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # `listening` checks
    )
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
    text = types.TextContent(type="text", text=f"successfully downloaded text file (SHA: {result.sha})")
    try:
        resource: types.TextResourceContents | types.BlobResourceContents = types.TextResourceContents(
            uri=result.uri, mime_type="text/plain; charset=utf-8", text=result.data.decode()
        )
    except UnicodeDecodeError:
        blob = base64.b64encode(result.data).decode()
        resource = types.BlobResourceContents(uri=result.uri, mime_type="application/octet-stream", blob=blob)
    return [text, types.EmbeddedResource(type="resource", resource=resource)]


def _error(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)
