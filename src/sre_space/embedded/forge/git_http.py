"""Git over HTTP by git's own `http-backend` (git-http-backend(1)), so that a person can clone the desired state."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sre_space.embedded.forge.identities import Identity

NO_GIT = "git is not installed on this machine: the repository cannot be cloned over HTTP"


def git_route(repository: str, prefix: str) -> Route:
    """Clone for everybody with a token, push for those who may write."""
    return Route(prefix + "/{path:path}", _endpoint(Path(repository)), methods=["GET", "POST"])


def _endpoint(repository: Path) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        git = shutil.which("git")
        if git is None:
            return PlainTextResponse(NO_GIT, 501)
        who: Identity = request.scope["user"]
        pushes = "git-receive-pack" in (request.path_params["path"], request.query_params.get("service"))
        if pushes and not who.may("write"):
            return PlainTextResponse("pushing needs write permission", 403)
        body = await request.body()
        environment = _environment(request, repository, who, len(body))
        process = await asyncio.create_subprocess_exec(
            git, "http-backend", env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate(body)
        return _response(out)

    return endpoint


def _environment(request: Request, repository: Path, who: Identity, size: int) -> dict[str, str]:
    """The CGI variables (RFC 3875) that http-backend reads; nothing else of ours but the path."""
    headers = request.headers
    return {
        "PATH": os.environ.get("PATH", ""),
        "GIT_PROJECT_ROOT": str(repository),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "http.receivepack",
        "GIT_CONFIG_VALUE_0": "true" if who.may("write") else "false",
        "GIT_CONFIG_KEY_1": "safe.directory",
        "GIT_CONFIG_VALUE_1": "*",
        "PATH_INFO": "/" + request.path_params["path"],
        "QUERY_STRING": request.url.query,
        "REQUEST_METHOD": request.method,
        "REMOTE_USER": who.login,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(size),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "HTTP_GIT_PROTOCOL": headers.get("git-protocol", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
    }


def _response(out: bytes) -> Response:
    head, _, body = out.partition(b"\r\n\r\n")
    lines = (line.decode("latin-1").partition(":") for line in head.splitlines())
    headers = {key.strip(): value.strip() for key, _, value in lines}
    status = int(headers.pop("Status", "200").split()[0])
    return Response(body, status, headers)
